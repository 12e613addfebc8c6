// SPDX-License-Identifier: MIT
//
// base/nearest.h: which name is meant, and when none is.
#include "base/nearest.h"

#include "tests/harness.h"

#include <string.h>

static const char *nearest_of(const char *found, const char *const *names) {
    struct nearest nearest;

    nearest_init(&nearest, found, strlen(found));
    for (size_t i = 0; names[i]; i++)
        nearest_offer(&nearest, names[i], strlen(names[i]));
    return nearest.name;
}

START_TEST(finds_what_was_meant) {
    static const char *const names[] = {"name", "binary", "exports", "grants", "whenItEnds", NULL};

    ck_assert_str_eq(nearest_of("nmae", names), "name");
    ck_assert_str_eq(nearest_of("binarys", names), "binary");
    ck_assert_str_eq(nearest_of("export", names), "exports");
    ck_assert_str_eq(nearest_of("WHENITENDS", names), "whenItEnds");
    ck_assert_str_eq(nearest_of("whenitend", names), "whenItEnds");
}
END_TEST

START_TEST(leaves_what_is_far) {
    static const char *const names[] = {"name", "binary", "ab", NULL};

    ck_assert_ptr_null(nearest_of("services", names));
    ck_assert_ptr_null(nearest_of("", names));
    ck_assert_ptr_null(nearest_of("xy", names));
    ck_assert_ptr_null(nearest_of("xyzxyz", names));
}
END_TEST

START_TEST(prefers_the_nearer_and_the_earlier) {
    static const char *const names[] = {"serial2", "serial1", "serial3", NULL};

    ck_assert_str_eq(nearest_of("serial", names), "serial2");
    ck_assert_str_eq(nearest_of("seral3", names), "serial3");
}
END_TEST

START_TEST(bears_long_names) {
    char text[400];
    const char *names[] = {text, NULL};

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 0;
    ck_assert_ptr_null(nearest_of(text, names));
    text[63] = 0;
    ck_assert_ptr_eq(nearest_of(text, names), text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base nearest");

    harness_add(suite, "finds what was meant", finds_what_was_meant);
    harness_add(suite, "leaves what is far", leaves_what_is_far);
    harness_add(suite, "prefers the nearer and the earlier", prefers_the_nearer_and_the_earlier);
    harness_add(suite, "bears long names", bears_long_names);
    return harness_run(suite);
}
