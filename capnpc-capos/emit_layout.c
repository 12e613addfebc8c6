// SPDX-License-Identifier: MIT
// Layouts for the validator (capnp/validate.h): for each struct a table of its pointer fields,
// those of its groups included, with guards for the members of unions.
#include "capnpc-capos/emit.h"

enum { SHAPE_WORDS_MAX = 1024 };

struct rows {
    struct emit *e;
    struct out text;
    uint32_t count;
};

static const char *kind_of(const struct type *type) {
    if (type_is_capability(type))
        return "CAPOS_LAYOUT_CAPABILITY";
    switch (type->kind) {
    case CAPOS_TYPE_TEXT:
        return "CAPOS_LAYOUT_TEXT";
    case CAPOS_TYPE_DATA:
        return "CAPOS_LAYOUT_DATA";
    case CAPOS_TYPE_STRUCT:
        return "CAPOS_LAYOUT_STRUCT";
    case CAPOS_TYPE_LIST:
        return "CAPOS_LAYOUT_LIST";
    default:
        return "CAPOS_LAYOUT_ANY";
    }
}

static const char *target_of(struct emit *e, const struct type *type) {
    const struct type *inner = type->kind == CAPOS_TYPE_LIST ? type->element : type;
    if (inner->kind != CAPOS_TYPE_STRUCT)
        return "NULL";
    return emit_text(e, "&%s_layout", inner->node->c_name);
}

static bool is_list_of_pointers(const struct type *type) {
    return type->kind == CAPOS_TYPE_LIST && type_is_pointer(type->element) &&
           type->element->kind != CAPOS_TYPE_STRUCT;
}

static const char *type_row(struct emit *e, const struct type *type, const char *most,
                            const char *name) {
    const char *of = is_list_of_pointers(type) ? emit_text(e, "&%s_of", name) : "NULL";
    return emit_text(e, "{%s, %s, %s, %s, %s}", kind_of(type),
                     type->kind == CAPOS_TYPE_LIST ? emit_element(type->element) : "0", most,
                     target_of(e, type), of);
}

// What the elements of a list of pointers are, from the inside out.
static void elements(struct emit *e, const struct type *type, const char *name) {
    if (!is_list_of_pointers(type))
        return;
    const char *of = emit_text(e, "%s_of", name);
    elements(e, type->element, of);
    out_printf(e->source, "static const struct capos_layout_type %s =\n    %s;\n", of,
               type_row(e, type->element, "UINT32_MAX", of));
}

static void put_field(struct rows *rows, const struct node *node, const struct field *field) {
    struct emit *e = rows->e;
    const char *name = emit_text(e, "%s_%s_layout", node->c_name, field->c_name);
    const char *most = field->has_max_length ? emit_text(e, "%u", field->max_length) : "UINT32_MAX";
    elements(e, &field->type, name);
    out_printf(&rows->text, "    {%u, 0, 0, %s},\n", field->offset,
               type_row(e, &field->type, most, name));
    rows->count++;
}

static uint32_t count_rows(const struct node *node) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->field_count; i++) {
        const struct field *field = &node->fields[i];
        uint32_t more = field->group != NULL ? count_rows(field->group)
                                             : (uint32_t)type_is_pointer(&field->type);
        count += more + (more > 0 && field_in_union(field));
    }
    return count;
}

static void put_fields(struct rows *rows, const struct node *node) {
    for (uint32_t i = 0; i < node->field_count; i++) {
        const struct field *field = &node->fields[i];
        uint32_t more = field->group != NULL ? count_rows(field->group)
                                             : (uint32_t)type_is_pointer(&field->type);
        if (more == 0)
            continue;
        if (field_in_union(field)) {
            out_printf(&rows->text, "    {%u, %u, %u, {CAPOS_LAYOUT_ANY, 0, 0, NULL, NULL}},\n",
                       node->discriminant_offset, field->discriminant, more);
            rows->count++;
        }
        if (field->group != NULL)
            put_fields(rows, field->group);
        else
            put_field(rows, node, field);
    }
}

void emit_layout_declaration(struct emit *e, const struct node *node) {
    if (node->is_group)
        return;
    out_printf(e->header, "\nextern const struct capos_layout %s;\n",
               emit_name(e, node, NULL, emit_text(e, "%s_layout", node->c_name)));
}

static const struct field *pointer_field(const struct node *node, uint32_t pointer) {
    for (uint32_t i = 0; i < node->field_count; i++) {
        const struct field *field = &node->fields[i];
        if (field->group == NULL && type_is_pointer(&field->type) && field->offset == pointer)
            return field_in_union(field) ? NULL : field;
    }
    return NULL;
}

// What a pointer of a struct with a shape leads to: a struct that has data, and nothing else.
static const struct node *shape_target(const struct node *node, uint32_t pointer) {
    const struct field *field = pointer_field(node, pointer);
    if (field == NULL || field->type.kind != CAPOS_TYPE_STRUCT)
        return NULL;
    const struct node *target = field->type.node;
    return target->pointers == 0 && target->data_words > 0 ? target : NULL;
}

// The words of a message of the struct that has a shape, 0 if it has none (capnp/validate.h).
static uint32_t shape_words(const struct node *node) {
    uint32_t words = 1u + node->data_words + node->pointers;
    if (words == 1)
        return 0;
    for (uint32_t i = 0; i < node->pointers; i++) {
        const struct node *target = shape_target(node, i);
        if (target == NULL)
            return 0;
        words += target->data_words;
    }
    return words <= SHAPE_WORDS_MAX ? words : 0;
}

static void put_shape(struct emit *e, const struct node *node) {
    uint32_t next = node->pointers; // words from the first pointer to where the next struct begins
    out_printf(e->source, "static const uint64_t %s_shape[] = {\n", node->c_name);
    for (uint32_t i = 0; i < node->pointers; i++) {
        const struct node *target = shape_target(node, i);
        uint64_t word = capos_word_make_struct((int32_t)(next - i - 1), target->data_words, 0);
        out_printf(e->source, "    UINT64_C(0x%016llx),\n", (unsigned long long)word);
        next += target->data_words;
    }
    out_printf(e->source, "};\n");
}

void emit_layout(struct emit *e, const struct node *node) {
    struct rows rows = {.e = e};
    const char *entries = "NULL";
    const char *shape = "NULL";
    if (node->is_group)
        return;
    out_init(&rows.text);
    out_printf(e->source, "\n// clang-format off\n");
    put_fields(&rows, node);
    if (rows.count > 0) {
        entries = emit_text(e, "%s_entries", node->c_name);
        out_printf(e->source, "static const struct capos_layout_entry %s[] = {\n%s};\n", entries,
                   rows.text.data);
    }
    uint32_t words = shape_words(node);
    if (words > 0 && node->pointers > 0) {
        shape = emit_text(e, "%s_shape", node->c_name);
        put_shape(e, node);
    }
    if (words > 0)
        out_printf(e->source,
                   "const struct capos_layout %s_layout = "
                   "{%s, %u, %u, %u, %u, UINT64_C(0x%016llx), %s};\n",
                   node->c_name, entries, rows.count, words, node->data_words, node->pointers,
                   (unsigned long long)capos_word_make_struct(0, node->data_words, node->pointers),
                   shape);
    else
        out_printf(e->source, "const struct capos_layout %s_layout = {%s, %u, 0, 0, 0, 0, NULL};\n",
                   node->c_name, entries, rows.count);
    out_printf(e->source, "// clang-format on\n");
    out_fini(&rows.text);
}
