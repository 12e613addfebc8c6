// SPDX-License-Identifier: MIT
// capnp/reader.h on messages written by hand: what is read from sound ones, and which fault each
// kind of unsound one gives.
#include "tests/unit/capnp_words.h"

#define STRUCT(offset, data, pointers) capos_word_make_struct(offset, data, pointers)
#define LIST(offset, element, size)    capos_word_make_list(offset, CAPOS_ELEMENT_##element, size)
#define TAG(count, data, pointers)     capos_word_make_tag(count, data, pointers)
#define FAR(pad, segment)              ((uint64_t)(segment) << 32 | (uint64_t)(pad) << 3 | 2)
#define DOUBLE_FAR(pad, segment)       (FAR(pad, segment) | 4)

START_TEST(empty_message_reads_as_defaults) {
    struct words *w = words_new(NULL, 0);
    struct capos_struct root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_struct_u64(root, 0), 0);
    ck_assert(!capos_struct_bool(root, 7));
    ck_assert(capos_pointer_is_null(capos_struct_pointer(root, 0)));
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);
}
END_TEST

START_TEST(fields_of_every_width) {
    struct words *w = WORDS(STRUCT(0, 2, 0), 0x8877665544332211u, 0x01);
    struct capos_struct root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_struct_u8(root, 1), 0x22);
    ck_assert_uint_eq(capos_struct_u16(root, 2), 0x4433);
    ck_assert_uint_eq(capos_struct_u32(root, 4), 0x88776655);
    ck_assert_uint_eq(capos_struct_u64(root, 0), 0x8877665544332211u);
    ck_assert(capos_struct_bool(root, 64));
    ck_assert(!capos_struct_bool(root, 65));
    words_free(w);
}
END_TEST

START_TEST(fields_beyond_the_section_are_defaults) {
    struct words *w = WORDS(STRUCT(0, 1, 1), UINT64_MAX, 0);
    struct capos_struct root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_struct_u8(root, 8), 0);
    ck_assert_uint_eq(capos_struct_u64(root, 8), 0);
    ck_assert(!capos_struct_bool(root, 64));
    ck_assert_uint_eq(capos_pointer_text(capos_struct_pointer(root, 1)).size, 0);
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);
}
END_TEST

START_TEST(text_and_data) {
    struct words *w = WORDS(STRUCT(0, 0, 2), LIST(1, 1, 3), LIST(1, 1, 8), 0x006968, 0x42);
    struct capos_struct root = capos_reader_root(&w->reader);
    struct capos_text text = capos_pointer_text(capos_struct_pointer(root, 0));
    struct capos_data data = capos_pointer_data(capos_struct_pointer(root, 1));
    ck_assert_uint_eq(text.size, 2);
    ck_assert_str_eq(text.data, "hi");
    ck_assert_uint_eq(data.size, 8);
    ck_assert_uint_eq(data.data[0], 0x42);
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);
}
END_TEST

static void expect_text_fault(struct words *w, enum capos_fault_kind kind) {
    struct capos_text text =
        capos_pointer_text(capos_struct_pointer(capos_reader_root(&w->reader), 0));
    ck_assert_uint_eq(text.size, 0);
    ck_assert_str_eq(text.data, "");
    ck_assert_fault(w, kind);
    ck_assert_uint_eq(w->reader.fault.word, 1);
    words_free(w);
}

START_TEST(text_that_is_none) {
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(0, 1, 0)), CAPOS_FAULT_TEXT);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(0, 1, 2), 0x6968), CAPOS_FAULT_TEXT);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(0, 2, 1), 0), CAPOS_FAULT_SIZE);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), STRUCT(0, 1, 0), 0), CAPOS_FAULT_KIND);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(0, 1, 9), 0), CAPOS_FAULT_BOUNDS);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(-3, 1, 1), 0), CAPOS_FAULT_BOUNDS);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(0, 1, CAPOS_LIST_SIZE_MAX), 0),
                      CAPOS_FAULT_BOUNDS);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(0x1fffffff, 1, 1), 0), CAPOS_FAULT_BOUNDS);
    expect_text_fault(WORDS(STRUCT(0, 0, 1), LIST(-0x20000000, 1, 1), 0), CAPOS_FAULT_BOUNDS);
}
END_TEST

