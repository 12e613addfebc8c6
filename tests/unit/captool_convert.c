// SPDX-License-Identifier: MIT
//
// captool/common/document.h: every kind of value there and back again, and exactly what is said
// about those that are wrong.
#include "captool/common/document.h"
#include "captool/common/read_text.h"
#include "captool/common/write_text.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pool pool, types_pool;
static struct diag diag;
static const struct schema *types;

static void begin(void) {
    pool_init(&pool);
    diag_init(&diag, &pool);
}

// In a test's own process.
static void set_up(void) {
    const char *folder = getenv("srcdir");
    struct diag types_diag;

    begin();
    pool_init(&types_pool);
    diag_init(&types_diag, &types_pool);
    types = schema_load(&types_diag,
                        pool_format(&pool, "%s/tests/captool/types.capnp", folder ? folder : "."),
                        &(struct schema_folders){0});
    ck_assert_ptr_nonnull(types);
}

static void tear_down(void) {
    pool_fini(&pool);
    pool_fini(&types_pool);
}

// What was reported, without the source lines.
static char *reported(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    diag_print(&diag, out);
    fclose(out);
    char *to = text;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n') + 1;
        if (*line != ' ') {
            memmove(to, line, (size_t)(end - line));
            to += end - line;
        }
        line = end;
    }
    *to = 0;
    char *copy = pool_copy(&pool, text, strlen(text));
    free(text);
    return copy;
}

static struct source *source_of(const char *name, const char *text, size_t size) {
    struct source *source = pool_alloc(&pool, sizeof *source);

    *source = (struct source){name, pool_copy(&pool, text, size), size};
    return source;
}

static bool encode(const char *type, bool yaml, const char *text, size_t size,
                   struct message *message) {
    const struct capos_struct *node = schema_struct(&diag, types, type);
    ck_assert_ptr_nonnull(node);
    struct tree *tree = (yaml ? read_yaml : read_json)(&diag, source_of("f", text, size));
    return tree && message_encode(&diag, types, *node, tree, message) && diag.errors == 0;
}

static char *decode(const char *type, bool yaml, const uint64_t *words, uint32_t words_size) {
    const struct capos_struct *node = schema_struct(&diag, types, type);
    struct capos_reader reader;
    char *text = NULL;
    size_t size = 0;

    capos_reader_init(&reader, words, words_size);
    struct tree *tree = message_decode(&diag, types, *node, &reader, source_of("m", "", 0),
                                       yaml ? MESSAGE_BRIEF : MESSAGE_COMPLETE);
    if (!tree)
        return NULL;
    FILE *out = open_memstream(&text, &size);
    (yaml ? write_yaml : write_json)(tree, out);
    fclose(out);
    char *copy = pool_copy(&pool, text, size);
    free(text);
    return copy;
}

// The text, the message, the text in the other format, the same message, the first text again.
static void expect_round_trip(const char *type, bool yaml, const char *text) {
    struct message first, second;

    ck_assert_msg(encode(type, yaml, text, strlen(text), &first), "%s:\n%s", text, reported());
    char *other = decode(type, !yaml, first.words, first.size);
    ck_assert_msg(other != NULL, "%s:\n%s", text, reported());
    ck_assert_msg(encode(type, !yaml, other, strlen(other), &second), "%s:\n%s", other, reported());
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.words, second.words, first.size * 8);
    ck_assert_str_eq(decode(type, yaml, second.words, second.size), text);
}

