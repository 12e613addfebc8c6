// SPDX-License-Identifier: MIT
// The bound of a struct's size: its own words and those of all that its fields can lead to. Members
// of a union are counted together: a builder that changes its mind leaves the first one behind.
#include "capnpc-capos/bound.h"

#define DEPTH     32
#define UNBOUNDED UINT64_MAX

static uint64_t struct_words(const struct node *node, unsigned depth, const struct field **member);

static uint64_t add(uint64_t a, uint64_t b) {
    return a > CAPOS_SEGMENT_WORDS_MAX || b > CAPOS_SEGMENT_WORDS_MAX ? UNBOUNDED : a + b;
}

static uint64_t times(uint64_t a, uint64_t b) {
    return a > CAPOS_SEGMENT_WORDS_MAX || b > CAPOS_SEGMENT_WORDS_MAX ? UNBOUNDED : a * b;
}

// Bits of an element of a list of numbers.
static unsigned element_bits(enum capos_type_kind kind) {
    static const uint8_t bits[] = {0, 1, 8, 16, 32, 64, 8, 16, 32, 64, 32, 64};
    return kind == CAPOS_TYPE_ENUM ? 16 : kind <= CAPOS_TYPE_FLOAT64 ? bits[kind] : 64;
}

static uint64_t list_words(const struct type *element, uint64_t most, unsigned depth,
                           const struct field **member) {
    if (element->kind == CAPOS_TYPE_STRUCT)
        return add(1, times(most, struct_words(element->node, depth, member)));
    if (type_is_pointer(element) && !type_is_capability(element))
        return UNBOUNDED;
    return (most * element_bits(element->kind) + 63) / 64;
}

static uint64_t field_words(const struct field *field, unsigned depth,
                            const struct field **member) {
    const struct type *type = &field->type;
    if (!type_is_pointer(type) || type_is_capability(type))
        return 0;
    if (type->kind == CAPOS_TYPE_STRUCT)
        return struct_words(type->node, depth, member);
    if (type->kind == CAPOS_TYPE_ANY_POINTER || !field->has_max_length)
        return UNBOUNDED;
    uint64_t most = field->max_length;
    if (type->kind == CAPOS_TYPE_LIST)
        return list_words(type->element, most, depth, member);
    return (most + (type->kind == CAPOS_TYPE_TEXT) + 7) / 8;
}

static uint64_t fields_words(const struct node *node, unsigned depth, const struct field **member) {
    uint64_t words = 0;
    for (uint32_t i = 0; i < node->field_count && words != UNBOUNDED; i++) {
        const struct field *field = &node->fields[i];
        const struct field *inner = NULL;
        words = add(words, field->group != NULL ? fields_words(field->group, depth, &inner)
                                                : field_words(field, depth, &inner));
        if (words == UNBOUNDED)
            *member = field;
    }
    return words;
}

static uint64_t struct_words(const struct node *node, unsigned depth, const struct field **member) {
    if (depth == 0)
        return UNBOUNDED;
    return add(node->data_words + node->pointers, fields_words(node, depth - 1, member));
}

uint64_t bound_words(const struct node *node, const struct field **member) {
    uint64_t words = add(1, struct_words(node, DEPTH, member));
    return words > CAPOS_SEGMENT_WORDS_MAX ? 0 : words;
}
