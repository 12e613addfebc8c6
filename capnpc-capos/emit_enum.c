// SPDX-License-Identifier: MIT
// Enums, and the enums that tell which member a union has. Values that a newer schema may send are
// not cast to an enumerator: they read as UNKNOWN_VALUE.
#include "capnpc-capos/emit.h"
#include "capnpc-capos/names.h"

#define UNKNOWN_DOC "A value that this schema does not name."

static void begin(struct emit *e, const struct node *node, const char *name) {
    out_printf(e->header, "enum %s {\n", emit_tag(e, node, NULL, name));
}

static void enumerator(struct emit *e, const struct node *node, const char *member,
                       const char *prefix, const char *name, unsigned value, const char *doc) {
    const char *upper = names_upper(e->model->arena, emit_text(e, "%s_%s", prefix, name));
    out_comment(e->header, "    ", doc);
    out_printf(e->header, "    %s = %u,\n", emit_name(e, node, member, upper), value);
}

static void end(struct emit *e, const struct node *node, const char *prefix) {
    enumerator(e, node, NULL, prefix, "unknown_value", 0xffff, UNKNOWN_DOC);
    out_printf(e->header, "};\n");
}

// The same enum may also stand in a header of its own (emit_enums_file): whichever comes first
// wins.
void emit_enum_type(struct emit *e, const struct node *node) {
    const char *guard = names_upper(e->model->arena, emit_text(e, "%s_enum", node->c_name));
    emit_name(e, node, NULL, guard);
    out_printf(e->header, "\n#ifndef %s\n#define %s\n", guard, guard);
    out_comment(e->header, "", node->doc);
    begin(e, node, node->c_name);
    for (uint32_t i = 0; i < node->enumerant_count; i++) {
        const struct enumerant *enumerant = &node->enumerants[i];
        enumerator(e, node, enumerant->name, node->c_name, enumerant->c_name, i, enumerant->doc);
    }
    end(e, node, node->c_name);
    out_printf(e->header, "#endif\n");
}

void emit_enum_list_types(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    out_printf(e->header, "\nstruct %s {\n    struct capos_list list;\n};\n",
               emit_tag(e, node, NULL, emit_text(e, "%s_list", n)));
    out_printf(e->header, "\nstruct %s {\n    struct capos_list_builder list;\n};\n",
               emit_tag(e, node, NULL, emit_text(e, "%s_list_builder", n)));
}

void emit_enum_functions(struct emit *e, const struct node *node) {
    const char *type = emit_text(e, "enum %s", node->c_name);
    const char *list = emit_text(e, "struct %s_list", node->c_name);
    const char *upper = names_upper(e->model->arena, node->c_name);
    emit_inline(e, node, NULL, type, emit_text(e, "%s_of", node->c_name), "uint16_t value");
    out_printf(e->header, "    if (value > %u)\n        return %s_UNKNOWN_VALUE;\n",
               node->enumerant_count - 1, upper);
    out_printf(e->header, "    return (enum %s)value;\n}\n", node->c_name);

    emit_inline(e, node, NULL, "uint32_t", emit_text(e, "%s_list_size", node->c_name),
                emit_text(e, "%s list", list));
    out_printf(e->header, "    return list.list.size;\n}\n");
    emit_inline(e, node, NULL, type, emit_text(e, "%s_list_at", node->c_name),
                emit_text(e, "%s list, uint32_t index", list));
    out_printf(e->header, "    return %s_of(capos_list_u16(list.list, index));\n}\n", node->c_name);
    emit_inline(e, node, NULL, "void", emit_text(e, "%s_list_set", node->c_name),
                emit_text(e, "%s_builder list, uint32_t index, %s value", list, type));
    out_printf(e->header, "    capos_list_set_u16(list.list, index, (uint16_t)value);\n}\n");
}

void emit_which_type(struct emit *e, const struct node *node) {
    const char *name = emit_text(e, "%s_which", node->c_name);
    if (node->discriminants == 0)
        return;
    out_printf(e->header, "\n// Which member its union has.\n");
    begin(e, node, name);
    for (uint32_t value = 0; value < node->discriminants; value++)
        for (uint32_t i = 0; i < node->field_count; i++)
            if (node->fields[i].discriminant == value)
                enumerator(e, node, node->fields[i].name, name, node->fields[i].c_name, value, "");
    end(e, node, name);
}

void emit_which_function(struct emit *e, const struct node *node) {
    const char *name = emit_text(e, "%s_which", node->c_name);
    const char *upper = names_upper(e->model->arena, name);
    if (node->discriminants == 0)
        return;
    emit_inline(e, node, NULL, emit_text(e, "enum %s", name), name,
                emit_text(e, "struct %s p", node->c_name));
    out_printf(e->header, "    uint16_t value = capos_known_u16(p.s, %u, %u);\n",
               node->data_words * 8, node->discriminant_offset);
    out_printf(e->header, "    if (value > %u)\n        return %s_UNKNOWN_VALUE;\n",
               node->discriminants - 1u, upper);
    out_printf(e->header, "    return (enum %s)value;\n}\n", name);
}
