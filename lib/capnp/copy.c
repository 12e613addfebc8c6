// SPDX-License-Identifier: MIT
// Copying an object and all that it leads to from a message into another one, in preorder, without
// recursion: a stack of the lists that are half copied. A struct is a list of one element here.
#include "capnp/builder.h"

struct level {
    struct capos_list from;
    struct capos_list_builder to;
    uint32_t element;
    uint32_t pointer;
};

struct copier {
    struct capos_builder *builder;
    bool canonical;
    uint32_t depth;
    struct level levels[CAPOS_READER_DEPTH + 1];
};

static bool word_is_zero(struct capos_list list, uint32_t element, uint32_t word) {
    return capos_struct_u64(capos_list_struct(list, element), word * 8) == 0;
}

// The data words that canonical elements have: those beyond are zero in all of them.
static uint16_t trimmed_data(struct capos_list list) {
    uint32_t words = list.data_bits / 64;
    uint32_t used = 0;
    for (uint32_t e = 0; e < list.size && used < words; e++)
        for (uint32_t w = words; w > used; w--)
            if (!word_is_zero(list, e, w - 1))
                used = w;
    return (uint16_t)used;
}

static uint16_t trimmed_pointers(struct capos_list list) {
    uint32_t used = 0;
    for (uint32_t e = 0; e < list.size && used < list.pointers; e++)
        for (uint32_t p = list.pointers; p > used; p--)
            if (!capos_pointer_is_null(capos_struct_pointer(capos_list_struct(list, e), p - 1)))
                used = p;
    return (uint16_t)used;
}

// A data word of a struct. Elements that are read as structs may end within their first word.
static uint64_t data_word(struct capos_struct s, uint32_t word) {
    uint64_t value = 0;
    if (word * 8 + 8 <= s.data_bytes)
        return capos_struct_u64(s, word * 8);
    for (uint32_t byte = 0; byte < 8; byte++)
        value |= (uint64_t)capos_struct_u8(s, word * 8 + byte) << byte * 8;
    return value;
}

static void copy_data(struct capos_list from, struct capos_list_builder to) {
    for (uint32_t e = 0; e < to.size; e++) {
        struct capos_struct source = capos_list_struct(from, e);
        struct capos_struct_builder target = capos_list_builder_struct(to, e);
        for (uint32_t w = 0; w < to.data_words; w++)
            capos_struct_set_u64(target, w * 8, data_word(source, w));
    }
}

// Copies the data of what was entered; its pointers follow if there are any.
static void push(struct copier *c, struct capos_list from, struct capos_list_builder to) {
    if (to.pointers == 0 || to.size == 0)
        return;
    if (c->depth == CAPOS_READER_DEPTH + 1) {
        capos_builder_fail(c->builder, CAPOS_BUILD_COPY);
        return;
    }
    struct level *level = &c->levels[c->depth++];
    level->from = from;
    level->to = to;
    level->element = 0;
    level->pointer = 0;
}

// A struct as a list of one. The empty struct lies nowhere; a list of one element does.
static struct capos_list as_list(struct capos_struct s) {
    struct capos_list list = {s.reader,
                              s.segment,
                              s.data != NULL ? s.data : "",
                              1,
                              s.data_bytes * 8 + s.pointers * 64u,
                              s.data_bytes * 8,
                              s.pointers,
                              (uint8_t)s.depth,
                              CAPOS_ELEMENT_STRUCT};
    return list;
}

static void copy_struct(struct copier *c, struct capos_pointer_builder to,
                        struct capos_struct from) {
    struct capos_list source = as_list(from);
    uint16_t data = c->canonical ? trimmed_data(source) : (uint16_t)((source.data_bits + 63) / 64);
    uint16_t pointers = c->canonical ? trimmed_pointers(source) : source.pointers;
    struct capos_struct_builder s = capos_pointer_init_struct(to, data, pointers);
    if (c->builder->error != CAPOS_BUILD_OK || s.data == NULL)
        return;
    struct capos_list_builder target = {s.builder,
                                        (uint32_t)(s.data - s.builder->words),
                                        1,
                                        (s.data_words + s.pointers) * 64u,
                                        s.data_words,
                                        s.pointers};
    copy_data(source, target);
    push(c, source, target);
}

