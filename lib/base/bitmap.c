// SPDX-License-Identifier: MIT
//
// Bitmaps: see base/bitmap.h. Everything on ranges goes through `step`, which cuts a range into
// pieces that lie in one word each.
#include "base/bitmap.h"

#include "base/bits.h"
#include "base/checked.h"

// The bits of the word that holds `first` which belong to first[0..size); how many they are in
// *taken.
static uint64_t step(size_t first, size_t size, size_t *taken) {
    unsigned shift = (unsigned)(first % BITMAP_WORD_BITS);

    *taken = min_size(size, BITMAP_WORD_BITS - shift);
    return low_mask((unsigned)*taken) << shift;
}

void bitmap_init(uint64_t *words, size_t count) {
    for (size_t i = 0; i < BITMAP_WORDS(count); i++)
        words[i] = 0;
}

void bitmap_set_range(uint64_t *words, size_t first, size_t size) {
    size_t taken;

    for (; size > 0; first += taken, size -= taken)
        words[first / BITMAP_WORD_BITS] |= step(first, size, &taken);
}

void bitmap_clear_range(uint64_t *words, size_t first, size_t size) {
    size_t taken;

    for (; size > 0; first += taken, size -= taken)
        words[first / BITMAP_WORD_BITS] &= ~step(first, size, &taken);
}

// Are all bits of the range equal to those of `value`, which is all zeros or all ones?
static bool range_equals(const uint64_t *words, size_t first, size_t size, uint64_t value) {
    size_t taken;

    for (; size > 0; first += taken, size -= taken)
        if (((words[first / BITMAP_WORD_BITS] ^ value) & step(first, size, &taken)) != 0)
            return false;
    return true;
}

bool bitmap_range_is_clear(const uint64_t *words, size_t first, size_t size) {
    return range_equals(words, first, size, 0);
}

bool bitmap_range_is_set(const uint64_t *words, size_t first, size_t size) {
    return range_equals(words, first, size, UINT64_MAX);
}

// The lowest bit at or after `from` that is one after flipping with `flip`, or `count`.
static size_t find(const uint64_t *words, size_t count, size_t from, uint64_t flip) {
    size_t taken;

    for (; from < count; from += taken) {
        uint64_t mask = step(from, count - from, &taken);
        uint64_t found = (words[from / BITMAP_WORD_BITS] ^ flip) & mask;

        if (found != 0)
            return align_down(from, BITMAP_WORD_BITS) + lowest_bit(found);
    }
    return count;
}

size_t bitmap_find_clear(const uint64_t *words, size_t count, size_t from) {
    return find(words, count, from, UINT64_MAX);
}

size_t bitmap_find_set(const uint64_t *words, size_t count, size_t from) {
    return find(words, count, from, 0);
}

size_t bitmap_find_clear_range(const uint64_t *words, size_t count, size_t from, size_t size,
                               size_t alignment) {
    for (;;) {
        uint64_t first;
        size_t end;

        if (!checked_align_up(bitmap_find_clear(words, count, from), alignment, &first) ||
            !range_within(first, size, count))
            return count;
        end = bitmap_find_set(words, first + size, first);
        if (end == first + size)
            return first;
        from = end + 1;
    }
}

size_t bitmap_population(const uint64_t *words, size_t count) {
    size_t population = 0;
    size_t taken;

    for (size_t first = 0; first < count; first += taken)
        population +=
            count_bits(words[first / BITMAP_WORD_BITS] & step(first, count - first, &taken));
    return population;
}