static const char *const round_trips[] = {
    "choice:\n  nothing: null\n",
    "bool: false\nint8: -128\nint16: -32768\nint32: -2147483648\nint64: -9223372036854775808\n"
    "choice:\n  nothing: null\n",
    "int8: 127\nint16: 32767\nint32: 2147483647\nint64: 9223372036854775807\nuint8: 255\n"
    "uint16: 0\nuint32: 4294967295\nuint64: 18446744073709551615\nchoice:\n  number: 0\n",
    "float32: 0.1\nfloat64: 0.1\nchoice:\n  nothing: null\n",
    "float32: 3.40282e+38\nfloat64: 1.7976931348623157e+308\nchoice:\n  nothing: null\n",
    "float32: NaN\nfloat64: -Infinity\nchoice:\n  nothing: null\n",
    "float32: -0\nfloat64: 5e-324\nchoice:\n  nothing: null\n",
    "text: \"\"\ndata: !!binary \"\"\nchoice:\n  nothing: null\n",
    "text: \"true\"\ndata: !!binary \"AP8=\"\ncolour: blue\nchoice:\n  word: null\n",
    "text: |\n  two\n\n  lines\nchoice:\n  word: \"\"\n",
    "text: \"ends \\nbadly\\x00\\x7f\\x85\"\ncolour: 9\nchoice:\n  word: \"1\"\n",
    "text: \"\xe2\x80\xa8 \xef\xbb\xbf \xf0\x9f\x98\x80\"\nchoice:\n  nothing: null\n",
    "all:\n  choice:\n    both:\n      first: 3\nalls: []\nchoice:\n  both: {}\n",
    "alls:\n  - int16: 1\n    choice:\n      nothing: null\n  - choice:\n      number: 7\n"
    "choice:\n  nothing: null\n",
    "bools:\n  - true\n  - false\nvoids:\n  - null\n  - null\nnumbers:\n  - -1\n  - 2\nfloats:\n"
    "  - 1.5\n  - NaN\ntexts:\n  - \"\"\n  - null\n  - a b\ndatas:\n  - !!binary \"aGk=\"\n  - "
    "null\n"
    "lists:\n  - - 1\n    - 2\n  - []\n  - null\ncolours:\n  - red\n  - 3\nchoice:\n"
    "  nothing: null\n",
    "choice:\n  nothing: null\ngroup:\n  inner: 65535\ninterface: Paint\n",
    "choice:\n  nothing: null\ninterface: Terminal\n",
    "choice:\n  nothing: null\ninterface: 0x00000000000000ff\n",
};

START_TEST(round_trip) {
    const char *text = round_trips[_i];
    struct message message;

    // The table is what the writer makes, but for groups, which it shows whole.
    ck_assert_msg(encode("All", true, text, strlen(text), &message), "%s", reported());
    char *written = decode("All", true, message.words, message.size);
    ck_assert_msg(written != NULL, "%s", reported());
    if (!strstr(text, "both"))
        ck_assert_str_eq(written, text);
    expect_round_trip("All", true, written);
    expect_round_trip("All", false, decode("All", false, message.words, message.size));
}
END_TEST

struct example {
    const char *type;
    const char *text;
    const char *reported; // "" when it is right
};

#define CHOSEN "choice: {nothing: null}\n"

