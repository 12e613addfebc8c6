// SPDX-License-Identifier: MIT
// Layouts for the validator (capnp/validate.h): for each struct a table of its pointer fields,
// those of its groups included, with guards for the members of unions.
#include "capnpc-capos/emit.h"

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

void emit_layout(struct emit *e, const struct node *node) {
    struct rows rows = {.e = e};
    const char *entries = "NULL";
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
    out_printf(e->source, "const struct capos_layout %s_layout = {%s, %u};\n", node->c_name,
               entries, rows.count);
    out_printf(e->source, "// clang-format on\n");
    out_fini(&rows.text);
}
