// SPDX-License-Identifier: MIT
// Generated code against the capnp tool. `rich build` writes a message with everything in it to
// standard output, framed; `rich check` reads one from standard input and compares every field with
// what `rich build` sets; `rich canonical` reads one and writes it in canonical form.
// conformance.tap puts capnp in between.
#include "tests/golden/rich.capos.h"

#include "capnp/stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct capos_text text(const char *string) {
    return capos_text_of(string);
}

static void build_numbers(struct rich_numbers_builder b) {
    rich_numbers_set_flag(b, true);
    rich_numbers_set_i8(b, INT8_MIN);
    rich_numbers_set_i16(b, INT16_MIN);
    rich_numbers_set_i32(b, INT32_MIN);
    rich_numbers_set_i64(b, INT64_MIN);
    rich_numbers_set_u8(b, UINT8_MAX);
    rich_numbers_set_u16(b, UINT16_MAX);
    rich_numbers_set_u32(b, UINT32_MAX);
    rich_numbers_set_u64(b, UINT64_MAX);
    rich_numbers_set_f32(b, -0.5f);
    rich_numbers_set_f64(b, 1e-300);
    rich_numbers_set_colour(b, BASE_COLOUR_BLUE);
}

static void build_defaults(struct rich_defaults_builder b) {
    rich_defaults_set_flag(b, false);
    rich_defaults_set_i8(b, 8);
    rich_defaults_set_i64(b, -1);
    rich_defaults_set_u8(b, 0);
    rich_defaults_set_u64(b, 1);
    rich_defaults_set_f64(b, 3.5);
    rich_defaults_set_colour(b, BASE_COLOUR_RED);
    rich_defaults_set_text(b, text(""));
    base_pair_set_first(rich_defaults_init_pair(b), 77);
}

static void build_shape(struct rich_shape_builder b) {
    struct rich_shape_sides_builder sides = rich_shape_init_sides(b);
    struct rich_shape_fill_pattern_builder pattern;
    rich_shape_set_area(b, 12);
    rich_shape_sides_set_width(sides, 3);
    rich_shape_sides_set_height(sides, 4);
    pattern = rich_shape_fill_init_pattern(rich_shape_init_fill(b));
    rich_shape_fill_pattern_set_name(pattern, text("lines"));
    rich_shape_fill_pattern_set_stripes(pattern, false);
}

static void build_number_lists(struct rich_lists_builder b) {
    struct capos_bool_list_builder flags;
    struct capos_i8_list_builder i8s;
    struct capos_u16_list_builder u16s;
    struct capos_i32_list_builder i32s;
    struct capos_u64_list_builder u64s;
    struct capos_f32_list_builder f32s;
    struct capos_f64_list_builder f64s;
    rich_lists_init_voids(b, 3);
    flags = rich_lists_init_flags(b, 11);
    i8s = rich_lists_init_i8s(b, 3);
    u16s = rich_lists_init_u16s(b, 3);
    i32s = rich_lists_init_i32s(b, 3);
    u64s = rich_lists_init_u64s(b, 3);
    f32s = rich_lists_init_f32s(b, 3);
    f64s = rich_lists_init_f64s(b, 3);
    for (uint32_t i = 0; i < 11; i++)
        capos_bool_list_set(flags, i, i % 3 == 0);
    for (uint32_t i = 0; i < 3; i++) {
        capos_i8_list_set(i8s, i, (int8_t)(-100 * (int)i / 2));
        capos_u16_list_set(u16s, i, (uint16_t)(30000 * i));
        capos_i32_list_set(i32s, i, -1000000 * (int32_t)i);
        capos_u64_list_set(u64s, i, UINT64_C(9000000000000000000) * i);
        capos_f32_list_set(f32s, i, (float)i / 4);
        capos_f64_list_set(f64s, i, (double)i / 8);
    }
}

static void build_pointer_lists(struct rich_lists_builder b) {
    struct capos_text_list_builder texts = rich_lists_init_texts(b, 3);
    struct capos_data_list_builder blobs = rich_lists_init_blobs(b, 2);
    struct base_colour_list_builder colours = rich_lists_init_colours(b, 3);
    struct base_pair_list_builder pairs = rich_lists_init_pairs(b, 2);
    capos_text_list_set(texts, 0, text("first"));
    capos_text_list_set(texts, 1, text(""));
    capos_text_list_set(texts, 2, text("\xc3\xa9t\xc3\xa9"));
    capos_data_list_set(blobs, 0, capos_data_of("", 0));
    capos_data_list_set(blobs, 1, capos_data_of("\1\2\3", 3));
    base_colour_list_set(colours, 1, BASE_COLOUR_GREEN);
    base_colour_list_set(colours, 2, BASE_COLOUR_BLUE);
    for (uint32_t i = 0; i < 2; i++) {
        struct base_pair_builder pair = base_pair_list_builder_at(pairs, i);
        base_pair_set_first(pair, 10 + i);
        base_pair_set_second(pair, text(i == 0 ? "ten" : "eleven"));
    }
}

