// SPDX-License-Identifier: MIT
// The messages of Cap'n Proto's published advisories, and of bug reports of other implementations:
// none may be read beyond its bytes, cost more than its budget, or be taken for something else.
#include "capnp/builder.h"
#include "capnp/stream.h"
#include "capnp/validate.h"
#include "tests/unit/capnp_words.h"

static struct capos_pointer first(struct words *w) {
    return capos_struct_pointer(capos_reader_root(&w->reader), 0);
}

static void refused(struct words *w, enum capos_fault_kind kind) {
    static const struct capos_layout none = {NULL, 0};
    ck_assert(!capos_validate(&w->reader, &none));
    ck_assert_fault(w, kind);
    words_free(w);
}

// CVE-2015-2310: sizes whose sum with the offset, or whose product, wraps to something small.
START_TEST(overflow) {
    const uint64_t root = capos_word_make_struct(0, 0, 1);
    for (int element = CAPOS_ELEMENT_1; element <= CAPOS_ELEMENT_POINTER; element++)
        refused(WORDS(root,
                      capos_word_make_list(0, (enum capos_element)element, CAPOS_LIST_SIZE_MAX), 0),
                CAPOS_FAULT_BOUNDS);
    for (int32_t offset = -0x20000000; offset < 0x1fffff00; offset += 0x1fffff)
        refused(WORDS(root, capos_word_make_list(offset, CAPOS_ELEMENT_8, CAPOS_LIST_SIZE_MAX)),
                CAPOS_FAULT_BOUNDS);
    refused(WORDS(root, capos_word_make_struct(0x1fffffff, 0xffff, 0xffff)), CAPOS_FAULT_BOUNDS);
    refused(WORDS(root, capos_word_make_struct(-0x20000000, 0xffff, 0xffff)), CAPOS_FAULT_BOUNDS);
    refused(WORDS(root, capos_word_make_list(0, CAPOS_ELEMENT_STRUCT, 1),
                  capos_word_make_tag(0x20000000, 8, 0), 0),
            CAPOS_FAULT_BOUNDS);
}
END_TEST

// CVE-2015-2311: text of no bytes at all, whose NUL would be at -1.
START_TEST(underflow) {
    struct words *w =
        WORDS(capos_word_make_struct(0, 0, 1), capos_word_make_list(0, CAPOS_ELEMENT_1, 0));
    ck_assert_uint_eq(capos_pointer_text(first(w)).size, 0);
    ck_assert_fault(w, CAPOS_FAULT_TEXT);
    words_free(w);

    uint64_t words[8];
    struct capos_builder b;
    uint32_t size;
    w = WORDS(capos_word_make_struct(0, 0, 1), capos_word_make_list(0, CAPOS_ELEMENT_1, 0));
    capos_builder_init(&b, words, 8);
    capos_pointer_set_text(capos_struct_builder_pointer(capos_builder_init_root(&b, 0, 1), 0),
                           capos_pointer_text(first(w)));
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(words[1], capos_word_make_list(0, CAPOS_ELEMENT_1, 1));
    words_free(w);
}
END_TEST

// CVE-2015-2312 and -2313: 2^29 - 1 elements in eight bytes.
START_TEST(amplification) {
    refused(WORDS(capos_word_make_struct(0, 0, 1),
                  capos_word_make_list(0, CAPOS_ELEMENT_VOID, CAPOS_LIST_SIZE_MAX)),
            CAPOS_FAULT_BUDGET);
    refused(WORDS(capos_word_make_struct(0, 0, 1), capos_word_make_list(0, CAPOS_ELEMENT_STRUCT, 0),
                  capos_word_make_tag(0x3fffffff, 0, 0)),
            CAPOS_FAULT_BUDGET);
}
END_TEST

