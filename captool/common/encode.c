// SPDX-License-Identifier: MIT
// Trees to messages. The message is built while it is checked; when the buffer turns out too small
// the builder knows the size that will do, and building is done again. Numbers are scalar.c's.
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "captool/common/message.h"
#include "captool/common/read_text.h"
#include "captool/common/scalar.h"

#define FIRST_WORDS 1024u

struct encoder {
    struct diag *diag;
    const struct schema *schema;
    unsigned depth;
};

static void encode_members(struct encoder *e, struct capos_struct node,
                           struct capos_struct_builder to, struct tree *tree);
static void encode_pointer(struct encoder *e, struct capos_struct type,
                           struct capos_pointer_builder to, struct capos_list annotations,
                           struct tree *tree);

// What leaves a pointer null: only the word itself, since nothing at all is more likely forgotten.
static bool is_written_null(const struct tree *tree) {
    return tree_is_null(tree) && tree_is(tree, "null");
}

static void wrong(struct encoder *e, struct capos_struct type, struct tree *tree) {
    diag_error(e->diag, tree->span, "found %s, expected %s", tree_describe(e->diag, tree),
               schema_expected(e->diag->pool, e->schema, type));
}

// A number from an annotation of the field, or the most there can be.
static uint64_t annotated_most(struct capos_list annotations) {
    struct capos_struct value;
    return capos_nodes_annotation(annotations, SCHEMA_MAX_LENGTH, &value) ? capos_value_bits(value)
                                                                          : CAPOS_LIST_SIZE_MAX - 1;
}

static bool check_size(struct encoder *e, struct capos_list annotations, const struct tree *tree,
                       size_t size, const char *unit) {
    uint64_t most = annotated_most(annotations);
    if (size <= most)
        return true;
    diag_error(e->diag, tree->span, "found %zu %s, expected at most %" PRIu64, size, unit, most);
    return false;
}

static void encode_text(struct encoder *e, struct capos_struct type,
                        struct capos_pointer_builder to, struct capos_list annotations,
                        struct tree *tree) {
    bool is_text = tree->kind == TREE_SCALAR && tree->style != TREE_LITERAL &&
                   tree->style != TREE_BYTES && !tree_is_null(tree);
    if (!is_text)
        wrong(e, type, tree);
    else if (check_size(e, annotations, tree, tree->size, "bytes of text"))
        capos_pointer_set_text(to, (struct capos_text){tree->text, (uint32_t)tree->size});
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static char *read_hex(struct pool *pool, const char *text, size_t size, size_t *bytes) {
    char *out = pool_alloc(pool, size / 2 + 1);
    *bytes = size / 2;
    for (size_t i = 0; i < size; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0 || size % 2 != 0)
            return NULL;
        out[i / 2] = (char)(out[i / 2] << 4 | digit);
    }
    return out;
}

// A list of numbers from 0 to 255, which is how other tools write Data in JSON.
static char *read_byte_list(struct encoder *e, const struct tree *tree, size_t *bytes) {
    char *out = pool_alloc(e->diag->pool, tree->count + 1);
    *bytes = tree->count;
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree *item = tree->items[i];
        struct scalar_number number;
        bool ok = item->kind == TREE_SCALAR && item->style != TREE_QUOTED &&
                  scalar_number(item->text, item->size, &number) && !number.negative &&
                  !number.overflow && number.magnitude <= 255;
        if (!ok) {
            diag_error(e->diag, item->span, "found %s, expected a byte (0 to 255)",
                       tree_describe(e->diag, item));
            return NULL;
        }
        out[i] = (char)number.magnitude;
    }
    return out;
}

static void encode_data(struct encoder *e, struct capos_struct type,
                        struct capos_pointer_builder to, struct capos_list annotations,
                        struct tree *tree) {
    size_t size = tree->size;
    const char *bytes = NULL;
    if (tree->kind == TREE_SEQUENCE) {
        bytes = read_byte_list(e, tree, &size);
        if (!bytes)
            return;
    } else if (tree->kind == TREE_SCALAR && tree->style == TREE_BYTES) {
        bytes = tree->text;
    } else if (tree->kind == TREE_SCALAR && tree->style != TREE_LITERAL && !tree_is_null(tree)) {
        if (text_starts_with(tree->text, tree->size, "0x"))
            bytes = read_hex(e->diag->pool, tree->text + 2, tree->size - 2, &size);
        else
            bytes = read_base64(e->diag->pool, tree->text, tree->size, &size);
    }
    if (!bytes)
        wrong(e, type, tree);
    else if (check_size(e, annotations, tree, size, "bytes"))
        capos_pointer_set_data(to, (struct capos_data){(const uint8_t *)bytes, (uint32_t)size});
}