static void build_nested_lists(struct rich_lists_builder b) {
    struct rich_lists_rows_list_builder rows = rich_lists_init_rows(b, 2);
    struct rich_lists_cubes_list_list_builder cubes = rich_lists_init_cubes(b, 1);
    struct rich_lists_cubes_list_builder cube;
    struct rich_lists_table_list_builder table = rich_lists_init_table(b, 2);
    capos_u16_list_set(rich_lists_rows_list_init(rows, 0, 2), 1, 5);
    rich_lists_rows_list_init(rows, 1, 0);
    cube = rich_lists_cubes_list_list_init(cubes, 0, 2);
    rich_lists_cubes_list_init(cube, 0, 0);
    capos_text_list_set(rich_lists_cubes_list_init(cube, 1, 1), 0, text("deep"));
    rich_lists_table_list_init(table, 0, 0);
    base_pair_set_first(base_pair_list_builder_at(rich_lists_table_list_init(table, 1, 2), 1), 9);
}

static void build_tree(struct rich_tree_builder b) {
    struct rich_tree_list_builder children;
    rich_tree_set_name(b, text("root"));
    children = rich_tree_init_children(b, 2);
    rich_tree_set_name(rich_tree_list_builder_at(children, 0), text("a"));
    rich_tree_set_kind(rich_tree_list_builder_at(children, 1), RICH_TREE_KIND_FIR);
    rich_tree_set_name(rich_tree_init_left(b), text("left"));
    rich_tree_leaf_set_weight(rich_tree_init_leaf(b), 5);
}

static void build(struct capos_builder *builder) {
    struct rich_everything_builder b = rich_everything_build_message(builder);
    struct rich_lists_builder lists;
    build_numbers(rich_everything_init_numbers(b));
    build_defaults(rich_everything_init_defaults(b));
    build_shape(rich_everything_init_shape(b));
    lists = rich_everything_init_lists(b);
    build_number_lists(lists);
    build_pointer_lists(lists);
    build_nested_lists(lists);
    build_tree(rich_everything_init_tree(b));
    rich_everything_set_data(b, capos_data_of("\0\xff", 2));
    rich_everything_set_text(b, text("all"));
}

static int failures;

static void expect_at(bool holds, const char *what, int line) {
    if (holds)
        return;
    failures++;
    fprintf(stderr, "rich.c:%d: %s\n", line, what);
}

#define expect(holds) expect_at(holds, #holds, __LINE__)

static bool is(struct capos_text found, const char *expected) {
    return found.size == strlen(expected) && memcmp(found.data, expected, found.size) == 0 &&
           found.data[found.size] == '\0';
}

static void check_numbers(struct rich_numbers p) {
    expect(rich_numbers_flag(p));
    expect(rich_numbers_i8(p) == INT8_MIN);
    expect(rich_numbers_i16(p) == INT16_MIN);
    expect(rich_numbers_i32(p) == INT32_MIN);
    expect(rich_numbers_i64(p) == INT64_MIN);
    expect(rich_numbers_u8(p) == UINT8_MAX);
    expect(rich_numbers_u16(p) == UINT16_MAX);
    expect(rich_numbers_u32(p) == UINT32_MAX);
    expect(rich_numbers_u64(p) == UINT64_MAX);
    expect(rich_numbers_f32(p) == -0.5f);
    expect(rich_numbers_f64(p) == 1e-300);
    expect(rich_numbers_colour(p) == BASE_COLOUR_BLUE);
}

static void check_defaults(struct rich_defaults p) {
    expect(!rich_defaults_flag(p));
    expect(rich_defaults_i8(p) == 8);
    expect(rich_defaults_i16(p) == -1600);
    expect(rich_defaults_i32(p) == -3200000);
    expect(rich_defaults_i64(p) == -1);
    expect(rich_defaults_u8(p) == 0);
    expect(rich_defaults_u16(p) == 60000);
    expect(rich_defaults_u32(p) == 4000000000);
    expect(rich_defaults_u64(p) == 1);
    expect(rich_defaults_f32(p) == 1.5f);
    expect(rich_defaults_f64(p) == 3.5);
    expect(rich_defaults_colour(p) == BASE_COLOUR_RED);
    expect(is(rich_defaults_text(p), ""));
    expect(base_pair_first(rich_defaults_pair(p)) == 77);
}

