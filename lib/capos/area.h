// SPDX-License-Identifier: MIT
//
// Who uses which part of a ring's message area. The area is cut into units of 64 bytes; a bitmap
// outside of it says which are taken. The lowest run that fits is taken, so the same calls always
// get the same offsets. Offsets count from the ring's beginning, as SQEs name them.
#ifndef CAPOS_LIB_AREA_H
#define CAPOS_LIB_AREA_H

#include "base/attributes.h"
#include "base/bitmap.h"

#include <capos/limits.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    AREA_UNIT = 64,
    AREA_UNITS_MAX = CAPOS_RING_PAGES_MAX * CAPOS_PAGE_SIZE / AREA_UNIT,
};

struct area {
    uint32_t begin; // offset of the first unit
    uint32_t units;
    uint64_t taken[BITMAP_WORDS(AREA_UNITS_MAX)];
};

// A part that is taken: `bytes` is what may be used, a multiple of 8. {0, 0} is none.
struct area_span {
    uint32_t offset;
    uint32_t bytes;
};

// Everything from begin to end is free. Both are multiples of 8.
void area_init(struct area *area, uint32_t begin, uint32_t end);

// Takes `bytes`, rounded up to units. 0 bytes take nothing and succeed. False when no run of free
// units is long enough.
must_use bool area_take(struct area *area, uint32_t bytes, struct area_span *span);

// The same, but content with less: at least `least`, as near to `bytes` as halving comes.
must_use bool area_take_some(struct area *area, uint32_t bytes, uint32_t least,
                             struct area_span *span);

// Gives back what lies beyond the first `bytes` of the span.
void area_trim(struct area *area, struct area_span *span, uint32_t bytes);

// Gives the span back and empties it.
void area_give(struct area *area, struct area_span *span);

// Bytes that are not taken.
uint32_t area_free(const struct area *area);

#endif
