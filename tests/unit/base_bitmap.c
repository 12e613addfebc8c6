// SPDX-License-Identifier: MIT
//
// base/bitmap.h against an array with one bool per bit. Sizes are around whole words, and the words
// come from the heap, so that reading one too many is seen.
#include "base/bitmap.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

enum { SIZES = 60, STEPS = 600, LARGEST = 300 };

struct pair {
    uint64_t *words;
    bool bit[LARGEST];
    size_t count;
};

static struct pair pair_create(struct harness_random *random) {
    struct pair p = {.count = 1 + harness_random_below(random, LARGEST)};

    p.words = malloc(BITMAP_WORDS(p.count) * sizeof *p.words);
    ck_assert_ptr_nonnull(p.words);
    memset(p.words, 0xa5, BITMAP_WORDS(p.count) * sizeof *p.words);
    bitmap_init(p.words, p.count);
    return p;
}

static size_t find(const struct pair *p, size_t from, bool wanted) {
    while (from < p->count && p->bit[from] != wanted)
        from++;
    return from < p->count ? from : p->count;
}

static bool range_is(const struct pair *p, size_t first, size_t size, bool wanted) {
    for (size_t i = first; i < first + size; i++)
        if (p->bit[i] != wanted)
            return false;
    return true;
}

static size_t find_range(const struct pair *p, size_t from, size_t size, size_t alignment) {
    for (size_t first = from; first < p->count && size <= p->count - first; first++)
        if (first % alignment == 0 && range_is(p, first, size, false))
            return first;
    return p->count;
}

static void compare(const struct pair *p, struct harness_random *random) {
    size_t population = 0;
    size_t first = harness_random_below(random, p->count);
    size_t size = harness_random_below(random, p->count - first + 1);
    size_t wanted = 1 + harness_random_below(random, 20);
    size_t alignment = (size_t)1 << harness_random_below(random, 5);

    for (size_t i = 0; i < p->count; i++) {
        if (bitmap_test(p->words, i) != p->bit[i]) // an assertion is too slow for each bit
            ck_abort_msg("bit %zu of %zu is wrong", i, p->count);
        population += p->bit[i];
    }
    ck_assert_uint_eq(bitmap_population(p->words, p->count), population);
    ck_assert_uint_eq(bitmap_find_clear(p->words, p->count, first), find(p, first, false));
    ck_assert_uint_eq(bitmap_find_set(p->words, p->count, first), find(p, first, true));
    ck_assert_int_eq(bitmap_range_is_clear(p->words, first, size), range_is(p, first, size, false));
    ck_assert_int_eq(bitmap_range_is_set(p->words, first, size), range_is(p, first, size, true));
    ck_assert_uint_eq(bitmap_find_clear_range(p->words, p->count, first, wanted, alignment),
                      find_range(p, first, wanted, alignment));
}

static void change(struct pair *p, struct harness_random *random) {
    size_t first = harness_random_below(random, p->count);
    size_t size = harness_random_below(random, p->count - first + 1);
    bool value = harness_random_below(random, 2) == 0;

    if (harness_random_below(random, 2) == 0) {
        size = 1;
        if (value)
            bitmap_set(p->words, first);
        else
            bitmap_clear(p->words, first);
    } else if (value) {
        bitmap_set_range(p->words, first, size);
    } else {
        bitmap_clear_range(p->words, first, size);
    }
    for (size_t i = first; i < first + size; i++)
        p->bit[i] = value;
}

START_TEST(does_what_bools_do) {
    struct harness_random random = harness_random_start();

    for (int i = 0; i < SIZES; i++) {
        struct pair p = pair_create(&random);

        for (int step = 0; step < STEPS; step++) {
            change(&p, &random);
            compare(&p, &random);
        }
        free(p.words);
    }
}
END_TEST

START_TEST(full_and_beyond) {
    uint64_t words[2] = {UINT64_MAX, 0x3f};

    ck_assert_uint_eq(bitmap_find_clear(words, 70, 0), 70); // bits 70 to 127 are clear but not ours
    ck_assert_uint_eq(bitmap_find_clear(words, 71, 0), 70);
    ck_assert_uint_eq(bitmap_find_clear(words, 70, 500), 70);
    ck_assert_uint_eq(bitmap_find_clear_range(words, 72, 0, 2, 1), 70);
    ck_assert_uint_eq(bitmap_find_clear_range(words, 72, 0, 3, 1), 72);
    ck_assert_uint_eq(bitmap_find_clear_range(words, 72, 0, SIZE_MAX, 1), 72);
    ck_assert_uint_eq(BITMAP_WORDS(0), 0);
    ck_assert_uint_eq(BITMAP_WORDS(64), 1);
    ck_assert_uint_eq(BITMAP_WORDS(65), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/bitmap");

    harness_add(suite, "model", does_what_bools_do);
    harness_add(suite, "full", full_and_beyond);
    return harness_run(suite);
}