// A list of pointers to itself: every level multiplies what there is to visit.
START_TEST(multiplication) {
    uint64_t w[66] = {capos_word_make_struct(0, 0, 1),
                      capos_word_make_list(0, CAPOS_ELEMENT_POINTER, 64)};
    for (int32_t i = 0; i < 64; i++)
        w[2 + i] = capos_word_make_list(-i - 1, CAPOS_ELEMENT_POINTER, 64);
    struct words *words = words_new(w, 66);
    words->reader.budget = 100000;
    refused(words, CAPOS_FAULT_DEPTH);
    for (int32_t i = 0; i < 63; i++)
        w[2 + i] = capos_word_make_list(62 - i, CAPOS_ELEMENT_POINTER, 1);
    w[65] = 0;
    words = words_new(w, 66);
    words->reader.budget = 66;
    refused(words, CAPOS_FAULT_BUDGET);
}
END_TEST

// CVE-2022-46149: read as pointers, the elements of a list of structs begin after their data.
START_TEST(structs_as_pointers) {
    struct words *w =
        WORDS(capos_word_make_struct(0, 0, 1), capos_word_make_list(0, CAPOS_ELEMENT_STRUCT, 4),
              capos_word_make_tag(2, 1, 1), 0x1111, 0, 0x2222,
              capos_word_make_list(0, CAPOS_ELEMENT_1, 8), 0);
    struct capos_list list = capos_pointer_list(first(w), CAPOS_ELEMENT_POINTER);
    ck_assert_uint_eq(list.size, 2);
    ck_assert_uint_eq(capos_pointer_data(capos_list_pointer(list, 1)).size, 8);
    ck_assert(capos_pointer_is_null(capos_list_pointer(list, 2)));
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);

    w = WORDS(capos_word_make_struct(0, 0, 1), capos_word_make_list(0, CAPOS_ELEMENT_STRUCT, 2),
              capos_word_make_tag(2, 1, 0), 0, 0);
    ck_assert_uint_eq(capos_pointer_list(first(w), CAPOS_ELEMENT_POINTER).size, 0);
    ck_assert_fault(w, CAPOS_FAULT_SIZE);
    words_free(w);
}
END_TEST

// 2026-03: a segment count, and segment sizes, whose sums wrap.
START_TEST(segment_table) {
    struct capos_segment segments[4];
    uint32_t count;
    size_t used;
    const uint64_t counts[] = {UINT32_MAX, 511, 512, 4, 0x7fffffff};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        ck_assert_int_eq(capos_stream_parse(&counts[i], 1, segments, 4, &count, &used),
                         CAPOS_STREAM_MANY_SEGMENTS);
    const uint64_t huge[] = {UINT64_C(0xffffffff00000000), 0};
    ck_assert_int_eq(capos_stream_parse(huge, 2, segments, 4, &count, &used),
                     CAPOS_STREAM_TOO_LARGE);
    const uint64_t sum[] = {UINT64_C(0x1fffffff00000003), UINT64_C(0x1fffffff1fffffff),
                            UINT64_C(0x000000001fffffff), 0};
    ck_assert_int_eq(capos_stream_parse(sum, 4, segments, 4, &count, &used), CAPOS_STREAM_SHORT);
    ck_assert_uint_eq(used, 3 + 4 * (size_t)0x1fffffff);
    ck_assert_uint_eq(count, 0);
}
END_TEST

// capnproto-dlang issue 12: a root of 0xaf data words in a segment of seven, which two other
// implementations took for sound.
START_TEST(dlang) {
    const uint64_t framed[] = {UINT64_C(0x0000000700000000),
                               UINT64_C(0x000000af00000000),
                               UINT64_C(0x0001000500000000),
                               0,
                               0,
                               0,
                               0,
                               0};
    struct capos_segment segment;
    uint32_t count;
    size_t used;
    ck_assert_int_eq(capos_stream_parse(framed, 8, &segment, 1, &count, &used), CAPOS_STREAM_OK);
    refused(words_new(segment.words, segment.size), CAPOS_FAULT_BOUNDS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/advisories");

    harness_add(suite, "CVE-2015-2310", overflow);
    harness_add(suite, "CVE-2015-2311", underflow);
    harness_add(suite, "CVE-2015-2312", amplification);
    harness_add(suite, "multiplication", multiplication);
    harness_add(suite, "CVE-2022-46149", structs_as_pointers);
    harness_add(suite, "segment-count", segment_table);
    harness_add(suite, "dlang-12", dlang);
    return harness_run(suite);
}