static const struct example yaml[] = {
    {"All", CHOSEN "int8: 128\n",
     "f:2:7: error: found `128`, expected a number from -128 to 127 (Int8)\n"},
    {"All", CHOSEN "int8: -129\n",
     "f:2:7: error: found `-129`, expected a number from -128 to 127 (Int8)\n"},
    {"All", CHOSEN "uint64: 18446744073709551616\n",
     "f:2:9: error: found `18446744073709551616`, expected a number from 0 to "
     "18446744073709551615 (UInt64)\n"},
    {"All", CHOSEN "int64: -9223372036854775809\n",
     "f:2:8: error: found `-9223372036854775809`, expected a number from -9223372036854775808 to "
     "9223372036854775807 (Int64)\n"},
    {"All", CHOSEN "uint8: 0x100\n",
     "f:2:8: error: found `0x100`, expected a number from 0 to 255 (UInt8)\n"},
    {"All", CHOSEN "uint8: 0xff\nuint16: 0o17\n", ""},
    {"All", CHOSEN "uint8: 007\n", "f:2:8: error: found `007`, expected a whole number (UInt8)\n"},
    {"All", CHOSEN "uint8: 1.0\n", "f:2:8: error: found `1.0`, expected a whole number (UInt8)\n"},
    {"All", CHOSEN "uint8: \"1\"\n",
     "f:2:8: error: found the text `1`, expected a whole number (UInt8)\n"},
    {"All", CHOSEN "uint64: \"1\"\n", ""},
    {"All", CHOSEN "uint8:\n", "f:2:6: error: found nothing, expected a whole number (UInt8)\n"},
    {"All", CHOSEN "uint8: [1]\n", "f:2:8: error: found a list, expected a whole number (UInt8)\n"},
    {"All", CHOSEN "bool: yes\n", "f:2:7: error: found `yes`, expected true or false\n"},
    {"All", CHOSEN "bool: 'true'\n",
     "f:2:7: error: found the text `true`, expected true or false\n"},
    {"All", CHOSEN "float32: 1e39\n",
     "f:2:10: error: found `1e39`, expected a number that Float32 can hold\n"},
    {"All", CHOSEN "float64: 0x10\n", "f:2:10: error: found `0x10`, expected a number (Float64)\n"},
    {"All", CHOSEN "float64: 1.2.3\n",
     "f:2:10: error: found `1.2.3`, expected a number (Float64)\n"},
    {"All", CHOSEN "float64: .inf\nfloat32: -.inf\n", ""},
    {"All", CHOSEN "text: no\n", ""},
    {"All", CHOSEN "text: 12\n", ""},
    {"All", CHOSEN "text:\n", "f:2:5: error: found nothing, expected text\n"},
    {"All", CHOSEN "text: ~\n", "f:2:7: error: found `~`, expected text\n"},
    {"All", CHOSEN "text: {a: b}\n", "f:2:7: error: found a mapping, expected text\n"},
    {"All", CHOSEN "text: !!binary aGk=\n",
     "f:2:16: error: found bytes (!!binary), expected text\n"},
    {"All", CHOSEN "data: 0x0102ff\n", ""},
    {"All", CHOSEN "data: aGk=\n", ""},
    {"All", CHOSEN "data: [1, 2, 255]\n", ""},
    {"All", CHOSEN "data: [1, 256]\n", "f:2:11: error: found `256`, expected a byte (0 to 255)\n"},
    {"All", CHOSEN "data: 0x012\n",
     "f:2:7: error: found `0x012`, expected bytes (0x and hexadecimal digits, base64, or "
     "!!binary)\n"},
    {"All", CHOSEN "data: 0x01020304050607\n", "f:2:7: error: found 7 bytes, expected at most 6\n"},
    {"All", CHOSEN "colour: geen\n",
     "f:2:9: error: found `geen`, expected one of red, green, blue (Colour); did you mean "
     "`green`?\n"},
    {"All", CHOSEN "colour: 1\n",
     "f:2:9: error: found `1`, expected one of red, green, blue (Colour)\n"},
    {"All", CHOSEN "colour: 65536\n",
     "f:2:9: error: found `65536`, expected one of red, green, blue (Colour)\n"},
    {"All", CHOSEN "all: []\n", "f:2:6: error: found a list, expected a mapping (All)\n"},
    {"All", CHOSEN "alls: {}\n", "f:2:7: error: found a mapping, expected a list\n"},
    {"All", CHOSEN "alls: [1]\n", "f:2:8: error: found `1`, expected a mapping (All)\n"},
    {"All", CHOSEN "lists: [[1], [300], x]\n",
     "f:2:15: error: found `300`, expected a number from 0 to 255 (UInt8)\n"
     "f:2:21: error: found `x`, expected a list\n"},
    {"All", CHOSEN "any: 1\n",
     "f:2:6: error: found `1`, expected no value: AnyPointer has no type to go by\n"},
    {"All", CHOSEN "paint: x\n",
     "f:2:8: error: found `x`, expected no value: a capability can't be written in a file\n"},
    {"All", CHOSEN "void: 1\n", "f:2:7: error: found `1`, expected nothing (null)\n"},
    {"All", CHOSEN "void:\n", ""},
    {"All", "choice: {}\n",
     "f:1:9: error: found no member of the union in All.choice, expected exactly one of nothing, "
     "number, word, both\n"},
    {"All", "choice: {number: 1, word: a}\n",
     "f:1:21: error: found `word` beside `number`, expected exactly one of the union's members "
     "(nothing, number, word, both)\nf:1:10: note: `number` is set here\n"},
    {"All", "choice: {numbr: 1}\n",
     "f:1:10: error: found `numbr`, expected a member of All.choice (nothing, number, word, both); "
     "did you mean `number`?\n"},
    {"All", "choice: {both: 3}\n",
     "f:1:16: error: found `3`, expected a mapping (All.choice.both)\n"},
    {"All", CHOSEN "group: {inner: -1}\n",
     "f:2:16: error: found `-1`, expected a number from 0 to 65535 (UInt16)\n"},
    {"All", CHOSEN "interface: Pant\n",
     "f:2:12: error: found `Pant`, expected the name or the id of an interface; did you mean "
     "`Paint`?\n"},
    {"All", CHOSEN "interface: [1]\n",
     "f:2:12: error: found a list, expected the name or the id of an interface\n"},
    {"All", CHOSEN "interface: 0xb9e3c52f3d6ae0a1\n", ""},
    {"All", CHOSEN "int8: 1\nint8: 2\n",
     "f:3:1: error: found `int8` a second time, expected each name once\n"
     "f:2:1: note: it is here first\n"},
    {"All", "- 1\n", "f:1:1: error: found a list, expected a mapping (All)\n"},
    {"Choice", "choices: [{text: a}, {text: b}, {text: c}]\n",
     "f:1:10: error: found 3 elements, expected at most 2\n"},
    {"Choice", "choices: null\n", ""},
    {"Choice", "choices:\n", "f:1:8: error: found nothing, expected a list\n"},
};

