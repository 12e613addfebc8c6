// SPDX-License-Identifier: MIT
// Shapes: what a generated comparison takes for sound must be sound to the validator, and read the
// same; what was built in the schema's order must be known at sight.
#include "tests/golden/rich.capos.h"
#include "tests/unit/capnp_words.h"

enum { ROOM = 64, ROUNDS = 40000 };

// The members of a span that are built, in this order.
static void build_member(struct rich_span_builder span, char member) {
    const struct capos_descriptor copy = capos_descriptor_copy(7);
    if (member == 't')
        rich_dot_set_y(rich_span_init_to(span), 22);
    else if (member == 'f')
        rich_span_give_file(span, copy);
    else if (member == 'c')
        rich_span_wide_set_value(rich_span_init_colour(span), 33);
    else
        rich_span_give_log(span, copy);
}

static uint32_t build(uint64_t *buffer, const char *members) {
    struct capos_descriptor descriptors[2];
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, buffer, ROOM);
    capos_builder_set_descriptors(&builder, descriptors, 2);
    struct rich_span_builder span = rich_span_build_message(&builder);
    rich_span_set_width(span, 11);
    for (; *members != '\0'; members++)
        build_member(span, *members);
    ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
    return size;
}

static bool has_shape(const char *members, uint32_t descriptors) {
    const struct capos_descriptor sent[3] = {{.cap = 1}, {.cap = 2}, {.cap = 3}};
    uint64_t buffer[ROOM];
    uint32_t size = build(buffer, members);
    struct words *w = words_new(buffer, size);
    capos_reader_set_descriptors(&w->reader, sent, descriptors);
    bool has = rich_span_has_shape(&w->reader);
    words_free(w);
    return has;
}

START_TEST(built_in_order_is_known) {
    ck_assert(has_shape("tfcl", 2));
    ck_assert(has_shape("ftcl", 2)); // capabilities lie elsewhere
    ck_assert(!has_shape("ctfl", 2));
    ck_assert(!has_shape("tlcf", 2));
    ck_assert(!has_shape("tfc", 1));
    ck_assert(!has_shape("tfl", 2));
    ck_assert(!has_shape("", 0));
    ck_assert(!has_shape("tfcl", 1));
    ck_assert(!has_shape("tfcl", 3));
}
END_TEST

static void same_struct(struct capos_struct a, struct capos_struct b) {
    ck_assert_ptr_eq(a.data, b.data);
    ck_assert_uint_eq(a.data_bytes, b.data_bytes);
    ck_assert_uint_eq(a.pointers, b.pointers);
}

static void same_span(struct rich_span a, struct rich_span b) {
    same_struct(a.s, b.s);
    same_struct(rich_span_to(a).s, rich_span_to(b).s);
    same_struct(rich_span_colour(a).s, rich_span_colour(b).s);
    ck_assert_ptr_eq(rich_span_file_descriptor(a), rich_span_file_descriptor(b));
    ck_assert_ptr_eq(rich_span_log_descriptor(a), rich_span_log_descriptor(b));
    ck_assert_uint_eq(rich_span_width(a), rich_span_width(b));
}

// One that has the shape is valid, whatever was done to it, and is read in both ways alike.
START_TEST(a_shape_is_sound) {
    static const char *const orders[] = {"tfcl", "tfcl", "tfcl", "tlcf", "ctfl", "tfc", ""};
    const struct capos_descriptor sent[3] = {{.cap = 1}, {.cap = 2}, {.cap = 3}};
    struct harness_random random = harness_random_start();
    uint32_t shaped = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t buffer[ROOM];
        uint32_t size =
            build(buffer, orders[harness_random_below(&random, sizeof orders / sizeof *orders)]);
        uint64_t damage = harness_random_below(&random, 3);
        if (damage == 1)
            buffer[harness_random_below(&random, size)] ^= UINT64_C(1)
                                                           << harness_random_below(&random, 64);
        else if (damage == 2)
            size = (uint32_t)harness_random_below(&random, size + 1);
        struct words *w = words_new(buffer, size);
        uint32_t count = (uint32_t)harness_random_below(&random, 4);
        struct capos_reader reader = {.only = {w->copies[0], size}};
        capos_reader_set_descriptors(&w->reader, sent, count);
        capos_reader_set_descriptors(&reader, sent, count);
        if (rich_span_has_shape(&reader)) {
            struct rich_span span = {capos_shape_root(&reader, 1, 4, true)}, slow;
            ck_assert(capos_validate_root(&w->reader, &rich_span_layout, &slow.s));
            same_span(span, slow);
            shaped++;
        }
        words_free(w);
    }
    ck_assert_uint_gt(shaped, ROUNDS / 100);
    ck_assert_uint_lt(shaped, ROUNDS / 2);
}
END_TEST

