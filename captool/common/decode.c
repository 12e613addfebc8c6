// SPDX-License-Identifier: MIT
// Messages to trees. The bytes may be anything: the reader is bounded, and its first fault refuses
// the file. A value's span is its path.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "captool/common/message.h"
#include "captool/common/scalar.h"

struct decoder {
    struct diag *diag;
    const struct schema *schema;
    const struct source *source;
    bool complete;
    uint64_t budget; // the reader's before decoding
};

static struct tree *decode_members(struct decoder *d, struct capos_struct node,
                                   struct capos_struct s, const char *path);
static struct tree *decode_pointer(struct decoder *d, struct capos_struct type,
                                   struct capos_pointer pointer, const char *path);

static struct span span_at(struct decoder *d, const char *path) {
    return (struct span){d->source, 0, 0, path};
}

static struct tree *null_tree(struct decoder *d, const char *path) {
    return tree_scalar(d->diag->pool, TREE_LITERAL, span_at(d, path), "null", 4);
}

static struct tree *refuse(struct decoder *d, const char *path, const char *found,
                           const char *expected) {
    diag_error(d->diag, span_at(d, path), "found %s, expected %s", found, expected);
    return null_tree(d, path);
}

static struct tree *decode_text(struct decoder *d, struct capos_pointer pointer, const char *path) {
    struct capos_text text = capos_pointer_text(pointer);
    if (!text_is_utf8(text.data, text.size))
        return refuse(d, path, "text that is not UTF-8", "text that can be shown");
    return tree_scalar(d->diag->pool, TREE_QUOTED, span_at(d, path), text.data, text.size);
}

static struct tree *decode_data(struct decoder *d, struct capos_pointer pointer, const char *path) {
    struct capos_data data = capos_pointer_data(pointer);
    return tree_scalar(d->diag->pool, TREE_BYTES, span_at(d, path), (const char *)data.data,
                       data.size);
}

static struct tree *decode_element(struct decoder *d, struct capos_struct element,
                                   struct capos_list list, uint32_t i, const char *path) {
    enum capos_type_kind kind = capos_type_which(element);
    if (kind == CAPOS_TYPE_STRUCT) {
        const struct capos_struct *node = schema_node(d->schema, capos_type_id(element));
        return node ? decode_members(d, *node, capos_list_struct(list, i), path)
                    : refuse(d, path, "a struct", "one whose schema is not missing");
    }
    if (!capos_type_form(kind)->is_pointer)
        return scalar_tree(d->diag->pool, d->schema, element, capos_elements_bits(list, kind, i),
                           span_at(d, path));
    struct capos_pointer pointer = capos_list_pointer(list, i);
    if (capos_pointer_is_null(pointer))
        return null_tree(d, path);
    return decode_pointer(d, element, pointer, path);
}

static struct tree *decode_list(struct decoder *d, struct capos_struct type,
                                struct capos_pointer pointer, const char *path) {
    struct capos_struct element = capos_type_element(type);
    const struct capos_type_form *form = capos_type_form(capos_type_which(element));
    struct tree *tree = tree_sequence(d->diag->pool, span_at(d, path));
    if (!form)
        return refuse(d, path, "a list", "one of a type that is not newer than this program");
    struct capos_list list = capos_pointer_list(pointer, (enum capos_element)form->element);
    for (uint32_t i = 0; i < list.size && capos_reader_ok(pointer.reader); i++) {
        const char *own = pool_format(d->diag->pool, "%s[%" PRIu32 "]", path, i);
        tree_add_item(d->diag->pool, tree, decode_element(d, element, list, i, own));
    }
    return tree;
}

static struct tree *decode_pointer(struct decoder *d, struct capos_struct type,
                                   struct capos_pointer pointer, const char *path) {
    const struct capos_struct *node;
    switch (capos_type_which(type)) {
    case CAPOS_TYPE_TEXT:
        return decode_text(d, pointer, path);
    case CAPOS_TYPE_DATA:
        return decode_data(d, pointer, path);
    case CAPOS_TYPE_LIST:
        return decode_list(d, type, pointer, path);
    case CAPOS_TYPE_STRUCT:
        node = schema_node(d->schema, capos_type_id(type));
        return node ? decode_members(d, *node, capos_pointer_struct(pointer), path)
                    : refuse(d, path, "a struct", "one whose schema is not missing");
    default:
        return refuse(d, path, "a pointer", schema_expected(d->diag->pool, d->schema, type));
    }
}

// An interface's name if it is known and nobody else has it; else its full name, else the number.
static struct tree *decode_interface(struct decoder *d, uint64_t id, const char *path) {
    struct pool *pool = d->diag->pool;
    const struct capos_struct *node = schema_interface(d->schema, id);
    struct capos_struct first;
    const char *text = NULL;
    if (node && schema_interfaces(d->schema, capos_nodes_name(*node), &first) == 1)
        text = schema_node_name(pool, *node);
    else if (node && schema_interfaces(d->schema, capos_node_display_name(*node), &first) == 1)
        text = schema_text(pool, capos_node_display_name(*node));
    else
        text = pool_format(pool, "0x%016" PRIx64, id);
    return tree_scalar(pool, TREE_NAME, span_at(d, path), text, strlen(text));
}

