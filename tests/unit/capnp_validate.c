// SPDX-License-Identifier: MIT
// capnp/validate.h with generated layouts: what it finds in a message that is damaged in each of
// its words, and that a message which validates can be read whole without a fault.
#include "tests/golden/rich.capos.h"

#include "tests/unit/capnp_words.h"

enum { ROOM = 256, ROUNDS = 200 };

static void build_tree(struct rich_tree_builder b, int depth) {
    rich_tree_set_name(b, capos_text_of("name"));
    rich_tree_leaf_set_weight(rich_tree_init_leaf(b), 3);
    if (depth == 0)
        return;
    struct rich_tree_list_builder children = rich_tree_init_children(b, 2);
    for (uint32_t i = 0; i < 2; i++)
        build_tree(rich_tree_list_builder_at(children, i), depth - 1);
}

static uint32_t build(uint64_t *buffer) {
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, buffer, ROOM);
    build_tree(rich_tree_build_message(&builder), 2);
    ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
    return size;
}

// Reads all that there is of a tree; the depth that validated bounds it.
static uint64_t read_tree(struct rich_tree p) {
    uint64_t sum = rich_tree_name(p).size + rich_tree_leaf_weight(rich_tree_leaf(p));
    struct rich_tree_list children = rich_tree_children(p);
    for (uint32_t i = 0; i < rich_tree_list_size(children); i++)
        sum += read_tree(rich_tree_list_at(children, i));
    return rich_tree_has_left(p) ? sum + read_tree(rich_tree_left(p)) : sum;
}

START_TEST(a_sound_message) {
    uint64_t buffer[ROOM];
    struct words *w = words_new(buffer, build(buffer));
    ck_assert(capos_validate(&w->reader, &rich_tree_layout));
    ck_assert_uint_eq(read_tree(rich_tree_read_message(&w->reader)), 7 * 7);
    words_free(w);
}
END_TEST

// Whatever validates reads without a fault; and damage is found often, or the test tests nothing.
START_TEST(every_word_damaged) {
    struct harness_random random = harness_random_start();
    uint64_t buffer[ROOM];
    uint32_t size = build(buffer);
    uint32_t found = 0;
    for (uint32_t round = 0; round < ROUNDS * size; round++) {
        struct words *w = words_new(buffer, size);
        uint64_t *word = &w->copies[0][round % size];
        *word ^= round % 2 ? UINT64_C(1) << harness_random_below(&random, 64)
                           : harness_random_sized(&random);
        w->reader.budget = 4 * ROOM;
        if (capos_validate(&w->reader, &rich_tree_layout)) {
            w->reader.budget = 100 * ROOM;
            read_tree(rich_tree_read_message(&w->reader));
            ck_assert_fault(w, CAPOS_FAULT_NONE);
        } else {
            found++;
        }
        words_free(w);
    }
    ck_assert_uint_gt(found, ROUNDS * size / 4);
}
END_TEST

static void refused_text(const char *name, bool valid) {
    uint64_t buffer[ROOM];
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, buffer, ROOM);
    rich_tree_set_name(rich_tree_build_message(&builder), capos_text_of(name));
    ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
    struct words *w = words_new(buffer, size);
    ck_assert_int_eq(capos_validate(&w->reader, &rich_tree_layout), valid);
    ck_assert_fault(w, valid ? CAPOS_FAULT_NONE : CAPOS_FAULT_LENGTH);
    words_free(w);
}

START_TEST(lengths_are_kept) {
    refused_text("exactly twenty bytes", true);
    refused_text("one more than twenty.", false);
}
END_TEST

START_TEST(depth_is_bounded) {
    for (int extra = 0; extra < 2; extra++) {
        uint64_t buffer[4 * ROOM];
        struct capos_builder builder;
        uint32_t size;
        capos_builder_init(&builder, buffer, 4 * ROOM);
        struct rich_tree_builder b = rich_tree_build_message(&builder);
        for (int i = 1; i < CAPOS_VALIDATE_DEPTH + extra; i++)
            b = rich_tree_init_left(b);
        ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
        struct words *w = words_new(buffer, size);
        ck_assert_int_eq(capos_validate(&w->reader, &rich_tree_layout), extra == 0);
        words_free(w);
    }
}
END_TEST

// A message with capabilities in a typed list, in an AnyPointer and in a field of a newer schema.
static bool with_descriptors(uint32_t count, uint32_t sent) {
    static const struct capos_descriptor descriptors[64];
    struct capos_descriptor out[8];
    uint64_t buffer[ROOM];
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, buffer, ROOM);
    capos_builder_set_descriptors(&builder, out, 8);
    struct capos_struct_builder newer =
        capos_builder_init_root(&builder, RICH_EVERYTHING_DATA_WORDS, RICH_EVERYTHING_POINTERS + 1);
    struct rich_everything_builder b = {newer};
    struct rich_lists_builder lists = rich_everything_init_lists(b);
    if (sent > 0)
        base_file_list_give(rich_lists_init_files(lists, 1), 0, capos_descriptor_copy(1));
    if (sent > 1)
        capos_pointer_set_capability(rich_everything_init_any(b), capos_descriptor_copy(2));
    if (sent > 2)
        capos_pointer_set_capability(capos_struct_builder_pointer(newer, RICH_EVERYTHING_POINTERS),
                                     capos_descriptor_copy(3));
    ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
    ck_assert_uint_eq(builder.descriptor_count, sent);
    struct words *w = words_new(buffer, size);
    capos_reader_set_descriptors(&w->reader, descriptors, count);
    bool valid = capos_validate(&w->reader, &rich_everything_layout);
    ck_assert_fault(w, valid ? CAPOS_FAULT_NONE : CAPOS_FAULT_CAPABILITY);
    words_free(w);
    return valid;
}