// A listKey annotation: the member of that name differs in all elements. Missing is empty.
static void check_list_key(struct encoder *e, struct capos_list annotations,
                           const struct tree *tree) {
    struct capos_struct value;
    if (!capos_nodes_annotation(annotations, SCHEMA_LIST_KEY, &value))
        return;
    const char *key = schema_text(e->diag->pool, capos_pointer_text(capos_value_pointer(value)));
    // A mapping's keys are checked for repetition by sorting; a list's keys are made into one.
    struct tree *keys = tree_mapping(e->diag->pool, tree->span);
    for (size_t i = 0; i < tree->count; i++) {
        struct tree *own = tree_value(tree->items[i], key);
        if (own && own->kind == TREE_SCALAR)
            tree_add_member(e->diag->pool, keys, own, own);
    }
    tree_check_keys(e->diag, keys);
}

static void encode_structs(struct encoder *e, struct capos_struct element,
                           struct capos_pointer_builder to, struct tree *tree) {
    const struct capos_struct *node = schema_node(e->schema, capos_type_id(element));
    if (!node) {
        wrong(e, element, tree);
        return;
    }
    struct capos_list_builder list = capos_pointer_init_struct_list(
        to, (uint32_t)tree->count, capos_node_data_words(*node), capos_node_pointers(*node));
    for (size_t i = 0; i < tree->count; i++)
        encode_members(e, *node, capos_list_builder_struct(list, (uint32_t)i), tree->items[i]);
}

static void encode_list(struct encoder *e, struct capos_struct type,
                        struct capos_pointer_builder to, struct capos_list annotations,
                        struct tree *tree) {
    struct capos_struct element = capos_type_element(type);
    enum capos_type_kind kind = capos_type_which(element);
    const struct capos_type_form *form = capos_type_form(kind);
    if (tree->kind != TREE_SEQUENCE || !form) {
        wrong(e, form ? type : element, tree);
        return;
    }
    if (!check_size(e, annotations, tree, tree->count, "elements"))
        return;
    check_list_key(e, annotations, tree);
    if (kind == CAPOS_TYPE_STRUCT) {
        encode_structs(e, element, to, tree);
        return;
    }
    struct capos_list_builder list =
        capos_pointer_init_list(to, (enum capos_element)form->element, (uint32_t)tree->count);
    for (size_t i = 0; i < tree->count; i++) {
        uint64_t bits;
        if (form->is_pointer && is_written_null(tree->items[i]))
            continue;
        if (form->is_pointer)
            encode_pointer(e, element, capos_list_builder_pointer(list, (uint32_t)i),
                           (struct capos_list){0}, tree->items[i]);
        else if (scalar_bits(e->diag, e->schema, element, tree->items[i], NULL, &bits) &&
                 kind != CAPOS_TYPE_VOID)
            capos_elements_set_bits(list, kind, (uint32_t)i, bits);
    }
}

static void encode_struct(struct encoder *e, struct capos_struct type,
                          struct capos_pointer_builder to, struct tree *tree) {
    const struct capos_struct *node = schema_node(e->schema, capos_type_id(type));
    if (!node) {
        wrong(e, type, tree);
        return;
    }
    encode_members(
        e, *node,
        capos_pointer_init_struct(to, capos_node_data_words(*node), capos_node_pointers(*node)),
        tree);
}

static void encode_pointer(struct encoder *e, struct capos_struct type,
                           struct capos_pointer_builder to, struct capos_list annotations,
                           struct tree *tree) {
    if (e->depth >= CAPOS_READER_DEPTH) {
        diag_error(e->diag, tree->span, "found more nesting, expected at most %d levels",
                   CAPOS_READER_DEPTH);
        return;
    }
    e->depth++;
    switch (capos_type_which(type)) {
    case CAPOS_TYPE_TEXT:
        encode_text(e, type, to, annotations, tree);
        break;
    case CAPOS_TYPE_DATA:
        encode_data(e, type, to, annotations, tree);
        break;
    case CAPOS_TYPE_LIST:
        encode_list(e, type, to, annotations, tree);
        break;
    case CAPOS_TYPE_STRUCT:
        encode_struct(e, type, to, tree);
        break;
    default:
        wrong(e, type, tree);
        break;
    }
    e->depth--;
}

