// SPDX-License-Identifier: MIT
//
// base/checked.h against the same arithmetic in 128 bits, where nothing overflows.
#include "base/checked.h"

#include "tests/harness.h"

enum { STEPS = 20000 };

__extension__ typedef unsigned __int128 wide;

// Numbers around the places where things go wrong, as well as anywhere else.
static uint64_t interesting(struct harness_random *random) {
    static const uint64_t edges[] = {0, 1, UINT32_MAX, UINT64_C(1) << 63, UINT64_MAX};
    uint64_t pick = harness_random_below(random, 8);
    uint64_t near = harness_random_below(random, 5) - 2;

    return pick < 5 ? edges[pick] + near : harness_random_sized(random);
}

static void check_u64(uint64_t a, uint64_t b) {
    const uint64_t untouched = 0xabad1dea;
    uint64_t out = untouched;

    ck_assert_int_eq(checked_add_u64(a, b, &out), (wide)a + b <= UINT64_MAX);
    ck_assert_uint_eq(out, (wide)a + b <= UINT64_MAX ? a + b : untouched);
    out = untouched;
    ck_assert_int_eq(checked_sub_u64(a, b, &out), a >= b);
    ck_assert_uint_eq(out, a >= b ? a - b : untouched);
    out = untouched;
    ck_assert_int_eq(checked_mul_u64(a, b, &out), (wide)a * b <= UINT64_MAX);
    ck_assert_uint_eq(out, (wide)a * b <= UINT64_MAX ? a * b : untouched);
}

static void check_u32(uint32_t a, uint32_t b) {
    const uint32_t untouched = 0xabad1dea;
    uint32_t out = untouched;

    ck_assert_int_eq(checked_add_u32(a, b, &out), (wide)a + b <= UINT32_MAX);
    ck_assert_uint_eq(out, (wide)a + b <= UINT32_MAX ? a + b : untouched);
    out = untouched;
    ck_assert_int_eq(checked_sub_u32(a, b, &out), a >= b);
    ck_assert_uint_eq(out, a >= b ? a - b : untouched);
    out = untouched;
    ck_assert_int_eq(checked_mul_u32(a, b, &out), (wide)a * b <= UINT32_MAX);
    ck_assert_uint_eq(out, (wide)a * b <= UINT32_MAX ? (uint32_t)((wide)a * b) : untouched);
}

static void check_size(size_t a, size_t b) {
    size_t out = 0;

    ck_assert_int_eq(checked_add_size(a, b, &out), (wide)a + b <= SIZE_MAX);
    ck_assert_int_eq(checked_sub_size(a, b, &out), a >= b);
    ck_assert_int_eq(checked_mul_size(a, b, &out), (wide)a * b <= SIZE_MAX);
}

START_TEST(results_are_exact_or_refused) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        uint64_t a = interesting(&random);
        uint64_t b = interesting(&random);

        check_u64(a, b);
        check_u32((uint32_t)a, (uint32_t)b);
        check_size((size_t)a, (size_t)b);
    }
}
END_TEST

START_TEST(align_up_is_exact_or_refused) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        uint64_t alignment = UINT64_C(1) << harness_random_below(&random, 64);
        uint64_t v = interesting(&random);
        wide right = ((wide)v + alignment - 1) / alignment * alignment;
        uint64_t out = 42;

        ck_assert_int_eq(checked_align_up(v, alignment, &out), right <= UINT64_MAX);
        ck_assert_uint_eq(out, right <= UINT64_MAX ? (uint64_t)right : 42);
    }
}
END_TEST

START_TEST(narrowing) {
    uint32_t out = 7;

    ck_assert(checked_u32(UINT32_MAX, &out));
    ck_assert_uint_eq(out, UINT32_MAX);
    ck_assert(!checked_u32(UINT64_C(1) << 32, &out));
    ck_assert_uint_eq(out, UINT32_MAX);
}
END_TEST

START_TEST(ranges_lie_within) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        uint64_t offset = interesting(&random);
        uint64_t size = interesting(&random);
        uint64_t limit = interesting(&random);

        ck_assert_int_eq(range_within(offset, size, limit), (wide)offset + size <= limit);
    }
}
END_TEST

// All small ranges, against units counted one by one.
START_TEST(ranges_overlap) {
    for (uint64_t i = 0; i < 6 * 6 * 6 * 6; i++) {
        uint64_t a = i % 6;
        uint64_t a_size = i / 6 % 6;
        uint64_t b = i / 36 % 6;
        uint64_t b_size = i / 216;
        bool common = false;

        for (uint64_t unit = 0; unit < 12; unit++)
            common |= unit >= a && unit < a + a_size && unit >= b && unit < b + b_size;
        ck_assert_int_eq(range_overlaps(a, a_size, b, b_size), common);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/checked");

    harness_add(suite, "arithmetic", results_are_exact_or_refused);
    harness_add(suite, "align", align_up_is_exact_or_refused);
    harness_add(suite, "narrow", narrowing);
    harness_add(suite, "within", ranges_lie_within);
    harness_add(suite, "overlap", ranges_overlap);
    return harness_run(suite);
}
