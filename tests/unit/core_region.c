// SPDX-License-Identifier: MIT
//
// kernel/core/region: searches agree with a map of pages, gaps keep their distance, what makes no
// sense is refused. Memory for the array is the test's own.
#include "core/region.h"

#include "machine/space.h"
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES = 400, ROOM = 200, PAGE = 4096 };

static const uint64_t base = REGION_AREA_START;
static struct region array[ROOM];
static struct regions regions;

static void setup(void) {
    regions = (struct regions){.array = array, .room = ROOM};
}

static void add(uint64_t first, uint64_t pages) {
    struct region region = {.start = base + first * PAGE, .pages = pages};

    regions_add(&regions, &region);
}

START_TEST(an_empty_space_is_all_free) {
    uint64_t at;

    ck_assert_ptr_null(regions_find(&regions, base, 1));
    ck_assert(regions_are_clear(&regions, MACHINE_USER_START, 1));
    ck_assert(regions_find_gap(&regions, 1, &at));
    ck_assert_uint_eq(at, REGION_AREA_START);
    ck_assert(regions_are_sound(&regions));
}
END_TEST

START_TEST(the_largest_gap_is_the_whole_area) {
    uint64_t pages = (REGION_AREA_END - REGION_AREA_START) / PAGE, at;

    ck_assert(regions_find_gap(&regions, pages, &at));
    ck_assert(!regions_find_gap(&regions, pages + 1, &at));
    ck_assert(!regions_find_gap(&regions, UINT64_MAX / PAGE, &at));
    ck_assert(!regions_find_gap(&regions, UINT64_MAX, &at));
    add(0, 1);
    ck_assert(!regions_find_gap(&regions, pages - 1, &at));
    ck_assert(regions_find_gap(&regions, pages - 2, &at));
    ck_assert_uint_eq(at, base + 2 * PAGE);
}
END_TEST

START_TEST(a_gap_has_a_page_on_each_side) {
    uint64_t at;

    add(0, 4);
    add(8, 2); // pages 4 to 7 are free
    ck_assert(regions_find_gap(&regions, 2, &at));
    ck_assert_uint_eq(at, base + 5 * PAGE);
    ck_assert(regions_find_gap(&regions, 3, &at));
    ck_assert_uint_eq(at, base + 11 * PAGE);
}
END_TEST

START_TEST(a_region_across_the_areas_start_is_seen) {
    struct region program = {.start = base - 2 * PAGE, .pages = 5};
    uint64_t at;

    regions_add(&regions, &program);
    ck_assert(regions_find_gap(&regions, 1, &at));
    ck_assert_uint_eq(at, base + 4 * PAGE);
}
END_TEST

START_TEST(a_range_must_lie_in_one_region) {
    add(2, 3);
    add(5, 3);
    ck_assert_ptr_nonnull(regions_find(&regions, base + 2 * PAGE, 3));
    ck_assert_ptr_null(regions_find(&regions, base + 2 * PAGE, 4));
    ck_assert_ptr_null(regions_find(&regions, base + 1 * PAGE, 2));
    ck_assert_ptr_null(regions_find(&regions, base + 7 * PAGE, UINT64_MAX / PAGE));
    ck_assert_uint_eq(regions_find(&regions, base + 7 * PAGE, 1)->start, base + 5 * PAGE);
}
END_TEST

START_TEST(unsound_arrays_are_noticed) {
    add(1, 2);
    add(5, 2);
    ck_assert(regions_are_sound(&regions));
    array[0].pages = 5;
    ck_assert(!regions_are_sound(&regions));
    array[0].pages = 0;
    ck_assert(!regions_are_sound(&regions));
    array[0].pages = UINT64_MAX / PAGE;
    ck_assert(!regions_are_sound(&regions));
}
END_TEST

// owner[i]: number of the region that holds page i, or 0.
static void assert_agrees(const uint16_t owner[PAGES], struct harness_random *random) {
    for (uint64_t first = 0; first < PAGES; first++) {
        uint64_t pages = 1 + harness_random_below(random, 6), same = 0, none = 0;
        uint64_t last = first + pages > PAGES ? PAGES : first + pages;
        struct region *found = regions_find(&regions, base + first * PAGE, last - first);

        for (uint64_t i = first; i < last; i++) {
            same += owner[i] != 0 && owner[i] == owner[first];
            none += owner[i] == 0;
        }
        ck_assert_int_eq(found != NULL, same == last - first);
        ck_assert_int_eq(regions_are_clear(&regions, base + first * PAGE, last - first),
                         none == last - first);
    }
}

START_TEST(random_walk) {
    struct harness_random random = harness_random_start();
    uint16_t owner[PAGES] = {0}, next = 1;

    for (int step = 0; step < 2000; step++) {
        uint64_t first = harness_random_below(&random, PAGES - 8);
        uint64_t pages = 1 + harness_random_below(&random, 8);
        struct region *old = regions_find(&regions, base + first * PAGE, 1);

        if (old != NULL) {
            uint64_t at = (old->start - base) / PAGE;

            memset(&owner[at], 0, old->pages * sizeof owner[0]);
            regions_remove(&regions, old);
        } else if (regions_are_clear(&regions, base + first * PAGE, pages)) {
            add(first, pages);
            for (uint64_t i = 0; i < pages; i++)
                owner[first + i] = next;
            next++;
        }
        ck_assert(regions_are_sound(&regions));
        if (step % 20 == 0)
            assert_agrees(owner, &random);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/region");
    TCase *tcase = tcase_create("region");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, an_empty_space_is_all_free);
    tcase_add_test(tcase, the_largest_gap_is_the_whole_area);
    tcase_add_test(tcase, a_gap_has_a_page_on_each_side);
    tcase_add_test(tcase, a_region_across_the_areas_start_is_seen);
    tcase_add_test(tcase, a_range_must_lie_in_one_region);
    tcase_add_test(tcase, unsound_arrays_are_noticed);
    tcase_add_test(tcase, random_walk);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