START_TEST(struct_outside_of_the_message) {
    struct words *w = WORDS(STRUCT(0, 0xaf, 0), 0, 0, 0, 0, 0);
    ck_assert_uint_eq(capos_reader_root(&w->reader).data_bytes, 0);
    ck_assert_fault(w, CAPOS_FAULT_BOUNDS);
    words_free(w);
}
END_TEST

START_TEST(struct_without_words_leads_to_itself) {
    struct words *w = WORDS(STRUCT(-1, 0, 0));
    ck_assert_uint_eq(capos_reader_root(&w->reader).pointers, 0);
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);
}
END_TEST

START_TEST(list_of_structs) {
    struct words *w = WORDS(STRUCT(0, 0, 1), LIST(0, STRUCT, 4), TAG(2, 1, 1), 10, 0, 20, 0);
    struct capos_list list = capos_pointer_list(
        capos_struct_pointer(capos_reader_root(&w->reader), 0), CAPOS_ELEMENT_STRUCT);
    ck_assert_uint_eq(list.size, 2);
    ck_assert_uint_eq(capos_struct_u64(capos_list_struct(list, 1), 0), 20);
    ck_assert_uint_eq(capos_list_u32(list, 0), 10);
    ck_assert_uint_eq(capos_struct_u64(capos_list_struct(list, 2), 0), 0);
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);
}
END_TEST

START_TEST(list_of_bits) {
    struct words *w = WORDS(STRUCT(0, 0, 1), LIST(0, BIT, 10), 0x0205);
    struct capos_list list = capos_pointer_list(
        capos_struct_pointer(capos_reader_root(&w->reader), 0), CAPOS_ELEMENT_BIT);
    ck_assert_uint_eq(list.size, 10);
    ck_assert(capos_list_bool(list, 0) && !capos_list_bool(list, 1) && capos_list_bool(list, 2));
    ck_assert(capos_list_bool(list, 9) && !capos_list_bool(list, 10));
    words_free(w);
}
END_TEST

static void expect_list_fault(struct words *w, enum capos_element expected,
                              enum capos_fault_kind kind) {
    struct capos_list list =
        capos_pointer_list(capos_struct_pointer(capos_reader_root(&w->reader), 0), expected);
    ck_assert_uint_eq(list.size, 0);
    ck_assert_fault(w, kind);
    words_free(w);
}

START_TEST(lists_that_are_none) {
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, STRUCT, 2), TAG(3, 1, 0), 0, 0),
                      CAPOS_ELEMENT_STRUCT, CAPOS_FAULT_BOUNDS);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, STRUCT, 2), LIST(2, 1, 1), 0, 0),
                      CAPOS_ELEMENT_STRUCT, CAPOS_FAULT_KIND);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, STRUCT, 2), TAG(1, 1, 0), 0),
                      CAPOS_ELEMENT_STRUCT, CAPOS_FAULT_BOUNDS);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, STRUCT, CAPOS_LIST_SIZE_MAX), TAG(1, 1, 0), 0),
                      CAPOS_ELEMENT_STRUCT, CAPOS_FAULT_BOUNDS);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, STRUCT, 1), TAG(0x3fffffff, 0xffff, 0xffff)),
                      CAPOS_ELEMENT_STRUCT, CAPOS_FAULT_BOUNDS);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, POINTER, CAPOS_LIST_SIZE_MAX), 0),
                      CAPOS_ELEMENT_POINTER, CAPOS_FAULT_BOUNDS);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, BIT, 65), 0), CAPOS_ELEMENT_BIT,
                      CAPOS_FAULT_BOUNDS);
    expect_list_fault(WORDS(STRUCT(0, 0, 1), LIST(0, BIT, 64), 0), CAPOS_ELEMENT_STRUCT,
                      CAPOS_FAULT_SIZE);
}
END_TEST

START_TEST(elements_without_room_cost) {
    struct words *w = WORDS(STRUCT(0, 0, 2), LIST(1, VOID, CAPOS_LIST_SIZE_MAX), LIST(0, STRUCT, 0),
                            TAG(0x3fffffff, 0, 0));
    struct capos_struct root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_pointer_any_list(capos_struct_pointer(root, 0)).size, 0);
    ck_assert_fault(w, CAPOS_FAULT_BUDGET);
    capos_reader_init(&w->reader, w->copies[0], 4);
    root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_pointer_any_list(capos_struct_pointer(root, 1)).size, 0);
    ck_assert_fault(w, CAPOS_FAULT_BUDGET);
    words_free(w);
}
END_TEST

