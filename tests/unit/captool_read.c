// SPDX-License-Identifier: MIT
//
// captool/common/read_text.h: texts that become trees, and what is said about those that don't.
#include "captool/common/read_text.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

typedef struct tree *reader(struct diag *diag, const struct source *source);

// A tree in one line: plain as it is, literals in <>, texts in "", bytes in ''.
static void print_tree(const struct tree *tree, FILE *out) {
    static const char quotes[][3] = {"  ", "<>", "\"\"", "''", "  "};

    if (tree->kind == TREE_SCALAR) {
        fprintf(out, "%.1s%s%.1s", quotes[tree->style], tree->text, quotes[tree->style] + 1);
        return;
    }
    fputc(tree->kind == TREE_MAPPING ? '{' : '[', out);
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->kind == TREE_MAPPING) {
            print_tree(tree->members[i].key, out);
            fputc(':', out);
        }
        print_tree(tree->kind == TREE_MAPPING ? tree->members[i].value : tree->items[i], out);
    }
    fputc(tree->kind == TREE_MAPPING ? '}' : ']', out);
}

// The first line of every error and note, or the tree if there are none.
static char *read_all(reader *read, const char *text, size_t text_size) {
    struct pool pool;
    struct diag diag;
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);

    pool_init(&pool);
    diag_init(&diag, &pool);
    struct source source = {"f", pool_copy(&pool, text, text_size), text_size};
    struct tree *tree = read(&diag, &source);
    ck_assert(tree || diag.errors > 0);
    if (diag.errors == 0)
        print_tree(tree, out);
    else
        diag_print(&diag, out);
    fclose(out);
    pool_fini(&pool);
    return result;
}

static void expect(reader *read, const char *text, const char *expected) {
    char *result = read_all(read, text, strlen(text));

    ck_assert_msg(strstr(result, expected) == result, "%s\ngives:\n%s\nexpected:\n%s", text, result,
                  expected);
    free(result);
}

struct example {
    const char *text;
    const char *result; // the tree, or the beginning of what is printed
};

static const struct example json[] = {
    {"{\"a\": [1, -2.5e+3, true, false, null, \"x\"]}",
     "{\"a\":[<1><-2.5e+3><true><false><null>\"x\"]}"},
    {"\"\\u00e9\\ud83d\\ude00\\n\\/\\\"\"", "\"\xc3\xa9\xf0\x9f\x98\x80\n/\"\""},
    {"18446744073709551615", "<18446744073709551615>"},
    {" [ ] ", "[]"},
    {"{}", "{}"},
    {"", "f:1:1: error: found the end of the file, expected a value\n"},
    {"[1,]", "f:1:4: error: found `]`, expected a value\n"},
    {"[1 2]", "f:1:4: error: found `2`, expected `,` or `]`\n"},
    {"{\"a\" 1}", "f:1:6: error: found `1`, expected `:`\n"},
    {"{\"a\": 1 \"b\": 2}", "f:1:9: error: found `\"`, expected `,` or `}`\n"},
    {"{a: 1}", "f:1:2: error: found `a`, expected a name in `\"`\n"},
    {"{'a': 1}", "f:1:2: error: found `'`, expected a name in `\"`\n"},
    {"[tru]", "f:1:2: error: found `tru`, expected a value\n"},
    {"[01]", "f:1:2: error: found `01`, expected a number of JSON\n"},
    {"[+1]", "f:1:2: error: found `+1`, expected a value\n"},
    {"[1.]", "f:1:2: error: found `1.`, expected a number of JSON\n"},
    {"[1e]", "f:1:2: error: found `1e`, expected a number of JSON\n"},
    {"[0x10]", "f:1:2: error: found `0x10`, expected a number of JSON\n"},
    {"[-]", "f:1:2: error: found `-`, expected a number of JSON\n"},
    {"[NaN]", "f:1:2: error: found `NaN`, expected a value\n"},
    {"\"abc", "f:1:5: error: found the end of the file, expected the closing `\"`"},
    {"\"abc\n\"", "f:1:5: error: found the end of the line, expected the closing `\"`"},
    {"\"a\\", "f:1:3: error: found `\\`, expected an escape sequence of JSON\n"},
    {"\"\\q\"", "f:1:2: error: found `\\q`, expected an escape sequence of JSON\n"},
    {"\"\\u12g4\"", "f:1:2: error: found `\\u12`, expected an escape sequence of JSON\n"},
    {"\"\\udc00\"", "f:1:2: error: found `\\udc00`, expected an escape sequence of JSON\n"},
    {"\"\\ud800x\"", "f:1:2: error: found `\\ud800`, expected an escape sequence of JSON\n"},
    {"1 2", "f:1:3: error: found `2`, expected the end of the file\n"},
    {"[1] // no", "f:1:5: error: found `/`, expected the end of the file\n"},
    {"\n \"\xff\"", "f:2:3: error: found the byte 0xff, expected text in UTF-8\n"},
    {"{\"a\":1,\n \"a\":2}", "f:2:2: error: found `a` a second time, expected each name once\n"
                             "    2 |  \"a\":2}\n      |  ^~~\n"
                             "f:1:2: note: it is here first\n"},
};