static const struct example json[] = {
    {"All", "{\"choice\": {\"nothing\": null}, \"uint64\": \"18446744073709551615\"}", ""},
    {"All", "{\"choice\": {\"nothing\": null}, \"uint64\": 18446744073709551615}", ""},
    {"All", "{\"choice\": {\"nothing\": null}, \"float64\": \"NaN\", \"float32\": 1e3}", ""},
    {"All", "{\"choice\": {\"nothing\": null}, \"text\": 12}",
     "f:1:39: error: found `12`, expected text\n"},
    {"All", "{\"choice\": {\"nothing\": null}, \"text\": null}",
     "f:1:39: error: found `null`, expected text\n"},
    {"All", "{\"choice\": {\"nothing\": null}, \"data\": 12}",
     "f:1:39: error: found `12`, expected bytes (0x and hexadecimal digits, base64, or "
     "!!binary)\n"},
    {"All", "{\"choice\": {\"nothing\": null}, \"colour\": \"red\"}", ""},
    {"All", "{\"choice\": {\"nothing\": null}, \"float64\": \"1\"}",
     "f:1:42: error: found the text `1`, expected a number (Float64)\n"},
    {"All", "{\"choice\": {\"nothing\": false}}",
     "f:1:24: error: found `false`, expected nothing (null)\n"},
};

static void check_example(const struct example *example, bool is_yaml) {
    struct message message;
    bool ok = encode(example->type, is_yaml, example->text, strlen(example->text), &message);

    ck_assert_str_eq(reported(), example->reported);
    ck_assert_int_eq(ok, *example->reported == 0);
}

START_TEST(checks_yaml) {
    check_example(&yaml[_i], true);
}
END_TEST

START_TEST(checks_json) {
    check_example(&json[_i], false);
}
END_TEST

// A list within a list within ...: as deep as messages may be, and deeper.
START_TEST(refuses_depth) {
    char text[4000] = "";
    struct message message;

    for (int i = 0; i < 31; i++)
        strcat(text, "{choices: [");
    strcat(text, "{text: a}");
    for (int i = 0; i < 31; i++)
        strcat(text, "]}");
    ck_assert_msg(encode("Choice", true, text, strlen(text), &message), "%s", reported());
    ck_assert_ptr_nonnull(decode("Choice", true, message.words, message.size));
    char deeper[4100];
    sprintf(deeper, "{choices: [{choices: [{choices: [%s]}]}]}", text);
    ck_assert(!encode("Choice", false, deeper, strlen(deeper), &message));
}
END_TEST