START_TEST(a_cycle_ends_by_depth_and_by_budget) {
    struct words *w = WORDS(STRUCT(-1, 0, 1));
    struct capos_struct s = capos_reader_root(&w->reader);
    uint32_t levels = 0;
    while (capos_reader_ok(&w->reader) && levels++ < 1000)
        s = capos_pointer_struct(capos_struct_pointer(s, 0));
    ck_assert_uint_eq(levels, CAPOS_READER_DEPTH);
    ck_assert_fault(w, CAPOS_FAULT_DEPTH);

    capos_reader_init(&w->reader, w->copies[0], 1);
    w->reader.budget = 10;
    s = capos_reader_root(&w->reader);
    for (levels = 0; capos_reader_ok(&w->reader) && levels < 1000; levels++)
        capos_pointer_struct(capos_struct_pointer(s, 0));
    ck_assert_uint_eq(levels, 10);
    ck_assert_fault(w, CAPOS_FAULT_BUDGET);
    words_free(w);
}
END_TEST

START_TEST(the_first_fault_stays) {
    struct words *w = WORDS(STRUCT(0, 0, 2), LIST(9, 1, 9), STRUCT(0, 1, 0), 0);
    struct capos_struct root = capos_reader_root(&w->reader);
    capos_pointer_text(capos_struct_pointer(root, 0));
    capos_pointer_text(capos_struct_pointer(root, 1));
    ck_assert_fault(w, CAPOS_FAULT_BOUNDS);
    ck_assert_uint_eq(w->reader.fault.word, 1);
    words_free(w);
}
END_TEST

START_TEST(capabilities_name_descriptors) {
    struct words *w = WORDS(STRUCT(0, 0, 3), capos_word_make_capability(0),
                            capos_word_make_capability(1), 0x0000000100000007u);
    const struct capos_descriptor descriptors[] = {{77, 0, 0, CAPOS_TRANSFER_COPY, 0, 0, {0}}};
    capos_reader_set_descriptors(&w->reader, descriptors, 1);
    struct capos_struct root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_pointer_capability(capos_struct_pointer(root, 0))->cap, 77);
    ck_assert_ptr_null(capos_pointer_capability(capos_struct_pointer(root, 5)));
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    ck_assert_ptr_null(capos_pointer_capability(capos_struct_pointer(root, 1)));
    ck_assert_fault(w, CAPOS_FAULT_CAPABILITY);
    w->reader.fault.kind = CAPOS_FAULT_NONE;
    ck_assert_ptr_null(capos_pointer_capability(capos_struct_pointer(root, 2)));
    ck_assert_fault(w, CAPOS_FAULT_RESERVED);
    words_free(w);
}
END_TEST

// A root in segment 0 that leads to a struct of one word and one text in others.
static struct words *far_message(uint64_t root, const uint64_t *pad, uint32_t pad_words) {
    const uint64_t content[] = {42, LIST(0, 1, 3), 0x006968};
    struct words *w = WORDS(root);
    words_segment(w, 1, pad, pad_words);
    words_segment(w, 2, content, 3);
    capos_reader_init_segments(&w->reader, w->segments, 3);
    return w;
}

START_TEST(far_pointers) {
    const uint64_t near[] = {0, STRUCT(0, 1, 1), 42, LIST(0, 1, 3), 0x006968};
    struct words *w = far_message(FAR(1, 1), near, 5);
    struct capos_struct root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_struct_u64(root, 0), 42);
    ck_assert_str_eq(capos_pointer_text(capos_struct_pointer(root, 0)).data, "hi");
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);

    const uint64_t twice[] = {FAR(0, 2), STRUCT(0, 1, 1)};
    w = far_message(DOUBLE_FAR(0, 1), twice, 2);
    root = capos_reader_root(&w->reader);
    ck_assert_uint_eq(capos_struct_u64(root, 0), 42);
    ck_assert_str_eq(capos_pointer_text(capos_struct_pointer(root, 0)).data, "hi");
    ck_assert_fault(w, CAPOS_FAULT_NONE);
    words_free(w);
}
END_TEST

static void expect_far_fault(uint64_t root, const uint64_t *pad, uint32_t pad_words,
                             enum capos_fault_kind kind) {
    struct words *w = far_message(root, pad, pad_words);
    ck_assert_uint_eq(capos_reader_root(&w->reader).data_bytes, 0);
    ck_assert_fault(w, kind);
    words_free(w);
}