static void copy_bits(struct capos_list from, struct capos_list_builder to) {
    uint64_t bits = (uint64_t)from.size * from.step;
    if (from.size == 0 || to.size == 0 || bits == 0)
        return;
    unsigned char *target = (unsigned char *)(to.builder->words + to.data);
    __builtin_memcpy(target, from.data, (bits + 7) / 8);
    if (bits % 8 != 0)
        target[bits / 8] &= (unsigned char)((1u << bits % 8) - 1);
}

static void copy_list(struct copier *c, struct capos_pointer_builder to, struct capos_list source) {
    struct capos_list_builder target;
    if (source.element != CAPOS_ELEMENT_STRUCT) {
        target = capos_pointer_init_list(to, (enum capos_element)source.element, source.size);
        if (source.element != CAPOS_ELEMENT_POINTER)
            copy_bits(source, target);
    } else {
        uint16_t data = c->canonical ? trimmed_data(source) : (uint16_t)(source.data_bits / 64);
        uint16_t pointers = c->canonical ? trimmed_pointers(source) : source.pointers;
        target = capos_pointer_init_struct_list(to, source.size, data, pointers);
        copy_data(source, target);
    }
    push(c, source, target);
}

static void copy_one(struct copier *c, struct capos_pointer_builder to, struct capos_pointer from) {
    enum capos_pointer_kind kind;
    if (!capos_pointer_kind(from, &kind))
        return;
    if (kind == CAPOS_POINTER_STRUCT)
        copy_struct(c, to, capos_pointer_struct(from));
    else if (kind == CAPOS_POINTER_LIST)
        copy_list(c, to, capos_pointer_any_list(from));
    else
        capos_builder_fail(c->builder, CAPOS_BUILD_COPY);
}

// Copies the next pointer of the top level; takes the level off when it has no more.
static void step(struct copier *c) {
    struct level *top = &c->levels[c->depth - 1];
    if (top->element == top->to.size) {
        c->depth--;
        return;
    }
    uint32_t element = top->element;
    uint32_t pointer = top->pointer;
    if (++top->pointer == top->to.pointers) {
        top->pointer = 0;
        top->element++;
    }
    copy_one(c, capos_struct_builder_pointer(capos_list_builder_struct(top->to, element), pointer),
             capos_struct_pointer(capos_list_struct(top->from, element), pointer));
}

// Whether what is to be copied can be read, so far.
static bool check(struct capos_pointer_builder to, const struct capos_reader *from) {
    if (from == NULL || capos_reader_ok(from))
        return true;
    capos_builder_fail(to.builder, CAPOS_BUILD_COPY);
    return false;
}

static void begin(struct copier *c, struct capos_pointer_builder to, bool canonical) {
    c->builder = to.builder;
    c->canonical = canonical;
    c->depth = 0;
}

static void finish(struct copier *c, struct capos_pointer_builder to,
                   const struct capos_reader *from) {
    while (c->depth > 0)
        step(c);
    (void)check(to, from);
}

static void copy(struct capos_pointer_builder to, struct capos_pointer from, bool canonical) {
    struct copier c;
    if (!check(to, from.reader))
        return;
    begin(&c, to, canonical);
    copy_one(&c, to, from);
    finish(&c, to, from.reader);
}

void capos_pointer_copy(struct capos_pointer_builder to, struct capos_pointer from) {
    copy(to, from, false);
}

void capos_pointer_copy_canonical(struct capos_pointer_builder to, struct capos_pointer from) {
    copy(to, from, true);
}

void capos_pointer_set_struct(struct capos_pointer_builder to, struct capos_struct from) {
    struct copier c;
    if (!check(to, from.reader))
        return;
    begin(&c, to, false);
    copy_struct(&c, to, from);
    finish(&c, to, from.reader);
}

// The list that a null pointer reads as has no encoding: it stays null.
void capos_pointer_set_list(struct capos_pointer_builder to, struct capos_list from) {
    struct copier c;
    if (!check(to, from.reader) || (from.size == 0 && from.element == CAPOS_ELEMENT_VOID))
        return;
    begin(&c, to, false);
    copy_list(&c, to, from);
    finish(&c, to, from.reader);
}
