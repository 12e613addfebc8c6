// SPDX-License-Identifier: MIT
// capnp/builder.h: the words that are built, and what happens when the buffer ends.
#include "capnp/builder.h"

#include "tests/harness.h"

#include <string.h>

static struct capos_text text_of(const char *s) {
    struct capos_text text = {s, (uint32_t)strlen(s)};
    return text;
}

// A struct with a text, a list of structs of one word and one text each, bits and numbers.
static void build(struct capos_builder *b) {
    struct capos_struct_builder root = capos_builder_init_root(b, 1, 4);
    capos_struct_set_u16(root, 2, 0x1234);
    capos_struct_set_bool(root, 1, true);
    capos_struct_set_bool(root, 0, true);
    capos_struct_set_bool(root, 0, false);
    capos_pointer_set_text(capos_struct_builder_pointer(root, 0), text_of("hello"));
    struct capos_list_builder list =
        capos_pointer_init_struct_list(capos_struct_builder_pointer(root, 1), 2, 1, 1);
    for (uint32_t i = 0; i < 2; i++) {
        struct capos_struct_builder s = capos_list_builder_struct(list, i);
        capos_struct_set_u64(s, 0, 100 + i);
        capos_pointer_set_text(capos_struct_builder_pointer(s, 0), text_of(i ? "b" : "a"));
    }
    struct capos_list_builder bits =
        capos_pointer_init_list(capos_struct_builder_pointer(root, 2), CAPOS_ELEMENT_BIT, 9);
    capos_list_set_bool(bits, 8, true);
    struct capos_list_builder numbers =
        capos_pointer_init_list(capos_struct_builder_pointer(root, 3), CAPOS_ELEMENT_4, 3);
    capos_list_set_u32(numbers, 2, 7);
}

enum { BUILT_WORDS = 16 };

START_TEST(words_are_laid_out_front_to_back) {
    uint64_t words[32];
    struct capos_builder b;
    uint32_t size;
    memset(words, 0xa5, sizeof words);
    capos_builder_init(&b, words, 32);
    build(&b);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_OK);
    const uint64_t expected[BUILT_WORDS] = {
        capos_word_make_struct(0, 1, 4),
        0x12340002,
        capos_word_make_list(3, CAPOS_ELEMENT_1, 6),
        capos_word_make_list(3, CAPOS_ELEMENT_STRUCT, 4),
        capos_word_make_list(9, CAPOS_ELEMENT_BIT, 9),
        capos_word_make_list(9, CAPOS_ELEMENT_4, 3),
        0x6f6c6c6568,
        capos_word_make_tag(2, 1, 1),
        100,
        capos_word_make_list(2, CAPOS_ELEMENT_1, 2),
        101,
        capos_word_make_list(1, CAPOS_ELEMENT_1, 2),
        'a',
        'b',
        0x100,
        0,
    };
    ck_assert_uint_eq(size, BUILT_WORDS + 1);
    for (uint32_t i = 0; i < BUILT_WORDS; i++)
        ck_assert_msg(words[i] == expected[i], "word %u is %llx", i, (unsigned long long)words[i]);
    ck_assert_uint_eq(words[16], 7);
}
END_TEST

START_TEST(a_short_buffer_is_told_how_much_is_needed) {
    uint64_t words[32];
    struct capos_builder b;
    uint32_t size;
    for (uint32_t capacity = 0; capacity < BUILT_WORDS + 1; capacity++) {
        memset(words, 0xa5, sizeof words);
        capos_builder_init(&b, words, capacity);
        build(&b);
        ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_FULL);
        ck_assert_uint_eq(size, 0);
        ck_assert_uint_eq(b.needed, BUILT_WORDS + 1);
        for (uint32_t i = capacity; i < 32; i++)
            ck_assert_uint_eq(words[i], 0xa5a5a5a5a5a5a5a5u);
    }
}
END_TEST

START_TEST(sizes_that_no_pointer_can_express) {
    uint64_t words[4];
    struct capos_builder b;
    uint32_t size;
    const uint32_t big = CAPOS_LIST_SIZE_MAX;
    for (int i = 0; i < 4; i++) {
        capos_builder_init(&b, words, 4);
        struct capos_pointer_builder p =
            capos_struct_builder_pointer(capos_builder_init_root(&b, 0, 1), 0);
        if (i == 0)
            capos_pointer_init_list(p, CAPOS_ELEMENT_VOID, big + 1);
        if (i == 1)
            capos_pointer_init_struct_list(p, big, 0xffff, 0xffff);
        if (i == 2)
            ck_assert_ptr_null(capos_pointer_init_text(p, UINT32_MAX));
        if (i == 3)
            ck_assert_ptr_null(capos_pointer_init_data(p, big + 1));
        ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_RANGE);
    }
}
END_TEST

START_TEST(an_index_out_of_its_list) {
    uint64_t words[8];
    struct capos_builder b;
    uint32_t size;
    capos_builder_init(&b, words, 8);
    struct capos_struct_builder root = capos_builder_init_root(&b, 0, 1);
    struct capos_list_builder list =
        capos_pointer_init_list(capos_struct_builder_pointer(root, 0), CAPOS_ELEMENT_8, 2);
    capos_list_set_u64(list, 1, 5);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(size, 4);
    capos_list_set_u64(list, 2, 5);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_RANGE);
}
END_TEST