START_TEST(refuses_newer_messages) {
    struct message message;
    const char *newer = "fields: [1, 2, 3]\nmore: text\n";

    ck_assert(encode("Newer", true, newer, strlen(newer), &message));
    ck_assert_ptr_null(decode("Choice", true, message.words, message.size));
    ck_assert_str_eq(reported(), "m: error: found bytes that are no message (list of other "
                                 "elements, segment 0, word 1), expected a Choice\n");
}
END_TEST

START_TEST(refuses_what_it_has_no_place_for) {
    uint64_t words[] = {0x0001000200000000u, 0, 5, 0};

    ck_assert_ptr_null(decode("Choice", true, words, 4));
    ck_assert_str_eq(reported(), "m: error: found data that the schema has no place for, expected "
                                 "only what Choice describes\n");
}
END_TEST

START_TEST(refuses_unknown_union_members) {
    uint64_t words[] = {0x0001000100000000u, 9, 0};

    ck_assert_ptr_null(decode("Choice", true, words, 3));
    ck_assert_str_eq(reported(),
                     "m: error: found member number 9 of a union, expected one that the "
                     "schema knows\n");
}
END_TEST

// The schema's rules hold for messages too, with paths for places.
START_TEST(checks_messages) {
    struct message message;
    const char *text = "choice: {nothing: null}\nall: {choice: {nothing: null}, text: ab}\n";

    ck_assert(encode("All", true, text, strlen(text), &message));
    for (uint32_t i = 0; i < message.size; i++)
        if (memcmp(&message.words[i], "ab", 3) == 0)
            memcpy(&message.words[i], "\xff\xfe", 2);
    ck_assert_ptr_null(decode("All", true, message.words, message.size));
    ck_assert_str_eq(reported(),
                     "m: all.text: error: found text that is not UTF-8, expected text that can be "
                     "shown\n");
}
END_TEST

// Random damage to good messages: a text that reads back as the same message, or an error.
START_TEST(bears_any_message) {
    struct harness_random random = harness_random_start();
    struct message good, again;
    const char *text = round_trips[14];

    ck_assert(encode("All", true, text, strlen(text), &good));
    for (int round = 0; round < 3000; round++) {
        uint64_t *words = pool_array(&pool, good.size, 8);
        memcpy(words, good.words, good.size * 8);
        for (int i = 0; i < 1 + round % 3; i++)
            words[harness_random_below(&random, good.size)] ^= 1ull
                                                               << harness_random_below(&random, 64);
        char *shown = decode("All", round % 2, words, good.size);
        ck_assert(shown || diag.errors > 0);
        if (shown)
            ck_assert_msg(encode("All", round % 2, shown, strlen(shown), &again), "%s\n%s", shown,
                          reported());
        pool_fini(&pool);
        begin();
        ck_assert(encode("All", true, text, strlen(text), &good));
    }
}
END_TEST

static void add(TCase *tcase, Suite *suite) {
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
}

int main(void) {
    Suite *suite = suite_create("captool convert");
    TCase *tables = tcase_create("tables"), *messages = tcase_create("messages");

    tcase_add_loop_test(tables, round_trip, 0, sizeof round_trips / sizeof round_trips[0]);
    tcase_add_loop_test(tables, checks_yaml, 0, sizeof yaml / sizeof yaml[0]);
    tcase_add_loop_test(tables, checks_json, 0, sizeof json / sizeof json[0]);
    add(tables, suite);
    tcase_add_test(messages, refuses_depth);
    tcase_add_test(messages, refuses_newer_messages);
    tcase_add_test(messages, refuses_what_it_has_no_place_for);
    tcase_add_test(messages, refuses_unknown_union_members);
    tcase_add_test(messages, checks_messages);
    tcase_add_test(messages, bears_any_message);
    add(messages, suite);
    return harness_run(suite);
}