// An interface by its name; false, and an error reported, if it has none that is known.
static bool interface_id(struct encoder *e, const struct tree *tree, uint64_t *id) {
    struct capos_struct node;
    size_t count =
        schema_interfaces(e->schema, (struct capos_text){tree->text, (uint32_t)tree->size}, &node);
    if (count == 1) {
        *id = capos_node_id(node);
        return true;
    }
    struct nearest nearest;
    nearest_init(&nearest, tree->text, tree->size);
    for (const struct schema *schema = e->schema; schema; schema = schema->builtin)
        for (uint32_t i = 0; i < schema->nodes.count; i++)
            if (capos_node_which(schema->nodes.entries[i].node) == CAPOS_NODE_INTERFACE)
                schema_offer(&nearest,
                             schema_node_name(e->diag->pool, schema->nodes.entries[i].node));
    if (count > 1)
        diag_error(e->diag, tree->span,
                   "found %s, which %zu files have, expected FILE:NAME or the interface's id",
                   tree_describe(e->diag, tree), count);
    else
        diag_error(e->diag, tree->span, "found %s, expected the name or the id of an interface%s",
                   tree_describe(e->diag, tree), diag_meant(e->diag, nearest.name));
    return false;
}

static void encode_bits(struct encoder *e, struct capos_struct field,
                        struct capos_struct_builder to, struct tree *tree) {
    struct capos_struct type = capos_field_type(field), annotation;
    struct scalar_number number;
    uint64_t bits;
    bool is_interface =
        capos_nodes_annotation(capos_field_annotations(field), SCHEMA_INTERFACE_ID, &annotation);
    bool ok;
    if (is_interface && tree->kind == TREE_SCALAR && tree->style != TREE_LITERAL &&
        tree->style != TREE_BYTES && !tree_is_null(tree) &&
        !scalar_number(tree->text, tree->size, &number))
        ok = interface_id(e, tree, &bits);
    else
        ok = scalar_bits(e->diag, e->schema, type, tree,
                         is_interface ? "the name or the id of an interface" : NULL, &bits);
    if (ok && capos_type_which(type) != CAPOS_TYPE_VOID)
        capos_fields_set_bits(field, to, bits);
}

// A pointer that is a member of a union may be null: it is set, and leads to nothing.
static void encode_field(struct encoder *e, struct capos_struct node, struct capos_struct field,
                         struct capos_struct_builder to, struct tree *tree) {
    bool in_union = capos_field_discriminant(field) != CAPOS_FIELD_NO_UNION;
    if (in_union)
        capos_fields_set_discriminant(node, to, capos_field_discriminant(field));
    if (capos_field_is_group(field)) {
        const struct capos_struct *group = schema_node(e->schema, capos_field_group(field));
        if (group)
            encode_members(e, *group, to, tree);
        return;
    }
    const struct capos_type_form *form = capos_type_form(capos_type_which(capos_field_type(field)));
    if (!form)
        wrong(e, capos_field_type(field), tree);
    else if (!form->is_pointer)
        encode_bits(e, field, to, tree);
    else if (!in_union || !is_written_null(tree))
        encode_pointer(e, capos_field_type(field), capos_fields_builder(field, to),
                       capos_field_annotations(field), tree);
}

static const char *union_members(struct pool *pool, struct capos_struct node) {
    struct capos_list fields = capos_node_fields(node);
    const char *text = NULL;
    for (uint32_t i = 0; i < fields.size; i++) {
        struct capos_struct field = capos_list_struct(fields, i);
        if (capos_field_discriminant(field) == CAPOS_FIELD_NO_UNION)
            continue;
        const char *name = schema_text(pool, capos_field_name(field));
        text = text ? pool_format(pool, "%s, %s", text, name) : name;
    }
    return text ? text : "";
}