START_TEST(fields_beyond_the_struct_are_not_set) {
    uint64_t words[3] = {0, 0, 0x77};
    struct capos_builder b;
    capos_builder_init(&b, words, 2);
    struct capos_struct_builder root = capos_builder_init_root(&b, 1, 0);
    capos_struct_set_u64(root, 8, 1);
    capos_struct_set_u8(root, 8, 1);
    capos_struct_set_bool(root, 64, true);
    ck_assert_uint_eq(words[2], 0x77);
    capos_pointer_set_text(capos_struct_builder_pointer(root, 0), text_of("x"));
    ck_assert_uint_eq(words[0], capos_word_make_struct(0, 1, 0));
}
END_TEST

START_TEST(capabilities_take_descriptors) {
    uint64_t words[8];
    struct capos_descriptor descriptors[2];
    struct capos_descriptor d = {5, 0, 0, CAPOS_TRANSFER_MOVE, 0, 0, {0}};
    struct capos_builder b;
    uint32_t size;
    capos_builder_init(&b, words, 8);
    capos_builder_set_descriptors(&b, descriptors, 2);
    struct capos_struct_builder root = capos_builder_init_root(&b, 0, 3);
    capos_pointer_set_capability(capos_struct_builder_pointer(root, 1), d);
    d.cap = 6;
    capos_pointer_set_capability(capos_struct_builder_pointer(root, 0), d);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(b.descriptor_count, 2);
    ck_assert_uint_eq(descriptors[0].cap, 5);
    ck_assert_uint_eq(words[1], capos_word_make_capability(1));
    ck_assert_uint_eq(words[2], capos_word_make_capability(0));
    capos_pointer_set_capability(capos_struct_builder_pointer(root, 2), d);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_ROOM);
    ck_assert_uint_eq(words[3], 0);
}
END_TEST

// A message is copied object by object, from handles and from pointers, with the same result; what
// can't be read is not copied.
START_TEST(copies_are_the_same) {
    uint64_t words[32], copied[32];
    struct capos_builder b, c;
    struct capos_reader reader;
    uint32_t size;
    capos_builder_init(&b, words, 32);
    build(&b);
    capos_reader_init(&reader, words, b.used);
    capos_builder_init(&c, copied, 32);
    capos_pointer_copy(capos_builder_init_root_pointer(&c), capos_reader_root_pointer(&reader));
    ck_assert_int_eq(capos_builder_finish(&c, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(size, b.used);
    ck_assert_mem_eq(words, copied, sizeof *words * size);
    memset(copied, 0, sizeof copied);
    capos_builder_init(&c, copied, 32);
    capos_pointer_set_struct(capos_builder_init_root_pointer(&c), capos_reader_root(&reader));
    ck_assert_int_eq(capos_builder_finish(&c, &size), CAPOS_BUILD_OK);
    ck_assert_mem_eq(words, copied, sizeof *words * size);

    words[2] ^= 3; // the pointer of the text
    capos_builder_init(&c, copied, 32);
    capos_pointer_copy(capos_builder_init_root_pointer(&c), capos_reader_root_pointer(&reader));
    ck_assert_int_eq(capos_builder_finish(&c, &size), CAPOS_BUILD_COPY);
}
END_TEST

// Elements of two bytes, read as structs, are copied as structs.
START_TEST(upgraded_elements_are_copied) {
    uint64_t words[] = {capos_word_make_struct(0, 0, 2),
                        capos_word_make_list(1, CAPOS_ELEMENT_2, 2), 0, 0x22221111};
    uint64_t copied[8];
    struct capos_builder c;
    struct capos_reader reader;
    uint32_t size;
    capos_reader_init(&reader, words, 4);
    struct capos_struct root = capos_reader_root(&reader);
    struct capos_list list =
        capos_pointer_list(capos_struct_pointer(root, 0), CAPOS_ELEMENT_STRUCT);
    capos_builder_init(&c, copied, 8);
    struct capos_struct_builder to = capos_builder_init_root(&c, 0, 3);
    capos_pointer_set_struct(capos_struct_builder_pointer(to, 0), capos_list_struct(list, 1));
    capos_pointer_set_list(capos_struct_builder_pointer(to, 1), list);
    capos_pointer_set_list(capos_struct_builder_pointer(to, 2),
                           capos_pointer_any_list(capos_struct_pointer(root, 1)));
    ck_assert_int_eq(capos_builder_finish(&c, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(size, 6);
    ck_assert_uint_eq(copied[4], 0x2222);
    ck_assert_uint_eq(copied[2], capos_word_make_list(2, CAPOS_ELEMENT_2, 2));
    ck_assert_uint_eq(copied[5], 0x22221111);
    ck_assert_uint_eq(copied[3], 0);
}
END_TEST

START_TEST(no_root_is_the_empty_message) {
    uint64_t words[1];
    struct capos_builder b;
    uint32_t size = 9;
    capos_builder_init(&b, words, 1);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(size, 0);
    capos_builder_init_root(&b, 0, 0);
    ck_assert_int_eq(capos_builder_finish(&b, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(size, 1);
    ck_assert_uint_eq(words[0], 0xfffffffc);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/builder");

    harness_add(suite, "layout", words_are_laid_out_front_to_back);
    harness_add(suite, "full", a_short_buffer_is_told_how_much_is_needed);
    harness_add(suite, "sizes", sizes_that_no_pointer_can_express);
    harness_add(suite, "index", an_index_out_of_its_list);
    harness_add(suite, "beyond", fields_beyond_the_struct_are_not_set);
    harness_add(suite, "capabilities", capabilities_take_descriptors);
    harness_add(suite, "copies", copies_are_the_same);
    harness_add(suite, "upgraded", upgraded_elements_are_copied);
    harness_add(suite, "empty", no_root_is_the_empty_message);
    return harness_run(suite);
}
