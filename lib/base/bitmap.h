// SPDX-License-Identifier: MIT
//
// A set of small numbers as bits in words that the caller owns. `count` is always the number of
// bits that the set may hold; bits of the last word beyond it are never read as free. Indices must
// be below count, ranges within it (base/checked.h's range_within): that is the caller's to check.
// Takes no lock.
#ifndef CAPOS_BASE_BITMAP_H
#define CAPOS_BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BITMAP_WORD_BITS = 64 };

// Words that `count` bits need, as a constant expression for array sizes.
#define BITMAP_WORDS(count) (((count) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline bool bitmap_test(const uint64_t *words, size_t index) {
    return (words[index / BITMAP_WORD_BITS] >> (index % BITMAP_WORD_BITS) & 1) != 0;
}

static inline void bitmap_set(uint64_t *words, size_t index) {
    words[index / BITMAP_WORD_BITS] |= UINT64_C(1) << (index % BITMAP_WORD_BITS);
}

static inline void bitmap_clear(uint64_t *words, size_t index) {
    words[index / BITMAP_WORD_BITS] &= ~(UINT64_C(1) << (index % BITMAP_WORD_BITS));
}

// Clears all words of a set of `count` bits.
void bitmap_init(uint64_t *words, size_t count);

void bitmap_set_range(uint64_t *words, size_t first, size_t size);
void bitmap_clear_range(uint64_t *words, size_t first, size_t size);

// Is none of the range's bits set? All of them? True for an empty range.
bool bitmap_range_is_clear(const uint64_t *words, size_t first, size_t size);
bool bitmap_range_is_set(const uint64_t *words, size_t first, size_t size);

// The lowest clear (or set) bit at or after `from`, or `count` when there is none. Looks at a word
// at a time.
size_t bitmap_find_clear(const uint64_t *words, size_t count, size_t from);
size_t bitmap_find_set(const uint64_t *words, size_t count, size_t from);

// The lowest `size` clear bits in a row at or after `from`, the first of them a multiple of
// `alignment` (a power of two): its index, or `count` when there are none. size must not be 0.
size_t bitmap_find_clear_range(const uint64_t *words, size_t count, size_t from, size_t size,
                               size_t alignment);

// How many bits are set.
size_t bitmap_population(const uint64_t *words, size_t count);

#endif
