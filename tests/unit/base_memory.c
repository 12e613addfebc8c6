// SPDX-License-Identifier: MIT
//
// The freestanding memory functions, renamed so that they stand beside the C library's, which say
// what is right. Buffers come from the heap with no byte to spare, so that the sanitizer sees every
// overrun.
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

#define memcpy  tested_memcpy
#define memmove tested_memmove
#define memset  tested_memset
#define memcmp  tested_memcmp
#include "base/memory.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

enum { STEPS = 4000, LARGEST = 600 }; // both sides of what memory.c calls long

static unsigned char *random_bytes(struct harness_random *random, size_t size) {
    unsigned char *bytes = malloc(size == 0 ? 1 : size);

    ck_assert_ptr_nonnull(bytes);
    harness_random_fill(random, bytes, size);
    return bytes;
}

START_TEST(copies) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        size_t size = harness_random_below(&random, LARGEST);
        size_t skew = harness_random_below(&random, 16);
        unsigned char *from = random_bytes(&random, size + skew);
        unsigned char *to = random_bytes(&random, size);

        ck_assert_ptr_eq(tested_memcpy(to, from + skew, size), to);
        ck_assert_mem_eq(to, from + skew, size);
        free(from);
        free(to);
    }
}
END_TEST

START_TEST(moves_within_one_buffer) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        size_t room = 1 + harness_random_below(&random, LARGEST);
        size_t from = harness_random_below(&random, room);
        size_t to = harness_random_below(&random, room);
        size_t size = harness_random_below(&random, room - (from > to ? from : to) + 1);
        unsigned char *buffer = random_bytes(&random, room);
        unsigned char *right = random_bytes(&random, room);

        memcpy(right, buffer, room);
        memmove(right + to, right + from, size);
        ck_assert_ptr_eq(tested_memmove(buffer + to, buffer + from, size), buffer + to);
        ck_assert_mem_eq(buffer, right, room);
        free(buffer);
        free(right);
    }
}
END_TEST

START_TEST(sets) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        size_t size = harness_random_below(&random, LARGEST);
        int byte = (int)harness_random_below(&random, 1024) - 512; // only its low 8 bits count
        unsigned char *buffer = random_bytes(&random, size);

        ck_assert_ptr_eq(tested_memset(buffer, byte, size), buffer);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(buffer[i], (unsigned char)byte);
        free(buffer);
    }
}
END_TEST

static int sign(int v) {
    return (v > 0) - (v < 0);
}

START_TEST(compares) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        size_t size = harness_random_below(&random, LARGEST);
        unsigned char *a = random_bytes(&random, size);
        unsigned char *b = random_bytes(&random, size);

        memcpy(b, a, size);
        ck_assert_int_eq(tested_memcmp(a, b, size), 0);
        for (int changes = 0; changes < 3 && size > 0; changes++)
            b[harness_random_below(&random, size)] = (unsigned char)harness_random_u64(&random);
        ck_assert_int_eq(sign(tested_memcmp(a, b, size)), sign(memcmp(a, b, size)));
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(zeros_are_found) {
    unsigned char bytes[40] = {0};

    ck_assert(memory_is_zero(bytes, 0));
    ck_assert(memory_is_zero(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0x80;
        ck_assert(!memory_is_zero(bytes, sizeof bytes));
        ck_assert(memory_is_zero(bytes, i));
        memory_wipe(bytes, sizeof bytes);
        ck_assert(memory_is_zero(bytes, sizeof bytes));
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/memory");

    harness_add(suite, "memcpy", copies);
    harness_add(suite, "memmove", moves_within_one_buffer);
    harness_add(suite, "memset", sets);
    harness_add(suite, "memcmp", compares);
    harness_add(suite, "zero", zeros_are_found);
    return harness_run(suite);
}
