// SPDX-License-Identifier: MIT
//
// base/bits.h and base/bytes.h against definitions that count one bit or byte at a time.
#include "base/bits.h"

#include "base/bytes.h"
#include "tests/harness.h"

#include <string.h>

enum { STEPS = 50000 };

static void check_bits(uint64_t v) {
    unsigned count = 0;
    unsigned low = 64;
    unsigned high = 64;

    for (unsigned i = 0; i < 64; i++) {
        if ((v >> i & 1) == 0)
            continue;
        low = count == 0 ? i : low;
        high = i;
        count++;
    }
    ck_assert_uint_eq(count_bits(v), count);
    ck_assert_uint_eq(lowest_bit(v), low);
    ck_assert_uint_eq(highest_bit(v), high);
    ck_assert_int_eq(is_power_of_two(v), count == 1);
}

START_TEST(bits_are_counted) {
    struct harness_random random = harness_random_start();

    check_bits(0);
    check_bits(UINT64_MAX);
    for (unsigned i = 0; i < 64; i++) {
        check_bits(UINT64_C(1) << i);
        check_bits(~(UINT64_C(1) << i));
    }
    for (int step = 0; step < STEPS; step++)
        check_bits(harness_random_sized(&random));
}
END_TEST

START_TEST(masks_and_alignment) {
    struct harness_random random = harness_random_start();

    ck_assert_uint_eq(low_mask(0), 0);
    for (unsigned i = 1; i <= 64; i++) {
        ck_assert_uint_eq(count_bits(low_mask(i)), i);
        ck_assert_uint_eq(highest_bit(low_mask(i)), i - 1);
    }
    for (int step = 0; step < STEPS; step++) {
        uint64_t alignment = UINT64_C(1) << harness_random_below(&random, 64);
        uint64_t v = harness_random_sized(&random);
        uint64_t down = align_down(v, alignment);

        ck_assert_uint_eq(down, v / alignment * alignment);
        ck_assert(is_aligned(down, alignment));
        ck_assert_int_eq(is_aligned(v, alignment), down == v);
    }
}
END_TEST

START_TEST(smaller_and_larger) {
    ck_assert_uint_eq(min_u32(1, UINT32_MAX), 1);
    ck_assert_uint_eq(max_u32(1, UINT32_MAX), UINT32_MAX);
    ck_assert_uint_eq(min_u64(UINT64_MAX, 0), 0);
    ck_assert_uint_eq(max_u64(UINT64_MAX, 0), UINT64_MAX);
    ck_assert_uint_eq(min_size(7, 7), 7);
    ck_assert_uint_eq(max_size(6, 7), 7);
}
END_TEST

START_TEST(bytes_are_little_endian) {
    unsigned char bytes[16];
    unsigned char copy[16];
    uint64_t v = 0x8877665544332211u;

    for (size_t at = 0; at < 8; at++) { // every alignment
        for (unsigned char i = 0; i < 8; i++)
            bytes[at + i] = (unsigned char)(0x11 * (i + 1));
        ck_assert_uint_eq(load_u16(bytes + at), 0x2211);
        ck_assert_uint_eq(load_u32(bytes + at), 0x44332211);
        ck_assert_uint_eq(load_u64(bytes + at), v);
        memset(copy, 0xee, sizeof copy);
        store_u64(copy + at, v);
        ck_assert_mem_eq(copy + at, bytes + at, 8);
        memset(copy, 0xee, sizeof copy);
        store_u32(copy + at, (uint32_t)v);
        store_u16(copy + at + 4, 0x6655);
        ck_assert_mem_eq(copy + at, bytes + at, 6);
        ck_assert_uint_eq(copy[at + 6], 0xee);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/bits");

    harness_add(suite, "count", bits_are_counted);
    harness_add(suite, "mask", masks_and_alignment);
    harness_add(suite, "order", smaller_and_larger);
    harness_add(suite, "bytes", bytes_are_little_endian);
    return harness_run(suite);
}
