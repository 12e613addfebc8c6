// SPDX-License-Identifier: MIT
//
// host/diag.h and host/source.h: what is printed for errors and notes, and in which order.
#include "host/diag.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

static struct pool pool;
static struct diag diag;

static void set_up(void) {
    pool_init(&pool);
    diag_init(&diag, &pool);
}

static void tear_down(void) {
    pool_fini(&pool);
}

static void expect_printed(const char *expected) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    diag_print(&diag, out);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

static struct span at(const struct source *source, const char *word) {
    const char *found = strstr(source->text, word);

    ck_assert_ptr_nonnull(found);
    size_t begin = (size_t)(found - source->text);
    return (struct span){source, begin, begin + strlen(word), NULL};
}

static struct source source_of(const char *name, const char *text) {
    return (struct source){name, text, strlen(text)};
}

START_TEST(prints_sorted_with_notes) {
    struct source source = source_of("a.yaml", "one: 1\ntwo: 2\n");

    diag_error(&diag, at(&source, "2"), "found %d, expected 3", 2);
    diag_error(&diag, at(&source, "one"), "found `one`, expected none");
    diag_note(&diag, at(&source, "two"), "see here");
    ck_assert_uint_eq(diag.errors, 2);
    expect_printed("a.yaml:1:1: error: found `one`, expected none\n"
                   "    1 | one: 1\n"
                   "      | ^~~\n"
                   "a.yaml:2:1: note: see here\n"
                   "    2 | two: 2\n"
                   "      | ^~~\n"
                   "a.yaml:2:6: error: found 2, expected 3\n"
                   "    2 | two: 2\n"
                   "      |      ^\n");
}
END_TEST

START_TEST(keeps_the_order_of_one_place) {
    struct source source = source_of("a", "x");

    for (int i = 0; i < 40; i++)
        diag_error(&diag, (struct span){&source, 0, 0, ""}, "%d", i);
    char expected[40 * 16] = "";
    for (int i = 0; i < 40; i++)
        sprintf(expected + strlen(expected), "a: error: %d\n", i);
    expect_printed(expected);
}
END_TEST

START_TEST(keeps_sources_apart) {
    struct source first = source_of("first", "a b\n"), second = source_of("second", "c d\n");

    diag_error(&diag, at(&first, "b"), "1");
    diag_error(&diag, at(&second, "c"), "2");
    diag_error(&diag, at(&first, "a"), "3");
    expect_printed("first:1:1: error: 3\n    1 | a b\n      | ^\n"
                   "first:1:3: error: 1\n    1 | a b\n      |   ^\n"
                   "second:1:1: error: 2\n    1 | c d\n      | ^\n");
}
END_TEST

START_TEST(names_paths_of_binary_files) {
    struct source source = source_of("m.bin", "");

    diag_error(&diag, (struct span){&source, 0, 0, "services[2].name"}, "found nothing");
    diag_error(&diag, span_of_file(&source), "broken");
    diag_error(&diag, (struct span){0}, "no file");
    expect_printed("m.bin: services[2].name: error: found nothing\n"
                   "m.bin: error: broken\n"
                   "error: no file\n");
}
END_TEST

START_TEST(counts_characters_and_hides_controls) {
    struct source source = source_of("a", "\t\xc3\xa9\xc3\xa9 \x1b[1m x\r\nnext");

    diag_error(&diag, at(&source, "x"), "1");
    diag_error(&diag, at(&source, "\xc3\xa9\xc3\xa9"), "2");
    expect_printed("a:1:2: error: 2\n    1 | \t\xc3\xa9\xc3\xa9 ?[1m x\n      | \t^~\n"
                   "a:1:10: error: 1\n    1 | \t\xc3\xa9\xc3\xa9 ?[1m x\n      | \t        ^\n");
}
END_TEST

// One sign for what can't be shown, so that the mark below stands where it should.
START_TEST(hides_what_is_no_character) {
    struct source source = source_of("a", "\xff \xc2\x9b[1m \xe2\x82 \xc3\xa9 x\xf0\x9f");

    diag_error(&diag, at(&source, "x"), "1");
    expect_printed("a:1:12: error: 1\n    1 | ? ?[1m ? \xc3\xa9 x?\n      |            ^\n");
}
END_TEST

// A file without line ends, as programs write them, does not fill the screen.
START_TEST(shows_a_part_of_a_long_line) {
    char text[600], expected[900], *put = expected;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text + 200, "here", 4);
    struct source source = source_of("a", text);
    diag_error(&diag, at(&source, "here"), "e");
    put += sprintf(put, "a:1:201: error: e\n    1 | ...%.240s...\n      |    ", text + 100);
    put += sprintf(put, "%100s^~~~\n", "");
    expect_printed(expected);
}
END_TEST

START_TEST(bears_places_behind_the_end) {
    struct source source = source_of("a", "x");

    diag_error(&diag, (struct span){&source, 100, 200, NULL}, "1");
    expect_printed("a:1:2: error: 1\n    1 | x\n      |  ^\n");
}
END_TEST

START_TEST(quotes_short_and_safe) {
    char text[200];

    memset(text, 'a', sizeof text);
    text[1] = '\n';
    ck_assert_str_eq(diag_quote(&diag, text, 3), "`a?a`");
    ck_assert_str_eq(diag_quote(&diag, "\xc3\xa9\xffz", 4), "`\xc3\xa9?z`");
    ck_assert_uint_eq(strlen(diag_quote(&diag, text, sizeof text)), 2 + 60 + 3);
    ck_assert_str_eq(diag_meant(&diag, NULL), "");
    ck_assert_str_eq(diag_meant(&diag, "b"), "; did you mean `b`?");
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test) {
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

int main(void) {
    Suite *suite = suite_create("host diag");

    add(suite, "prints sorted, with notes", prints_sorted_with_notes);
    add(suite, "keeps the order of one place", keeps_the_order_of_one_place);
    add(suite, "keeps sources apart", keeps_sources_apart);
    add(suite, "names paths of binary files", names_paths_of_binary_files);
    add(suite, "counts characters, hides controls", counts_characters_and_hides_controls);
    add(suite, "hides what is no character", hides_what_is_no_character);
    add(suite, "shows a part of a long line", shows_a_part_of_a_long_line);
    add(suite, "bears places behind the end", bears_places_behind_the_end);
    add(suite, "quotes short and safe", quotes_short_and_safe);
    return harness_run(suite);
}
