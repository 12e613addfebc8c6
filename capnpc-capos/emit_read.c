// SPDX-License-Identifier: MIT
// Getters. A member of a union that the struct does not have reads as its default.
#include "capnpc-capos/capabilities.h"
#include "capnpc-capos/emit_shape.h"

#include <string.h>

static void begin(struct emit *e, const struct node *node, const struct field *field,
                  const char *type, const char *infix) {
    emit_inline(e, node, field->name, type,
                emit_text(e, "%s_%s%s", node->c_name, infix, field->c_name),
                emit_text(e, "struct %s p", node->c_name));
    if (field_in_union(field))
        out_printf(e->header, "    p.s = capos_struct_member(p.s, %u, %u);\n",
                   node->discriminant_offset, field->discriminant);
}

static void read_group(struct emit *e, const struct node *node, const struct field *field) {
    begin(e, node, field, emit_text(e, "struct %s", field->group->c_name), "");
    out_printf(e->header, "    struct %s group;\n    group.s = p.s;\n    return group;\n}\n",
               field->group->c_name);
}

// The expression of a number's bits, the default taken out.
static const char *bits_of(struct emit *e, const struct node *node, const struct field *field,
                           unsigned bits) {
    const char *stored = emit_text(e, "capos_known_u%u(p.s, %u, %u)", bits, node->data_words * 8,
                                   field->offset * (bits / 8));
    unsigned long long value = field->value.bits;
    if (value == 0)
        return stored;
    if (bits == 64)
        return emit_text(e, "%s ^ UINT64_C(0x%llx)", stored, value);
    if (bits == 32)
        return emit_text(e, "%s ^ 0x%llxu", stored, value);
    return emit_text(e, "(uint%u_t)(%s ^ 0x%llxu)", bits, stored, value);
}

static void read_number(struct emit *e, const struct node *node, const struct field *field) {
    unsigned bits = emit_bits(&field->type);
    const char *c_type = emit_reader_type(e, &field->type, "");
    const char *value = bits_of(e, node, field, bits);
    bool bare = field->value.bits == 0 || bits < 32;
    begin(e, node, field, c_type, "");
    if (field->type.kind == CAPOS_TYPE_ENUM)
        out_printf(e->header, "    uint16_t value = %s;\n    return %s_of(value);\n}\n", value,
                   field->type.node->c_name);
    else if (field->type.kind >= CAPOS_TYPE_FLOAT32)
        out_printf(e->header, "    return capos_f%u_of_bits(%s);\n}\n", bits, value);
    else if (field->type.kind >= CAPOS_TYPE_UINT8)
        out_printf(e->header, "    return %s;\n}\n", value);
    else
        out_printf(e->header, bare ? "    return (%s)%s;\n}\n" : "    return (%s)(%s);\n}\n",
                   c_type, value);
}

static void read_bool(struct emit *e, const struct node *node, const struct field *field) {
    begin(e, node, field, "bool", "");
    out_printf(e->header, "    return %scapos_known_bool(p.s, %u, %u);\n}\n",
               field->value.bits ? "!" : "", node->data_words * 8, field->offset);
}

static void read_has(struct emit *e, const struct node *node, const struct field *field) {
    begin(e, node, field, "bool", "has_");
    out_printf(e->header, "    return !capos_pointer_is_null(capos_struct_pointer(p.s, %u));\n}\n",
               field->offset);
}

static void read_descriptor(struct emit *e, const struct node *node, const struct field *field) {
    emit_inline(e, node, field->name, "const struct capos_descriptor *",
                emit_text(e, "%s_%s_descriptor", node->c_name, field->c_name),
                emit_text(e, "struct %s p", node->c_name));
    if (field_in_union(field))
        out_printf(e->header, "    p.s = capos_struct_member(p.s, %u, %u);\n",
                   node->discriminant_offset, field->discriminant);
    out_printf(e->header,
               "    return capos_pointer_capability(capos_struct_pointer(p.s, %u));\n}\n",
               field->offset);
}

// In a message of the struct's shape it is known where a pointer leads.
static void read_shaped(struct emit *e, const struct node *node, const struct field *field) {
    const char *type = emit_reader_type(e, &field->type, "");
    int offset = shape_offset(node, field), place = capabilities_place(node, field);
    if (shape_exists(node) && shape_has_bytes(field)) {
        out_printf(e->header,
                   "    if (p.s.depth == CAPOS_DEPTH_SHAPED)\n"
                   "        return capos_known_shaped_%s(p.s, %u);\n",
                   field->type.kind == CAPOS_TYPE_TEXT ? "text" : "data",
                   node->data_words + field->offset);
        return;
    }
    if (offset < 0 && (!shape_exists(node) || place < 0))
        return;
    out_printf(e->header, "    if (p.s.depth == CAPOS_DEPTH_SHAPED) {\n        %s shaped;\n", type);
    if (offset >= 0)
        out_printf(e->header, "        shaped.s = capos_known_shaped(p.s, %d, %u);\n", offset,
                   field->type.node->data_words);
    else
        out_printf(e->header, "        shaped.id = p.s.reader->descriptors[%d].cap;\n", place);
    out_printf(e->header, "        return shaped;\n    }\n");
}

static void read_pointer(struct emit *e, const struct node *node, const struct field *field) {
    const char *lists = emit_text(e, "%s_%s", node->c_name, field->c_name);
    begin(e, node, field, emit_reader_type(e, &field->type, lists), "");
    read_shaped(e, node, field);
    out_printf(e->header, "    struct capos_pointer pointer = capos_struct_pointer(p.s, %u);\n",
               field->offset);
    if (field->has_object)
        out_printf(e->header, "    pointer = capos_pointer_or(pointer, &%s_default);\n", lists);
    emit_return_pointer(e, &field->type, lists, "pointer");
    out_printf(e->header, "}\n");
    read_has(e, node, field);
    if (type_is_capability(&field->type))
        read_descriptor(e, node, field);
}

void emit_field_reader(struct emit *e, const struct node *node, const struct field *field) {
    if (field->group == NULL && field->type.kind == CAPOS_TYPE_VOID)
        return;
    if (field->has_object) {
        const char *name = emit_text(e, "%s_%s_default", node->c_name, field->c_name);
        emit_object(e, node, field->name, name, field->value.object);
    }
    if (*field->doc != '\0')
        out_printf(e->header, "\n");
    out_comment(e->header, "", field->doc);
    if (field->group != NULL)
        read_group(e, node, field);
    else if (type_is_pointer(&field->type))
        read_pointer(e, node, field);
    else if (field->type.kind == CAPOS_TYPE_BOOL)
        read_bool(e, node, field);
    else
        read_number(e, node, field);
}
