// SPDX-License-Identifier: MIT
// Every encoding of a list read as every kind of element: the rules of evolution, and
// CVE-2022-46149 (a list of structs read as a list of pointers and the other way round). The
// message ends with the list, so that reading one byte too many is seen.
#include "tests/unit/capnp_words.h"

enum { ELEMENTS = 8, COUNT = 3 };

// Whether a list encoded as the row can be read as the column: V and b, 1, 2, 4, 8, pointer,
// struct. Structs are encoded with one data word and one pointer.
static const char allowed[ELEMENTS][ELEMENTS + 1] = {
    "y......y", // void
    ".y......", // bit
    "y.y....y", // 1 byte
    "y.yy...y", // 2
    "y.yyy..y", // 4
    "y.yyyy.y", // 8
    "y.....yy", // pointer
    "y.yyyyyy", // struct
};

static struct words *message(enum capos_element element) {
    uint32_t bits = capos_element_bits(element);
    uint32_t words = (COUNT * bits + 63) / 64;
    uint64_t w[16] = {capos_word_make_struct(0, 0, 1)};
    if (element == CAPOS_ELEMENT_POINTER)
        words = COUNT;
    if (element == CAPOS_ELEMENT_STRUCT) {
        words = 1 + 2 * COUNT;
        w[1] = capos_word_make_list(0, element, 2 * COUNT);
        w[2] = capos_word_make_tag(COUNT, 1, 1);
    } else {
        w[1] = capos_word_make_list(0, element, COUNT);
    }
    for (uint32_t i = 0; i < words && bits > 0; i++)
        w[2 + i] = UINT64_C(0x0807060504030201) * (i + 1);
    for (uint32_t i = 0; i < COUNT && element == CAPOS_ELEMENT_STRUCT; i++)
        w[3 + 2 * i] = i + 1;
    return words_new(w, 2 + words);
}

// Reads all that an element of the list may have, far beyond what it has.
static uint64_t read_all(struct capos_list list) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < COUNT + 2; i++) {
        struct capos_struct s = capos_list_struct(list, i);
        for (uint32_t offset = 0; offset < 32; offset += 8) {
            sum += capos_struct_u8(s, offset) + capos_struct_u16(s, offset);
            sum += capos_struct_u32(s, offset) + capos_struct_u64(s, offset);
            sum += capos_struct_bool(s, offset);
            sum += capos_pointer_text(capos_struct_pointer(s, offset)).size;
        }
        sum += capos_list_u8(list, i) + capos_list_u16(list, i) + capos_list_u32(list, i);
        sum += capos_list_u64(list, i) + capos_list_bool(list, i);
        sum += capos_pointer_data(capos_list_pointer(list, i)).size;
    }
    return sum;
}

START_TEST(every_pair) {
    for (int from = 0; from < ELEMENTS; from++)
        for (int to = 0; to < ELEMENTS; to++) {
            struct words *w = message((enum capos_element)from);
            struct capos_struct root = capos_reader_root(&w->reader);
            struct capos_list list =
                capos_pointer_list(capos_struct_pointer(root, 0), (enum capos_element)to);
            bool allow = allowed[from][to] == 'y';
            ck_assert_msg(list.size == (allow ? COUNT : 0), "%d as %d: %u", from, to, list.size);
            ck_assert_msg(capos_reader_ok(&w->reader) == allow, "%d as %d", from, to);
            w->reader.fault.kind = CAPOS_FAULT_NONE;
            read_all(list);
            words_free(w);
        }
}
END_TEST

START_TEST(first_fields_stand_for_elements) {
    struct words *w = message(CAPOS_ELEMENT_2);
    struct capos_struct root = capos_reader_root(&w->reader);
    struct capos_list list =
        capos_pointer_list(capos_struct_pointer(root, 0), CAPOS_ELEMENT_STRUCT);
    ck_assert_uint_eq(capos_struct_u16(capos_list_struct(list, 1), 0), 0x0403);
    ck_assert_uint_eq(capos_struct_u8(capos_list_struct(list, 2), 1), 0x06);
    ck_assert_uint_eq(capos_struct_u16(capos_list_struct(list, 1), 2), 0);
    ck_assert_uint_eq(capos_struct_u32(capos_list_struct(list, 1), 0), 0);
    words_free(w);

    w = message(CAPOS_ELEMENT_STRUCT);
    root = capos_reader_root(&w->reader);
    list = capos_pointer_list(capos_struct_pointer(root, 0), CAPOS_ELEMENT_4);
    ck_assert_uint_eq(capos_list_u32(list, 2), 3);
    words_free(w);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/matrix");

    harness_add(suite, "pairs", every_pair);
    harness_add(suite, "first", first_fields_stand_for_elements);
    return harness_run(suite);
}
