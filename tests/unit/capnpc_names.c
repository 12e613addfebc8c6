// SPDX-License-Identifier: MIT
// Names and text of the schema compiler: snake_case, reserved words, comments that can't get out of
// hand, and lines that are broken where they must be.
#include "capnpc-capos/names.h"
#include "capnpc-capos/out.h"

#include "tests/harness.h"

#include <string.h>

static struct arena arena;

START_TEST(snake_case) {
    static const char *const pairs[][2] = {
        {"x", "x"},
        {"memoryObject", "memory_object"},
        {"MemoryObject", "memory_object"},
        {"HTTPServer", "http_server"},
        {"serveHTTP", "serve_http"},
        {"x509Cert", "x509_cert"},
        {"aB", "a_b"},
        {"u8s", "u8s"},
        {"vmMap2", "vm_map2"},
        {"id2Name", "id2_name"},
        {"c++", "c__"},
        {"", ""},
    };
    arena_init(&arena);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_str_eq(names_snake(&arena, pairs[i][0]), pairs[i][1]);
    ck_assert_str_eq(names_upper(&arena, "memory_object2"), "MEMORY_OBJECT2");
    arena_fini(&arena);
}
END_TEST

// Keywords of C11 and C++20, and macros in small letters.
START_TEST(reserved_words) {
    static const char words[] =
        "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t "
        "char16_t "
        "char32_t class compl concept const consteval constexpr constinit const_cast continue "
        "co_await "
        "co_return co_yield decltype default delete do double dynamic_cast else enum explicit "
        "export "
        "extern false float for friend goto if inline int long mutable namespace new noexcept not "
        "not_eq nullptr operator or or_eq private protected public register reinterpret_cast "
        "requires "
        "restrict return short signed sizeof static static_assert static_cast struct switch "
        "template "
        "this thread_local throw true try typedef typeid typename union unsigned using virtual "
        "void "
        "volatile wchar_t while xor xor_eq linux unix i386 errno assert stdin stdout stderr";
    arena_init(&arena);
    char *copy = arena_copy(&arena, words, strlen(words));
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        size_t size = strlen(word);
        const char *safe = names_safe(&arena, word);
        ck_assert_msg(strlen(safe) == size + 1 && safe[size] == '_', "%s", word);
    }
    ck_assert_str_eq(names_safe(&arena, "delegate"), "delegate");
    ck_assert_str_eq(names_safe(&arena, ""), "");
    arena_fini(&arena);
}
END_TEST

static void comment(const char *text, const char *expected) {
    struct out out;
    out_init(&out);
    out_printf(&out, "%s", "");
    out_comment(&out, "", text);
    ck_assert_str_eq(out.data, expected);
    out_fini(&out);
}

START_TEST(comments_stay_comments) {
    comment("", "");
    comment("One.\n", "// One.\n");
    comment("One.\n\nTwo.  \n", "// One.\n//\n// Two.\n");
    comment("ends in \\\n", "// ends in \\.\n");
    comment("ends in \\  \nx\n", "// ends in \\.\n// x\n");
    comment("what?"
            "?/\n",
            "// what? ?/\n");
    comment("a\tb\x7f"
            "c\n",
            "// a b c\n");
}
END_TEST

START_TEST(long_lines_are_broken) {
    char text[400], expected[400];
    memset(text, 'a', 96);
    strcpy(text + 96, " bb\ncc\n");
    strcpy(expected, "// ");
    memset(expected + 3, 'a', 96);
    strcpy(expected + 99, "\n// bb cc\n");
    comment(text, expected);
}
END_TEST

START_TEST(prototypes_fit) {
    struct out out;
    out_init(&out);
    for (int length = 1; length < 90; length++) {
        char name[100] = "";
        memset(name, 'n', (size_t)length);
        out_prototype(&out, "static inline ", "struct capos_text", name,
                      "struct capos_reader *reader, uint32_t index, uint32_t number", ") {\n");
    }
    for (char *line = strtok(out.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        ck_assert_msg(strlen(line) <= OUT_COLUMNS, "%s", line);
    out_fini(&out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnpc/names");

    harness_add(suite, "snake", snake_case);
    harness_add(suite, "reserved", reserved_words);
    harness_add(suite, "comments", comments_stay_comments);
    harness_add(suite, "lines", long_lines_are_broken);
    harness_add(suite, "prototypes", prototypes_fit);
    return harness_run(suite);
}
