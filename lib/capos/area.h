// SPDX-License-Identifier: MIT
//
// Who uses which part of a ring's message area. The area is cut into units of 64 bytes; a bitmap
// outside of it says which are taken. The lowest run that fits is taken, so the same calls always
// get the same offsets. Small spans that are given back are kept by size for the next that asks,
// until something larger needs their room. Offsets count from the ring's beginning, as SQEs name
// them.
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
    AREA_SMALL = 6, // units of the largest span that is kept
    AREA_KEPT = 64, // of each size
};

struct area {
    uint32_t begin; // offset of the first unit
    uint32_t units;
    uint8_t kept_count[AREA_SMALL + 1];           // by units
    uint32_t kept[AREA_SMALL + 1][AREA_KEPT];     // offsets of spans that nobody uses
    uint64_t taken[BITMAP_WORDS(AREA_UNITS_MAX)]; // or kept
};

// A part that is taken: `bytes` is what may be used, a multiple of 8. {0, 0} is none.
struct area_span {
    uint32_t offset;
    uint32_t bytes;
};

// Everything from begin to end is free. Both are multiples of 8.
void area_init(struct area *area, uint32_t begin, uint32_t end);

// area_take and area_give, when nothing of that size is kept or can be.
must_use bool area_take_slowly(struct area *area, uint32_t bytes, struct area_span *span);
void area_give_slowly(struct area *area, struct area_span *span);

// Takes `bytes`, rounded up to units. 0 bytes take nothing and succeed. False when no run of free
// units is long enough.
must_use static inline bool area_take(struct area *area, uint32_t bytes, struct area_span *span) {
    uint64_t units = ((uint64_t)bytes + AREA_UNIT - 1) / AREA_UNIT;

    if (units > AREA_SMALL || area->kept_count[units] == 0)
        return area_take_slowly(area, bytes, span);
    span->offset = area->kept[units][--area->kept_count[units]];
    span->bytes = (uint32_t)units * AREA_UNIT;
    return true;
}

// Gives the span back and empties it.
static inline void area_give(struct area *area, struct area_span *span) {
    uint32_t units = span->bytes / AREA_UNIT;

    if (units - 1 < AREA_SMALL && area->kept_count[units] < AREA_KEPT) {
        area->kept[units][area->kept_count[units]++] = span->offset;
        *span = (struct area_span){0, 0};
    } else {
        area_give_slowly(area, span);
    }
}

// The same, but content with less: at least `least`, as near to `bytes` as halving comes.
must_use bool area_take_some(struct area *area, uint32_t bytes, uint32_t least,
                             struct area_span *span);

// Gives back what lies beyond the first `bytes` of the span, which it has.
void area_cut(struct area *area, struct area_span *span, uint32_t bytes);

static inline void area_trim(struct area *area, struct area_span *span, uint32_t bytes) {
    if (span->bytes - bytes >= AREA_UNIT)
        area_cut(area, span, bytes);
}

// Bytes that are not taken.
uint32_t area_free(const struct area *area);

#endif