static const struct example yaml[] = {
    {"a: 1\nb: [x, \"y\"]\nc:\n- d: e f\n  g:\n", "{ a : 1  b :[ x \"y\"] c :[{ d : e f  g :  }]}"},
    {"a: !!binary aGk=\nb: !!str 1\n", "{ a :'hi' b :\"1\"}"},
    {"a: |\n  x\n  y\n", "{ a :\"x\ny\n\"}"},
    {"a: &x {b: 1}\nc: *x\n", "{ a :{ b : 1 } c :{ b : 1 }}"},
    {"", "f:1:1: error: found nothing, expected a document\n"},
    {"# only a comment\n", "f:1:1: error: found nothing, expected a document\n"},
    {"a: 1\n---\nb: 1\n", "f:2:1: error: found a second document, expected the end of the file\n"},
    {"a: 1\nb: 2\na: 3\n", "f:3:1: error: found `a` a second time, expected each name once\n"
                           "    3 | a: 3\n      | ^\n"
                           "f:1:1: note: it is here first\n"},
    {"a: !tag x\n", "f:1:4: error: found the tag `!tag`, expected !!binary, !!str or no tag\n"},
    {"a: !tag {}\n", "f:1:4: error: found the tag `!tag`, expected no tag\n"},
    {"a: !!binary 'a'\n", "f:1:13: error: found no base64, expected it after !!binary\n"},
    {"a: *b\n", "f:1:4: error: found the alias `b`, expected one whose anchor is complete\n"},
    {"a: &b [*b]\n", "f:1:8: error: found the alias `b`, expected one whose anchor is complete\n"},
    {"? [a]\n: b\n", "f:1:3: error: found a list, expected a name as key\n"},
    {"a: [1, 2\n", "f:2:1: error: found broken YAML (flow sequence without a closing bracket)"},
    {"a: \"b\n", "f:1:5: error: found broken YAML (double-quoted scalar without closing quote)"},
    {"a: @\n", "f:1:4: error: found broken YAML (plain scalar cannot start with '@')"},
    {"a: \xff\n", "f:1:4: error: found the byte 0xff, expected text in UTF-8\n"},
};

START_TEST(reads_json) {
    expect(read_json, json[_i].text, json[_i].result);
}
END_TEST

START_TEST(reads_yaml) {
    expect(read_yaml, yaml[_i].text, yaml[_i].result);
}
END_TEST

START_TEST(refuses_nul) {
    char *result = read_all(read_yaml, "a: \0", 4);

    ck_assert_ptr_nonnull(strstr(result, "f:1:4: error: found the byte 0x00"));
    free(result);
}
END_TEST

START_TEST(refuses_depth) {
    char text[5001];

    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = 0;
    expect(read_json, text, "f:1:129: error: found `[`, expected at most 128 levels");
    expect(read_yaml, text, "f:1:");
}
END_TEST

START_TEST(refuses_aliases_without_end) {
    char text[1000] = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";

    for (int i = 1; i < 8; i++)
        sprintf(text + strlen(text), "- &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    expect(read_yaml, text, "f:7:");
}
END_TEST

// Random changes to good texts: a tree or an error, and nothing for the sanitizers to say.
START_TEST(bears_anything) {
    struct harness_random random = harness_random_start();

    for (int round = 0; round < 4000; round++) {
        bool is_json = round % 2 == 0;
        size_t count = is_json ? sizeof json / sizeof json[0] : sizeof yaml / sizeof yaml[0];
        const char *good = (is_json ? json : yaml)[harness_random_below(&random, count)].text;
        size_t size = strlen(good);
        char *text = malloc(size + 1);
        memcpy(text, good, size + 1);
        for (int i = 0; size > 0 && i < 3; i++)
            text[harness_random_below(&random, size)] = "\"\\[]{}:,-&*! \n\tu0a\xc3"[round % 20];
        free(read_all(is_json ? read_json : read_yaml, text, size));
        free(text);
    }
}
END_TEST

START_TEST(reads_base64) {
    static const struct {
        const char *text;
        const char *bytes; // NULL: none
    } examples[] = {
        {"", ""},       {"aA==", "h"},  {"aGk=", "hi"}, {"aGlo", "hih"}, {" aG\nlo ", "hih"},
        {"a", NULL},    {"aA", NULL},   {"aA=", NULL},  {"aB==", NULL},  {"aGl=", NULL},
        {"aG=k", NULL}, {"a===", NULL}, {"aG*k", NULL}, {"====", NULL},  {"=", NULL},
    };
    struct pool pool;

    pool_init(&pool);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        size_t size = 0;
        const char *text = examples[i].text;
        char *bytes = read_base64(&pool, text, strlen(text), &size);
        ck_assert_msg((bytes == NULL) == (examples[i].bytes == NULL), "%s", text);
        if (bytes) {
            ck_assert_uint_eq(size, strlen(examples[i].bytes));
            ck_assert_mem_eq(bytes, examples[i].bytes, size);
        }
    }
    pool_fini(&pool);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("captool read");
    TCase *tables = tcase_create("tables");

    tcase_set_timeout(tables, 120);
    tcase_add_loop_test(tables, reads_json, 0, sizeof json / sizeof json[0]);
    tcase_add_loop_test(tables, reads_yaml, 0, sizeof yaml / sizeof yaml[0]);
    suite_add_tcase(suite, tables);
    harness_add(suite, "refuses NUL", refuses_nul);
    harness_add(suite, "refuses depth", refuses_depth);
    harness_add(suite, "refuses aliases without end", refuses_aliases_without_end);
    harness_add(suite, "bears anything", bears_anything);
    harness_add(suite, "reads base64", reads_base64);
    return harness_run(suite);
}