static void check_default_objects(struct rich_defaults p) {
    struct capos_data data = rich_defaults_data(p);
    struct capos_i16_list numbers = rich_defaults_numbers(p);
    struct base_pair_list pairs = rich_defaults_pairs(p);
    struct rich_defaults_rows_list rows = rich_defaults_rows(p);
    expect(is(rich_defaults_text(p), "a \"default\"\nwith\ttabs"));
    expect(data.size == 4 && memcmp(data.data, "\0\1\xfe\xff", 4) == 0);
    expect(capos_i16_list_size(numbers) == 3 && capos_i16_list_at(numbers, 1) == -2);
    expect(capos_bool_list_at(rich_defaults_flags(p), 2));
    expect(is(capos_text_list_at(rich_defaults_texts(p), 1), "two"));
    expect(base_pair_first(rich_defaults_pair(p)) == 7);
    expect(is(base_pair_second(base_pair_list_at(pairs, 0)), "x"));
    expect(rich_defaults_rows_list_size(rows) == 3);
    expect(capos_u8_list_at(rich_defaults_rows_list_at(rows, 0), 1) == 2);
    expect(rich_defaults_f64(p) == -2.25e100 && rich_defaults_flag(p));
    expect(rich_defaults_colour(p) == BASE_COLOUR_BLUE);
}

static void check_shape(struct rich_shape p) {
    struct rich_shape_fill_pattern pattern = rich_shape_fill_pattern(rich_shape_fill(p));
    expect(rich_shape_which(p) == RICH_SHAPE_WHICH_SIDES);
    expect(rich_shape_area(p) == 12);
    expect(rich_shape_sides_width(rich_shape_sides(p)) == 3);
    expect(rich_shape_sides_height(rich_shape_sides(p)) == 4);
    expect(rich_shape_radius(p) == 0);
    expect(is(rich_shape_label(p), ""));
    expect(rich_shape_fill_which(rich_shape_fill(p)) == RICH_SHAPE_FILL_WHICH_PATTERN);
    expect(is(rich_shape_fill_pattern_name(pattern), "lines"));
    expect(rich_shape_fill_pattern_which(pattern) == RICH_SHAPE_FILL_PATTERN_WHICH_STRIPES);
    expect(!rich_shape_fill_pattern_stripes(pattern));
}

static void check_number_lists(struct rich_lists p) {
    expect(capos_void_list_size(rich_lists_voids(p)) == 3);
    expect(capos_bool_list_size(rich_lists_flags(p)) == 11);
    for (uint32_t i = 0; i < 11; i++)
        expect(capos_bool_list_at(rich_lists_flags(p), i) == (i % 3 == 0));
    expect(capos_i8_list_size(rich_lists_i8s(p)) == 3);
    for (uint32_t i = 0; i < 3; i++) {
        expect(capos_i8_list_at(rich_lists_i8s(p), i) == (int8_t)(-100 * (int)i / 2));
        expect(capos_u16_list_at(rich_lists_u16s(p), i) == 30000 * i);
        expect(capos_i32_list_at(rich_lists_i32s(p), i) == -1000000 * (int32_t)i);
        expect(capos_u64_list_at(rich_lists_u64s(p), i) == UINT64_C(9000000000000000000) * i);
        expect(capos_f32_list_at(rich_lists_f32s(p), i) == (float)i / 4);
        expect(capos_f64_list_at(rich_lists_f64s(p), i) == (double)i / 8);
    }
}

static void check_pointer_lists(struct rich_lists p) {
    struct capos_text_list texts = rich_lists_texts(p);
    struct rich_lists_cubes_list cube;
    expect(capos_text_list_size(texts) == 3);
    expect(is(capos_text_list_at(texts, 0), "first"));
    expect(is(capos_text_list_at(texts, 1), ""));
    expect(is(capos_text_list_at(texts, 2), "\xc3\xa9t\xc3\xa9"));
    expect(capos_data_list_at(rich_lists_blobs(p), 1).size == 3);
    expect(base_colour_list_at(rich_lists_colours(p), 2) == BASE_COLOUR_BLUE);
    expect(base_pair_list_size(rich_lists_pairs(p)) == 2);
    expect(is(base_pair_second(base_pair_list_at(rich_lists_pairs(p), 1)), "eleven"));
    expect(capos_u16_list_at(rich_lists_rows_list_at(rich_lists_rows(p), 0), 1) == 5);
    expect(capos_u16_list_size(rich_lists_rows_list_at(rich_lists_rows(p), 1)) == 0);
    cube = rich_lists_cubes_list_list_at(rich_lists_cubes(p), 0);
    expect(is(capos_text_list_at(rich_lists_cubes_list_at(cube, 1), 0), "deep"));
    expect(base_pair_first(
               base_pair_list_at(rich_lists_table_list_at(rich_lists_table(p), 1), 1)) == 9);
}