// A label of what the letters say, in this order: Text and Data of a length at random, some too
// long.
static uint32_t build_label(struct harness_random *random, uint64_t *buffer, const char *members) {
    static const char bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    struct capos_descriptor descriptors[1];
    struct capos_builder builder;
    uint32_t size;

    capos_builder_init(&builder, buffer, ROOM);
    capos_builder_set_descriptors(&builder, descriptors, 1);
    struct rich_label_builder label = rich_label_build_message(&builder);
    rich_label_set_number(label, 5);
    for (; *members != '\0'; members++) {
        struct capos_text text = {bytes, (uint32_t)harness_random_below(random, 15)};
        struct capos_data data = {(const uint8_t *)bytes,
                                  (uint32_t)harness_random_below(random, 24)};
        if (*members == 'd')
            rich_dot_set_x(rich_label_init_to(label), 6);
        else if (*members == 'f')
            rich_label_give_file(label, capos_descriptor_copy(7));
        else if (*members == 't')
            rich_label_set_text(label, text);
        else if (*members == 'b')
            rich_label_set_data(label, data);
        else
            rich_label_set_more(label, text);
    }
    ck_assert_int_eq(capos_builder_finish(&builder, &size), CAPOS_BUILD_OK);
    return size;
}

static void same_text(struct capos_text a, struct capos_text b) {
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_int_eq(memcmp(a.data, b.data, a.size + 1), 0); // the NUL, too
}

static void same_label(struct rich_label a, struct rich_label b) {
    struct capos_data x = rich_label_data(a), y = rich_label_data(b);

    same_struct(a.s, b.s);
    same_struct(rich_label_to(a).s, rich_label_to(b).s);
    ck_assert_uint_eq(rich_label_number(a), rich_label_number(b));
    ck_assert_ptr_eq(rich_label_file_descriptor(a), rich_label_file_descriptor(b));
    same_text(rich_label_text(a), rich_label_text(b));
    same_text(rich_label_more(a), rich_label_more(b));
    ck_assert_ptr_eq(x.data, y.data);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert(rich_label_has_text(a) == rich_label_has_text(b));
}

// Text and Data are sound as well where a shape is seen, one behind the other or missing.
START_TEST(a_shape_with_bytes_is_sound) {
    enum { OUT_OF_ORDER = 5, LATE };
    static const char *const orders[] = {"dtfbm", "fdtbm", "dfm", "dftm", "df", "dfbtm", "tdfbm"};
    const struct capos_descriptor sent[2] = {{.cap = 1}, {.cap = 2}};
    struct harness_random random = harness_random_start();
    uint32_t shaped[2] = {0, 0};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t buffer[ROOM];
        const char *order = orders[harness_random_below(&random, sizeof orders / sizeof *orders)];
        uint32_t size = build_label(&random, buffer, order);
        uint64_t damage = harness_random_below(&random, 4);
        if (damage == 1)
            buffer[harness_random_below(&random, size)] ^= UINT64_C(1)
                                                           << harness_random_below(&random, 64);
        else if (damage == 2)
            size = (uint32_t)harness_random_below(&random, size + 1);
        else if (damage == 3) // the size of a list
            buffer[2 + harness_random_below(&random, 5)] ^= harness_random_below(&random, 64) << 35;
        struct words *w = words_new(buffer, size);
        struct capos_reader reader = {.only = {w->copies[0], size}};
        capos_reader_set_descriptors(&w->reader, sent, 1);
        capos_reader_set_descriptors(&reader, sent, 1);
        if (rich_label_has_shape(&reader)) {
            struct rich_label label = {capos_shape_root(&reader, 1, 5, true)}, slow;
            ck_assert(capos_validate_root(&w->reader, &rich_label_layout, &slow.s));
            same_label(label, slow);
            shaped[damage != 0]++;
        } else if (damage == 0 && order != orders[OUT_OF_ORDER] && order != orders[LATE]) {
            ck_assert(!capos_validate(&w->reader, &rich_label_layout)); // only a length is wrong
        }
        words_free(w);
    }
    ck_assert_uint_gt(shaped[0], ROUNDS / 20);
    ck_assert_uint_gt(shaped[1], ROUNDS / 100);
}
END_TEST

// Structs shorter than the schema's, by a word or by all: what is missing is zero.
START_TEST(short_structs_read_as_zero) {
    struct words *w = WORDS(UINT64_C(0x0000000100000000), 5);
    struct rich_dot dot = rich_dot_read_message(&w->reader);
    ck_assert_uint_eq(rich_dot_x(dot), 5);
    ck_assert_uint_eq(rich_dot_y(dot), 0);
    words_free(w);
    w = WORDS(UINT64_C(0));
    dot = rich_dot_read_message(&w->reader);
    ck_assert_uint_eq(rich_dot_x(dot), 0);
    words_free(w);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/shape");

    harness_add(suite, "in-order", built_in_order_is_known);
    harness_add(suite, "sound", a_shape_is_sound);
    harness_add(suite, "bytes", a_shape_with_bytes_is_sound);
    harness_add(suite, "short", short_structs_read_as_zero);
    return harness_run(suite);
}