// A union must say which of its members it is, once. After a wrong name nothing is said about a
// missing one: it may be what was meant.
static void check_union(struct encoder *e, struct capos_struct node, struct tree *tree) {
    struct pool *pool = e->diag->pool;
    const struct tree *first = NULL;
    if (capos_node_discriminants(node) == 0)
        return;
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree *key = tree->members[i].key;
        struct capos_struct field;
        if (!capos_fields_find(node, (struct capos_text){key->text, (uint32_t)key->size}, &field) ||
            capos_field_discriminant(field) == CAPOS_FIELD_NO_UNION)
            continue;
        if (first && !text_equal(first->text, first->size, key->text, key->size)) {
            diag_error(e->diag, key->span,
                       "found %s beside %s, expected exactly one of the union's members (%s)",
                       diag_quote(e->diag, key->text, key->size),
                       diag_quote(e->diag, first->text, first->size), union_members(pool, node));
            diag_note(e->diag, first->span, "%s is set here",
                      diag_quote(e->diag, first->text, first->size));
            tree->faulty = true;
        } else {
            first = key;
        }
    }
    if (!first && !tree->faulty) {
        diag_error(e->diag, tree->span,
                   "found no member of the union in %s, expected exactly one of %s",
                   schema_node_name(pool, node), union_members(pool, node));
        tree->faulty = true;
    }
}

static void check_member_names(struct encoder *e, struct capos_struct node, struct tree *tree) {
    struct pool *pool = e->diag->pool;
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree *key = tree->members[i].key;
        struct capos_struct field;
        if (capos_fields_find(node, (struct capos_text){key->text, (uint32_t)key->size}, &field))
            continue;
        diag_error(e->diag, key->span, "found %s, expected a member of %s (%s)%s",
                   diag_quote(e->diag, key->text, key->size), schema_node_name(pool, node),
                   schema_members(pool, node),
                   diag_meant(e->diag, schema_nearest(pool, node, key->text, key->size)));
        tree->faulty = true;
    }
}

// In the order of the schema, so that the order of the text makes no difference.
static void encode_members(struct encoder *e, struct capos_struct node,
                           struct capos_struct_builder to, struct tree *tree) {
    struct pool *pool = e->diag->pool;
    if (tree->kind != TREE_MAPPING) {
        diag_error(e->diag, tree->span, "found %s, expected a mapping (%s)",
                   tree_describe(e->diag, tree), schema_node_name(pool, node));
        return;
    }
    check_member_names(e, node, tree);
    struct capos_list fields = capos_node_fields(node);
    for (uint32_t i = 0; i < fields.size; i++) {
        struct capos_struct field = capos_list_struct(fields, i);
        const char *name = schema_text(pool, capos_field_name(field));
        struct tree *value = tree_value(tree, name);
        size_t errors = e->diag->errors;
        if (value)
            encode_field(e, node, field, to, value);
        tree->faulty = tree->faulty || e->diag->errors > errors;
    }
    check_union(e, node, tree);
}

static uint64_t build(struct encoder *e, struct capos_struct node, struct tree *tree, uint64_t room,
                      struct message *message) {
    struct capos_builder builder;
    uint64_t *words = pool_array(e->diag->pool, room, sizeof *words);
    capos_builder_init(&builder, words, room);
    encode_members(
        e, node,
        capos_builder_init_root(&builder, capos_node_data_words(node), capos_node_pointers(node)),
        tree);
    message->words = words;
    return capos_builder_finish(&builder, &message->size) == CAPOS_BUILD_OK ? 0 : builder.needed;
}

bool message_canonical(struct pool *pool, struct capos_reader *reader, uint64_t room,
                       struct message *message) {
    struct capos_builder builder;
    message->words = pool_array(pool, room, sizeof(uint64_t));
    reader->budget = UINT64_MAX;
    capos_builder_init(&builder, message->words, room);
    capos_pointer_copy_canonical(capos_builder_init_root_pointer(&builder),
                                 capos_reader_root_pointer(reader));
    return capos_builder_finish(&builder, &message->size) == CAPOS_BUILD_OK;
}

bool message_encode(struct diag *diag, const struct schema *schema, struct capos_struct node,
                    struct tree *tree, struct message *message) {
    struct encoder encoder = {diag, schema, 0};
    struct capos_reader reader;
    struct message built;
    size_t errors = diag->errors;
    uint64_t needed = build(&encoder, node, tree, FIRST_WORDS, &built);
    if (diag->errors > errors)
        return false;
    if (needed > 0)
        needed = build(&encoder, node, tree, needed, &built);
    capos_reader_init(&reader, built.words, built.size);
    if (needed == 0 && message_canonical(diag->pool, &reader, built.size, message))
        return true;
    diag_error(diag, span_of_file(tree->span.source),
               "found more than one segment can hold, expected at most %u words",
               CAPOS_SEGMENT_WORDS_MAX);
    return false;
}