static void check_tree(struct rich_tree p) {
    struct rich_tree_list children = rich_tree_children(p);
    expect(is(rich_tree_name(p), "root"));
    expect(rich_tree_list_size(children) == 2);
    expect(is(rich_tree_name(rich_tree_list_at(children, 0)), "a"));
    expect(rich_tree_kind(rich_tree_list_at(children, 0)) == RICH_TREE_KIND_OAK);
    expect(rich_tree_kind(rich_tree_list_at(children, 1)) == RICH_TREE_KIND_FIR);
    expect(is(rich_tree_name(rich_tree_left(p)), "left"));
    expect(rich_tree_has_leaf(p) && rich_tree_leaf_weight(rich_tree_leaf(p)) == 5);
    expect(!rich_tree_has_left(rich_tree_left(p)));
}

static void check_constants(void) {
    expect(RICH_ANSWER == 42 && RICH_LOWEST == INT64_MIN && RICH_LEAST == INT8_MIN && RICH_YES);
    expect(RICH_RATIO == 0.1f && RICH_HUGE == 1e300 && isinf(RICH_INFINITE) && RICH_MINUS == -2);
    expect(RICH_FAVOURITE == BASE_COLOUR_GREEN);
    expect(strcmp(RICH_GREETING, "say \"hi\"\n?\?=") == 0);
    expect(rich_bytes().size == 3 && memcmp(rich_bytes().data, "\xc0\xff\xee", 3) == 0);
    expect(is(base_pair_second(rich_origin()), "origin"));
    expect(capos_u16_list_at(rich_primes(), 3) == 7);
    expect(is(capos_text_list_at(rich_grid_list_at(rich_grid(), 1), 1), "c"));
}

static void check(struct rich_everything p) {
    struct rich_defaults nothing;
    memset(&nothing, 0, sizeof nothing);
    check_numbers(rich_everything_numbers(p));
    check_defaults(rich_everything_defaults(p));
    check_default_objects(nothing);
    check_shape(rich_everything_shape(p));
    check_number_lists(rich_everything_lists(p));
    check_pointer_lists(rich_everything_lists(p));
    check_tree(rich_everything_tree(p));
    check_constants();
    expect(rich_everything_data(p).size == 2);
    expect(is(rich_everything_text(p), "all"));
    expect(capos_reader_ok(p.s.reader));
}

static int put(const struct capos_builder *builder) {
    uint32_t size;
    uint64_t table;
    if (capos_builder_finish(builder, &size) != CAPOS_BUILD_OK)
        return EXIT_FAILURE;
    capos_stream_write_table(&table, &size, 1);
    bool written = fwrite(&table, sizeof table, 1, stdout) == 1 &&
                   fwrite(builder->words, sizeof *builder->words, size, stdout) == size;
    return written && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

enum { ROOM = 8192, SEGMENTS = 64 };

static bool take(struct capos_reader *reader, uint64_t *words, struct capos_segment *segments) {
    size_t size = fread(words, sizeof *words, ROOM, stdin);
    size_t used;
    uint32_t count;
    if (capos_stream_parse(words, size, segments, SEGMENTS, &count, &used) != CAPOS_STREAM_OK)
        return false;
    capos_reader_init_segments(reader, segments, count);
    return true;
}

int main(int argc, char **argv) {
    static uint64_t in[ROOM], out[ROOM];
    static struct capos_segment segments[SEGMENTS];
    const char *verb = argc == 2 ? argv[1] : "";
    struct capos_builder builder;
    struct capos_reader reader;
    capos_builder_init(&builder, out, ROOM);
    if (strcmp(verb, "build") == 0) {
        build(&builder);
        return put(&builder);
    }
    if (!take(&reader, in, segments))
        return EXIT_FAILURE;
    if (strcmp(verb, "canonical") == 0) {
        capos_pointer_copy_canonical(capos_builder_init_root_pointer(&builder),
                                     capos_reader_root_pointer(&reader));
        return put(&builder);
    }
    if (strcmp(verb, "check") != 0)
        return EXIT_FAILURE;
    expect(capos_validate(&reader, &rich_everything_layout));
    check(rich_everything_read_message(&reader));
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
