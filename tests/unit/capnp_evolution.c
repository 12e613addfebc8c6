// SPDX-License-Identifier: MIT
// Programs of different ages: what an older schema wrote a newer one reads, and the other way
// round; values of a newer schema are told apart and not trusted.
#include "tests/golden/rich.capos.h"

#include "tests/unit/capnp_words.h"

enum { ROOM = 64 };

static struct words *finish(struct capos_builder *builder) {
    uint32_t size;
    ck_assert_int_eq(capos_builder_finish(builder, &size), CAPOS_BUILD_OK);
    return words_new(builder->words, size);
}

START_TEST(new_reads_old) {
    uint64_t buffer[ROOM];
    struct capos_builder builder;
    capos_builder_init(&builder, buffer, ROOM);
    struct rich_old_builder old = rich_old_build_message(&builder);
    rich_old_set_id(old, 7);
    struct capos_text_list_builder names = rich_old_init_names(old, 2);
    capos_text_list_set(names, 0, capos_text_of("one"));
    capos_text_list_set(names, 1, capos_text_of("two"));
    struct words *w = finish(&builder);
    ck_assert(capos_validate(&w->reader, &rich_new_layout));
    struct rich_new p = rich_new_read_message(&w->reader);
    ck_assert_uint_eq(rich_new_id(p), 7);
    ck_assert_uint_eq(rich_new_extra(p), 99);
    ck_assert_str_eq(rich_new_more(p).data, "more");
    ck_assert_uint_eq(rich_new_name_list_size(rich_new_names(p)), 2);
    struct rich_new_name second = rich_new_name_list_at(rich_new_names(p), 1);
    ck_assert_str_eq(rich_new_name_text(second).data, "two");
    ck_assert_uint_eq(rich_new_name_size(second), 0);
    words_free(w);
}
END_TEST

START_TEST(old_reads_new) {
    uint64_t buffer[ROOM];
    struct capos_builder builder;
    capos_builder_init(&builder, buffer, ROOM);
    struct rich_new_builder new_ = rich_new_build_message(&builder);
    rich_new_set_id(new_, 8);
    rich_new_set_extra(new_, 1);
    rich_new_set_more(new_, capos_text_of("x"));
    struct rich_new_name_list_builder names = rich_new_init_names(new_, 2);
    rich_new_name_set_size(rich_new_name_list_builder_at(names, 0), 3);
    rich_new_name_set_text(rich_new_name_list_builder_at(names, 1), capos_text_of("two"));
    struct words *w = finish(&builder);
    ck_assert(capos_validate(&w->reader, &rich_old_layout));
    struct rich_old p = rich_old_read_message(&w->reader);
    ck_assert_uint_eq(rich_old_id(p), 8);
    ck_assert_uint_eq(capos_text_list_size(rich_old_names(p)), 2);
    ck_assert_str_eq(capos_text_list_at(rich_old_names(p), 0).data, "");
    ck_assert_str_eq(capos_text_list_at(rich_old_names(p), 1).data, "two");
    words_free(w);
}
END_TEST

// Data sections that were cut at each word: fields beyond read as their defaults.
START_TEST(short_structs) {
    for (uint16_t data = 0; data <= RICH_DEFAULTS_DATA_WORDS; data++) {
        uint64_t buffer[ROOM];
        struct capos_builder builder;
        capos_builder_init(&builder, buffer, ROOM);
        struct rich_defaults_builder b = {
            capos_builder_init_root(&builder, RICH_DEFAULTS_DATA_WORDS, 0)};
        rich_defaults_set_u64(b, 5);
        rich_defaults_set_flag(b, false);
        capos_word_store(buffer, 0, capos_word_make_struct(0, data, 0));
        struct words *w = finish(&builder);
        struct rich_defaults p = rich_defaults_read_message(&w->reader);
        ck_assert(rich_defaults_u64(p) == 5 || rich_defaults_u64(p) == 18000000000000000000u);
        ck_assert_int_eq(rich_defaults_flag(p), data == 0);
        ck_assert_int_eq(rich_defaults_i32(p), -3200000);
        ck_assert_str_eq(capos_text_list_at(rich_defaults_texts(p), 1).data, "two");
        ck_assert(capos_reader_ok(&w->reader));
        words_free(w);
    }
}
END_TEST

START_TEST(unknown_values) {
    uint64_t buffer[ROOM];
    struct capos_builder builder;
    capos_builder_init(&builder, buffer, ROOM);
    struct rich_numbers_builder b = rich_numbers_build_message(&builder);
    rich_numbers_set_colour(b, (enum base_colour)3);
    struct words *w = finish(&builder);
    ck_assert_int_eq(rich_numbers_colour(rich_numbers_read_message(&w->reader)),
                     BASE_COLOUR_UNKNOWN_VALUE);
    words_free(w);

    capos_builder_init(&builder, buffer, ROOM);
    struct rich_shape_builder shape = rich_shape_build_message(&builder);
    rich_shape_set_label(shape, capos_text_of("a label"));
    capos_struct_set_u16(shape.s, 8, RICH_SHAPE_WHICH_LABEL + 1);
    w = finish(&builder);
    ck_assert(capos_validate(&w->reader, &rich_shape_layout));
    struct rich_shape p = rich_shape_read_message(&w->reader);
    ck_assert_int_eq(rich_shape_which(p), RICH_SHAPE_WHICH_UNKNOWN_VALUE);
    ck_assert_uint_eq(rich_shape_label(p).size, 0);
    ck_assert_uint_eq(base_pair_list_size(rich_shape_outline(p)), 0);
    words_free(w);
}
END_TEST

START_TEST(members_are_not_mixed) {
    uint64_t buffer[ROOM];
    struct capos_builder builder;
    capos_builder_init(&builder, buffer, ROOM);
    struct rich_shape_builder b = rich_shape_build_message(&builder);
    rich_shape_set_radius(b, 2.5f);
    struct words *w = finish(&builder);
    struct rich_shape p = rich_shape_read_message(&w->reader);
    ck_assert_int_eq(rich_shape_which(p), RICH_SHAPE_WHICH_RADIUS);
    ck_assert(rich_shape_radius(p) == 2.5f);
    ck_assert_uint_eq(rich_shape_sides_width(rich_shape_sides(p)), 1);
    ck_assert_int_eq(rich_shape_fill_which(rich_shape_fill(p)), RICH_SHAPE_FILL_WHICH_EMPTY);
    words_free(w);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/evolution");

    harness_add(suite, "new-reads-old", new_reads_old);
    harness_add(suite, "old-reads-new", old_reads_new);
    harness_add(suite, "short", short_structs);
    harness_add(suite, "unknown", unknown_values);
    harness_add(suite, "members", members_are_not_mixed);
    return harness_run(suite);
}