START_TEST(far_pointers_that_are_none) {
    const uint64_t far_far[] = {FAR(0, 2), STRUCT(0, 1, 1)};
    const uint64_t far_segment[] = {FAR(0, 3), STRUCT(0, 1, 1)};
    const uint64_t double_double[] = {DOUBLE_FAR(0, 2), STRUCT(0, 1, 1)};
    const uint64_t no_far[] = {STRUCT(0, 1, 1), STRUCT(0, 1, 1)};
    const uint64_t tag_offset[] = {FAR(0, 2), STRUCT(1, 1, 1)};
    const uint64_t too_long[] = {FAR(0, 2), STRUCT(0, 4, 0)};
    const uint64_t behind[] = {FAR(4, 2), STRUCT(0, 0, 0)};
    expect_far_fault(FAR(0, 3), far_far, 2, CAPOS_FAULT_SEGMENT);
    expect_far_fault(FAR(0, UINT32_MAX), far_far, 2, CAPOS_FAULT_SEGMENT);
    expect_far_fault(FAR(2, 1), far_far, 2, CAPOS_FAULT_BOUNDS);
    expect_far_fault(FAR(0x1fffffff, 1), far_far, 2, CAPOS_FAULT_BOUNDS);
    expect_far_fault(DOUBLE_FAR(1, 1), far_far, 2, CAPOS_FAULT_BOUNDS);
    expect_far_fault(FAR(0, 1), far_far, 2, CAPOS_FAULT_FAR);
    expect_far_fault(DOUBLE_FAR(0, 1), far_segment, 2, CAPOS_FAULT_SEGMENT);
    expect_far_fault(DOUBLE_FAR(0, 1), double_double, 2, CAPOS_FAULT_FAR);
    expect_far_fault(DOUBLE_FAR(0, 1), no_far, 2, CAPOS_FAULT_FAR);
    expect_far_fault(DOUBLE_FAR(0, 1), tag_offset, 2, CAPOS_FAULT_FAR);
    expect_far_fault(DOUBLE_FAR(0, 1), too_long, 2, CAPOS_FAULT_BOUNDS);
    expect_far_fault(DOUBLE_FAR(0, 1), behind, 2, CAPOS_FAULT_BOUNDS);
}
END_TEST

START_TEST(segments_that_are_none) {
    uint64_t words[2] = {0, 0};
    struct capos_reader reader;
    capos_reader_init(&reader, (const uint64_t *)((const char *)words + 4), 1);
    ck_assert_int_eq(reader.fault.kind, CAPOS_FAULT_MESSAGE);
    capos_reader_init(&reader, words, (size_t)CAPOS_SEGMENT_WORDS_MAX + 1);
    ck_assert_int_eq(reader.fault.kind, CAPOS_FAULT_MESSAGE);
    capos_reader_init(&reader, words, SIZE_MAX);
    ck_assert_int_eq(reader.fault.kind, CAPOS_FAULT_MESSAGE);
    capos_reader_init_segments(&reader, NULL, 0);
    ck_assert_int_eq(reader.fault.kind, CAPOS_FAULT_MESSAGE);
    ck_assert_uint_eq(capos_reader_root(&reader).data_bytes, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/reader");

    harness_add(suite, "empty", empty_message_reads_as_defaults);
    harness_add(suite, "fields", fields_of_every_width);
    harness_add(suite, "beyond", fields_beyond_the_section_are_defaults);
    harness_add(suite, "text", text_and_data);
    harness_add(suite, "no-text", text_that_is_none);
    harness_add(suite, "outside", struct_outside_of_the_message);
    harness_add(suite, "zero-size", struct_without_words_leads_to_itself);
    harness_add(suite, "structs", list_of_structs);
    harness_add(suite, "bits", list_of_bits);
    harness_add(suite, "no-list", lists_that_are_none);
    harness_add(suite, "amplification", elements_without_room_cost);
    harness_add(suite, "cycle", a_cycle_ends_by_depth_and_by_budget);
    harness_add(suite, "sticky", the_first_fault_stays);
    harness_add(suite, "capabilities", capabilities_name_descriptors);
    harness_add(suite, "far", far_pointers);
    harness_add(suite, "no-far", far_pointers_that_are_none);
    harness_add(suite, "segments", segments_that_are_none);
    return harness_run(suite);
}
