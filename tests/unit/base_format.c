// SPDX-License-Identifier: MIT
//
// base/format.h against snprintf, in buffers of every size from 1 up: what fits is what snprintf
// would have kept, and truncation is noticed exactly when something is lost.
#include "base/format.h"

#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 20000, ROOM = 64 };

// A text in a heap buffer of exactly `room` bytes.
static struct format start(size_t room) {
    struct format f;
    char *buffer = malloc(room);

    ck_assert_ptr_nonnull(buffer);
    format_init(&f, buffer, room);
    return f;
}

// `f` must hold the beginning of `whole` that fits. Frees the buffer.
static void finish(struct format *f, const char *whole) {
    size_t right = strlen(whole) < f->room ? strlen(whole) : f->room - 1;

    ck_assert_uint_eq(f->used, right);
    ck_assert_mem_eq(f->data, whole, right);
    ck_assert_int_eq(f->data[right], '\0');
    ck_assert_int_eq(f->truncated, strlen(whole) >= f->room);
    free(f->data);
}

START_TEST(numbers_as_printf) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        uint64_t v = harness_random_sized(&random);
        unsigned width = (unsigned)harness_random_below(&random, 25);
        unsigned digits = 1 + (unsigned)harness_random_below(&random, 16);
        struct format f = start(1 + harness_random_below(&random, 140));
        char whole[200];

        snprintf(whole, sizeof whole,
                 "%" PRIu64 " %" PRId64 " %*" PRIu64 " %" PRIx64 " %0*" PRIx64 " 0x%016" PRIx64, v,
                 (int64_t)v, (int)width, v, v, (int)digits, v, v);
        format_u64(&f, v);
        format_char(&f, ' ');
        format_i64(&f, (int64_t)v);
        format_char(&f, ' ');
        format_u64_padded(&f, v, width, ' ');
        format_char(&f, ' ');
        format_hex(&f, v);
        format_char(&f, ' ');
        format_hex_padded(&f, v, digits);
        format_char(&f, ' ');
        format_address(&f, v);
        finish(&f, whole);
    }
}
END_TEST

START_TEST(extremes) {
    struct format f = start(100);

    format_i64(&f, INT64_MIN);
    format_char(&f, ' ');
    format_i64(&f, INT64_MAX);
    format_char(&f, ' ');
    format_u64(&f, UINT64_MAX);
    format_char(&f, ' ');
    format_i64(&f, 0);
    finish(&f, "-9223372036854775808 9223372036854775807 18446744073709551615 0");
}
END_TEST

START_TEST(text_at_every_size) {
    for (size_t room = 1; room < ROOM; room++) {
        struct format f = start(room);

        format_text(&f, "service ");
        format_text(&f, "");
        format_bytes(&f, "echo-and-more", 4);
        format_pad(&f, 16, '.');
        format_text(&f, NULL);
        format_pad(&f, 3, '!');
        finish(&f, "service echo....(null)");
    }
}
END_TEST

START_TEST(truncation_sticks) {
    struct format f = start(6);

    format_text(&f, "abc");
    ck_assert(!f.truncated);
    format_text(&f, "defg");
    ck_assert(f.truncated);
    format_char(&f, 'x');
    format_u64(&f, 1);
    format_pad(&f, 100, ' ');
    format_escaped(&f, "\n", 1);
    ck_assert_str_eq(f.data, "abcde");
    format_mark_truncation(&f);
    ck_assert_str_eq(f.data, "ab...");
    format_reset(&f);
    ck_assert_str_eq(f.data, "");
    format_text(&f, "12345"); // fits to the byte
    format_mark_truncation(&f);
    finish(&f, "12345");
}
END_TEST

START_TEST(no_room_for_dots) {
    for (size_t room = 1; room < 5; room++) {
        struct format f = start(room);

        format_text(&f, "abcdef");
        format_mark_truncation(&f);
        ck_assert_uint_eq(strlen(f.data), room - 1);
        ck_assert_uint_eq(strspn(f.data, "."), room - 1 < 3 ? room - 1 : 3);
        free(f.data);
    }
}
END_TEST

START_TEST(strangers_bytes_are_escaped) {
    const char hostile[] = "ok\n\x1b[2J\\\x7f\xc3\xa9\0~";
    struct format f = start(100);

    format_escaped(&f, hostile, sizeof hostile - 1);
    finish(&f, "ok\\x0a\\x1b[2J\\\\\\x7f\\xc3\\xa9\\x00~");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/format");

    harness_add(suite, "numbers", numbers_as_printf);
    harness_add(suite, "extremes", extremes);
    harness_add(suite, "text", text_at_every_size);
    harness_add(suite, "truncation", truncation_sticks);
    harness_add(suite, "dots", no_room_for_dots);
    harness_add(suite, "escape", strangers_bytes_are_escaped);
    return harness_run(suite);
}
