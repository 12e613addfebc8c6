// SPDX-License-Identifier: MIT
//
// base/text.h. Texts come from the heap without a NUL, so that looking beyond their size is seen.
#include "base/text.h"

#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 20000 };

// The bytes of `text` on the heap, without its NUL.
static char *bare(const char *text, size_t size) {
    char *bytes = malloc(size == 0 ? 1 : size);

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, text, size);
    return bytes;
}

START_TEST(length_has_a_limit) {
    char *bytes = bare("abcdef", 6);

    ck_assert_uint_eq(text_length(bytes, 6), 6);
    ck_assert_uint_eq(text_length(bytes, 0), 0);
    ck_assert_uint_eq(text_length("abc", 100), 3);
    ck_assert_uint_eq(text_length("", 100), 0);
    free(bytes);
}
END_TEST

START_TEST(copy_is_whole_or_refused) {
    char *bytes = bare("service", 7);

    for (size_t room = 0; room < 12; room++) {
        char *to = bare("xxxxxxxxxxxx", room);

        if (room > 7) {
            ck_assert(text_copy(to, room, bytes, 7));
            ck_assert_str_eq(to, "service");
        } else {
            ck_assert(!text_copy(to, room, bytes, 7));
            ck_assert(room == 0 || to[0] == '\0');
        }
        free(to);
    }
    free(bytes);
}
END_TEST

START_TEST(order) {
    static const char *const sorted[] = {"", "a", "aa", "ab", "b", "\x7f", "\x80", "\xff"};
    const size_t count = sizeof sorted / sizeof sorted[0];

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            char *a = bare(sorted[i], strlen(sorted[i]));
            char *b = bare(sorted[j], strlen(sorted[j]));
            int result = text_compare(a, strlen(sorted[i]), b, strlen(sorted[j]));

            ck_assert_int_eq((result > 0) - (result < 0), (i > j) - (i < j));
            ck_assert_int_eq(text_equal(a, strlen(sorted[i]), b, strlen(sorted[j])), i == j);
            free(a);
            free(b);
        }
}
END_TEST

START_TEST(words_and_beginnings) {
    char *echo = bare("echo", 4);

    ck_assert(text_is(echo, 4, "echo"));
    ck_assert(!text_is(echo, 4, "echos"));
    ck_assert(!text_is(echo, 4, "ech"));
    ck_assert(!text_is(echo, 3, "echo"));
    ck_assert(text_is(echo, 0, ""));
    ck_assert(!text_is("a\0b", 3, "a"));
    ck_assert(text_starts_with(echo, 4, ""));
    ck_assert(text_starts_with(echo, 4, "echo"));
    ck_assert(!text_starts_with(echo, 4, "echoes"));
    ck_assert(!text_starts_with(echo, 4, "Echo"));
    ck_assert_uint_eq(text_find(echo, 4, 'h'), 2);
    ck_assert_uint_eq(text_find(echo, 4, '\0'), 4);
    ck_assert_uint_eq(text_find(echo, 0, 'e'), 0);
    free(echo);
}
END_TEST

static bool parse(const char *text, uint64_t *out) {
    char *bytes = bare(text, strlen(text));
    bool good = text_to_u64(bytes, strlen(text), out);

    free(bytes);
    return good;
}

START_TEST(numbers_are_read_back) {
    struct harness_random random = harness_random_start();

    for (int step = 0; step < STEPS; step++) {
        uint64_t v = harness_random_sized(&random);
        uint64_t read;
        char text[40];

        snprintf(text, sizeof text, step % 3 == 0 ? "%" PRIu64 : "0x%" PRIx64, v);
        ck_assert(parse(text, &read));
        ck_assert_uint_eq(read, v);
    }
}
END_TEST

START_TEST(numbers_that_are_none) {
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      "1 ",
                                      " 1",
                                      "0x",
                                      "x1",
                                      "1a",
                                      "0xg1",
                                      "0X10",
                                      "1_",
                                      ":",
                                      "/",
                                      "0x1G",
                                      "1.0",
                                      "18446744073709551616",
                                      "0x10000000000000000",
                                      "99999999999999999999999999"};
    uint64_t out = 5;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!parse(bad[i], &out), "'%s' was taken for a number", bad[i]);
    ck_assert_uint_eq(out, 5);
    ck_assert(parse("18446744073709551615", &out));
    ck_assert_uint_eq(out, UINT64_MAX);
    ck_assert(parse("0xfFfFfFfFfFfFfFfF", &out));
    ck_assert_uint_eq(out, UINT64_MAX);
    ck_assert(parse("0000000000000000000000007", &out));
    ck_assert_uint_eq(out, 7);
}
END_TEST

static bool is_utf8(const char *text, size_t size) {
    char *bytes = bare(text, size);
    bool good = text_is_utf8(bytes, size);

    free(bytes);
    return good;
}

// Writes code point c in the form of `length` bytes, whether or not that is the right one.
static void encode(char out[4], uint32_t c, int length) {
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

    for (int i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)(lead[length] | c);
}

// Every code point, and every form that is longer than it needs to be.
START_TEST(utf8_every_code_point) {
    static const uint32_t end[] = {0, 0x80, 0x800, 0x10000, 0x200000};
    char bytes[4];

    for (int length = 1; length <= 4; length++)
        for (uint32_t c = 0; c < end[length]; c++) {
            bool good = c >= end[length - 1] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

            encode(bytes, c, length);
            if (text_is_utf8(bytes, (size_t)length) != good)
                ck_abort_msg("U+%04X in %d bytes", c, length);
        }
}
END_TEST

START_TEST(utf8_cut_and_stray) {
    ck_assert(is_utf8("", 0));
    ck_assert(is_utf8("a\0b", 3));
    ck_assert(is_utf8("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", 15));
    ck_assert(!is_utf8("\xc3", 1));
    ck_assert(!is_utf8("\xe2\x82", 2));
    ck_assert(!is_utf8("\xf0\x9f\x98", 3));
    ck_assert(!is_utf8("\x80", 1));
    ck_assert(!is_utf8("\xc3\xc3\xaf", 3));
    ck_assert(!is_utf8("\xf8\x88\x80\x80\x80", 5));
    ck_assert(!is_utf8("\xff", 1));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/text");

    harness_add(suite, "length", length_has_a_limit);
    harness_add(suite, "copy", copy_is_whole_or_refused);
    harness_add(suite, "order", order);
    harness_add(suite, "words", words_and_beginnings);
    harness_add(suite, "numbers", numbers_are_read_back);
    harness_add(suite, "refused", numbers_that_are_none);
    harness_add(suite, "utf8", utf8_every_code_point);
    harness_add(suite, "utf8-cut", utf8_cut_and_stray);
    return harness_run(suite);
}