// The field's value; NULL if it is to be left out.
static struct tree *decode_field(struct decoder *d, struct capos_struct field,
                                 struct capos_struct s, const char *path) {
    bool in_union = capos_field_discriminant(field) != CAPOS_FIELD_NO_UNION;
    struct capos_struct type = capos_field_type(field), annotation;
    if (capos_field_is_group(field)) {
        const struct capos_struct *group = schema_node(d->schema, capos_field_group(field));
        struct tree *tree = group ? decode_members(d, *group, s, path) : NULL;
        return tree && tree->count == 0 && !in_union && !d->complete ? NULL : tree;
    }
    const struct capos_type_form *form = capos_type_form(capos_type_which(type));
    if (!form)
        return refuse(d, path, "a type", "one that is not newer than this program");
    if (form->is_pointer) {
        struct capos_pointer pointer = capos_fields_pointer(field, s);
        if (!capos_pointer_is_null(pointer))
            return decode_pointer(d, type, pointer, path);
        return in_union ? null_tree(d, path) : NULL;
    }
    uint64_t bits = capos_fields_bits(field, s);
    if (!in_union && !d->complete && bits == capos_value_bits(capos_field_default(field)))
        return NULL;
    if (capos_nodes_annotation(capos_field_annotations(field), SCHEMA_INTERFACE_ID, &annotation) &&
        bits != 0)
        return decode_interface(d, bits, path);
    return scalar_tree(d->diag->pool, d->schema, type, bits, span_at(d, path));
}

static int by_code_order(const void *left, const void *right) {
    return (int)capos_field_code_order(*(const struct capos_struct *)left) -
           (int)capos_field_code_order(*(const struct capos_struct *)right);
}

// The fields as the schema's file has them, without union members that are not set.
static struct capos_struct *fields_in_order(struct decoder *d, struct capos_struct node,
                                            uint32_t which, size_t *count) {
    struct capos_list list = capos_node_fields(node);
    struct capos_struct *fields = pool_array(d->diag->pool, list.size, sizeof *fields);
    *count = 0;
    for (uint32_t i = 0; i < list.size; i++) {
        struct capos_struct field = capos_list_struct(list, i);
        uint16_t own = capos_field_discriminant(field);
        if (own == CAPOS_FIELD_NO_UNION || own == which)
            fields[(*count)++] = field;
    }
    if (*count > 1)
        qsort(fields, *count, sizeof *fields, by_code_order);
    return fields;
}

static struct tree *decode_members(struct decoder *d, struct capos_struct node,
                                   struct capos_struct s, const char *path) {
    struct pool *pool = d->diag->pool;
    struct tree *tree = tree_mapping(pool, span_at(d, path));
    uint32_t which = UINT32_MAX;
    struct capos_struct member;
    if (capos_node_discriminants(node) > 0) {
        which = capos_fields_discriminant(node, s);
        if (!capos_fields_member(node, (uint16_t)which, &member))
            return refuse(d, path, pool_format(pool, "member number %" PRIu32 " of a union", which),
                          "one that the schema knows");
    }
    size_t count;
    struct capos_struct *fields = fields_in_order(d, node, which, &count);
    for (size_t i = 0; i < count && (!s.reader || capos_reader_ok(s.reader)); i++) {
        struct capos_text name = capos_field_name(fields[i]);
        const char *text = schema_text(pool, name);
        const char *own = *path ? pool_format(pool, "%s.%s", path, text) : text;
        struct tree *value = decode_field(d, fields[i], s, own);
        if (value)
            tree_add_member(pool, tree,
                            tree_scalar(pool, TREE_NAME, span_at(d, own), name.data, name.size),
                            value);
    }
    return tree;
}

// Makes a message of the tree again: the schema's rules hold for what is in binary files, too, and
// the same message must come out, or the file holds something that the tree does not show.
static bool check_again(struct decoder *d, struct capos_struct node, struct capos_reader *reader,
                        struct tree *tree) {
    struct message again, before;
    uint64_t visited = d->budget - reader->budget + 1;
    if (!message_encode(d->diag, d->schema, node, tree, &again))
        return false;
    if (message_canonical(d->diag->pool, reader, visited, &before) && before.size == again.size &&
        memcmp(before.words, again.words, again.size * sizeof(uint64_t)) == 0)
        return true;
    diag_error(d->diag, span_of_file(d->source),
               "found data that the schema has no place for, expected only what %s describes",
               schema_node_name(d->diag->pool, node));
    return false;
}

struct tree *message_decode(struct diag *diag, const struct schema *schema,
                            struct capos_struct node, struct capos_reader *reader,
                            const struct source *source, enum message_detail detail) {
    struct decoder decoder = {diag, schema, source, detail == MESSAGE_COMPLETE, reader->budget};
    size_t errors = diag->errors;
    struct tree *tree = decode_members(&decoder, node, capos_reader_root(reader), "");
    if (!capos_reader_ok(reader)) {
        diag_error(diag, span_of_file(source),
                   "found bytes that are no message (%s, segment %" PRIu32 ", word %" PRIu32
                   "), expected a %s",
                   capos_fault_name(reader->fault.kind), reader->fault.segment, reader->fault.word,
                   schema_node_name(diag->pool, node));
        return NULL;
    }
    if (diag->errors > errors || !check_again(&decoder, node, reader, tree))
        return NULL;
    return tree;
}