START_TEST(capabilities_and_descriptors_match) {
    for (uint32_t count = 0; count < 4; count++)
        for (uint32_t sent = 0; sent < 4; sent++)
            ck_assert_int_eq(with_descriptors(count, sent), count == sent);
    ck_assert(!with_descriptors(64, 3));
}
END_TEST

// A message whose root has text, data, a struct without pointers and a capability: the kind that
// is validated by the short way.
static const struct capos_layout leaf_layout = {NULL, 0};
static const struct capos_layout_entry simple_entries[] = {
    {0, 0, 0, {CAPOS_LAYOUT_TEXT, 0, 6, NULL, NULL}},
    {1, 0, 0, {CAPOS_LAYOUT_DATA, 0, 6, NULL, NULL}},
    {2, 0, 0, {CAPOS_LAYOUT_STRUCT, 0, UINT32_MAX, &leaf_layout, NULL}},
    {3, 0, 0, {CAPOS_LAYOUT_CAPABILITY, 0, UINT32_MAX, NULL, NULL}},
};
static const struct capos_layout simple_layout = {simple_entries, 4};

static uint32_t build_simple(struct harness_random *random, uint64_t *buffer) {
    static const uint8_t bytes[9] = {1, 2, 3};
    struct capos_descriptor descriptors[1];
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, buffer, ROOM);
    capos_builder_set_descriptors(&builder, descriptors, 1);
    struct capos_struct_builder root = capos_builder_init_root(&builder, 1, 4);
    struct capos_text text = {"textual", (uint32_t)harness_random_below(random, 8)};
    struct capos_data data = {bytes, (uint32_t)harness_random_below(random, 8)};
    if (harness_random_below(random, 4) != 0)
        capos_pointer_set_text(capos_struct_builder_pointer(root, 0), text);
    if (harness_random_below(random, 4) != 0)
        capos_pointer_set_data(capos_struct_builder_pointer(root, 1), data);
    capos_pointer_init_struct(capos_struct_builder_pointer(root, 2), 2,
                              (uint16_t)(harness_random_below(random, 8) == 0));
    if (harness_random_below(random, 2) != 0)
        capos_pointer_set_capability(capos_struct_builder_pointer(root, 3),
                                     capos_descriptor_copy(1));
    ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
    return size;
}

// A second segment, though empty, sends the same message the long way: both must agree.
START_TEST(the_short_way_is_the_long_way) {
    struct harness_random random = harness_random_start();
    struct capos_descriptor descriptors[2] = {{.cap = 1}, {.cap = 2}};
    uint32_t valid = 0, rounds = ROUNDS * 100;
    for (uint32_t round = 0; round < rounds; round++) {
        uint64_t buffer[ROOM];
        uint32_t size = build_simple(&random, buffer);
        uint64_t damage = harness_random_below(&random, 3);
        if (damage == 1)
            buffer[harness_random_below(&random, size)] ^= UINT64_C(1)
                                                           << harness_random_below(&random, 64);
        else if (damage == 2)
            size = (uint32_t)harness_random_below(&random, size + 1);
        struct words *w = words_new(buffer, size);
        const struct capos_segment segments[2] = {{w->copies[0], size}, {NULL, 0}};
        struct capos_reader slow;
        capos_reader_init_segments(&slow, segments, 2);
        slow.budget = w->reader.budget = harness_random_below(&random, 2 * size + 8);
        slow.depth = w->reader.depth = (uint32_t)harness_random_below(&random, 4);
        uint32_t count = (uint32_t)harness_random_below(&random, 3);
        capos_reader_set_descriptors(&slow, descriptors, count);
        capos_reader_set_descriptors(&w->reader, descriptors, count);
        struct capos_struct root, slow_root;
        bool answer = capos_validate_root(&w->reader, &simple_layout, &root);
        ck_assert_int_eq(answer, capos_validate_root(&slow, &simple_layout, &slow_root));
        if (answer) {
            ck_assert_ptr_eq(root.data, slow_root.data);
            ck_assert_uint_eq(root.data_bytes, slow_root.data_bytes);
            ck_assert_uint_eq(root.pointers, slow_root.pointers);
        }
        if (!answer && slow.fault.segment == 0 && slow.fault.kind != CAPOS_FAULT_SEGMENT)
            ck_assert_int_eq(w->reader.fault.word, slow.fault.word);
        valid += answer;
        words_free(w);
    }
    ck_assert_uint_gt(valid, rounds / 100);
    ck_assert_uint_lt(valid, rounds / 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/validate");

    harness_add(suite, "sound", a_sound_message);
    harness_add(suite, "damaged", every_word_damaged);
    harness_add(suite, "lengths", lengths_are_kept);
    harness_add(suite, "depth", depth_is_bounded);
    harness_add(suite, "short-way", the_short_way_is_the_long_way);
    harness_add(suite, "capabilities", capabilities_and_descriptors_match);
    return harness_run(suite);
}
