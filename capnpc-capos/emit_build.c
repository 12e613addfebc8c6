// SPDX-License-Identifier: MIT
// Setters. Setting a member of a union makes it the member that the struct has.
#include "capnpc-capos/emit.h"

static void begin(struct emit *e, const struct node *node, const struct field *field,
                  const char *type, const char *verb, const char *more) {
    emit_inline(
        e, node, field->name, type, emit_text(e, "%s_%s_%s", node->c_name, verb, field->c_name),
        emit_text(e, "struct %s_builder b%s%s", node->c_name, *more == '\0' ? "" : ", ", more));
    if (field_in_union(field))
        out_printf(e->header, "    capos_known_set_u16(b.s, %u, %u, %u);\n", node->data_words,
                   node->discriminant_offset, field->discriminant);
}

static void set_group(struct emit *e, const struct node *node, const struct field *field) {
    const char *type = emit_text(e, "struct %s_builder", field->group->c_name);
    begin(e, node, field, type, "init", "");
    out_printf(e->header, "    %s group;\n    group.s = b.s;\n    return group;\n}\n", type);
}

static void set_void(struct emit *e, const struct node *node, const struct field *field) {
    if (!field_in_union(field))
        return;
    begin(e, node, field, "void", "set", "");
    out_printf(e->header, "}\n");
}

static void set_bool(struct emit *e, const struct node *node, const struct field *field) {
    begin(e, node, field, "void", "set", "bool value");
    out_printf(e->header, "    capos_known_set_bool(b.s, %u, %u, %svalue);\n}\n", node->data_words,
               field->offset, field->value.bits ? "!" : "");
}

static void set_number(struct emit *e, const struct node *node, const struct field *field) {
    unsigned bits = emit_bits(&field->type);
    unsigned long long value = field->value.bits;
    const char *c_type = emit_reader_type(e, &field->type, "");
    bool is_float =
        field->type.kind == CAPOS_TYPE_FLOAT32 || field->type.kind == CAPOS_TYPE_FLOAT64;
    bool is_unsigned =
        field->type.kind >= CAPOS_TYPE_UINT8 && field->type.kind <= CAPOS_TYPE_UINT64;
    begin(e, node, field, "void", "set", emit_text(e, "%s value", c_type));
    const char *stored = is_float      ? emit_text(e, "capos_f%u_to_bits(value)", bits)
                         : is_unsigned ? "value"
                                       : emit_text(e, "(uint%u_t)value", bits);
    if (value != 0 && bits >= 32)
        stored = bits == 64 ? emit_text(e, "%s ^ UINT64_C(0x%llx)", stored, value)
                            : emit_text(e, "%s ^ 0x%llxu", stored, value);
    else if (value != 0)
        stored = emit_text(e, "(uint%u_t)(%s ^ 0x%llxu)", bits, stored, value);
    out_printf(e->header, "    capos_known_set_u%u(b.s, %u, %u, %s);\n}\n", bits, node->data_words,
               field->offset * (bits / 8), stored);
}

static void pointer_local(struct emit *e, const struct field *field) {
    out_printf(
        e->header,
        "    struct capos_pointer_builder pointer = capos_struct_builder_pointer(b.s, %u);\n",
        field->offset);
}

static void set_bytes(struct emit *e, const struct node *node, const struct field *field) {
    const char *kind = field->type.kind == CAPOS_TYPE_TEXT ? "text" : "data";
    begin(e, node, field, "void", "set", emit_text(e, "struct capos_%s value", kind));
    out_printf(e->header,
               "    capos_pointer_set_%s(capos_struct_builder_pointer(b.s, %u), value);\n}\n", kind,
               field->offset);
    begin(e, node, field, field->type.kind == CAPOS_TYPE_TEXT ? "char *" : "uint8_t *", "init",
          "uint32_t size");
    out_printf(
        e->header,
        "    return capos_pointer_init_%s(capos_struct_builder_pointer(b.s, %u), size);\n}\n", kind,
        field->offset);
}

// A capability: a copy of one's own is the common case, `give` takes any descriptor.
static void set_capability(struct emit *e, const struct node *node, const struct field *field) {
    begin(e, node, field, "void", "give", "struct capos_descriptor descriptor");
    pointer_local(e, field);
    out_printf(e->header, "    capos_pointer_set_capability(pointer, descriptor);\n}\n");
    begin(e, node, field, "void", "set",
          emit_text(e, "%s value", emit_reader_type(e, &field->type, "")));
    pointer_local(e, field);
    out_printf(e->header,
               "    capos_pointer_set_capability(pointer, capos_descriptor_copy(value.id));\n}\n");
}

// Sets a field to a copy of what was read elsewhere.
static void set_copy(struct emit *e, const struct node *node, const struct field *field,
                     const char *lists) {
    const char *type = emit_reader_type(e, &field->type, lists);
    bool is_struct = field->type.kind == CAPOS_TYPE_STRUCT;
    begin(e, node, field, "void", "set", emit_text(e, "%s value", type));
    pointer_local(e, field);
    if (field->type.kind == CAPOS_TYPE_ANY_POINTER)
        out_printf(e->header, "    capos_pointer_copy(pointer, value);\n}\n");
    else
        out_printf(e->header, "    capos_pointer_set_%s(pointer, value.%s);\n}\n",
                   is_struct ? "struct" : "list", is_struct ? "s" : "list");
}

static void set_object(struct emit *e, const struct node *node, const struct field *field) {
    const char *lists = emit_text(e, "%s_%s", node->c_name, field->c_name);
    const char *type = emit_builder_type(e, &field->type, lists);
    bool is_list = field->type.kind == CAPOS_TYPE_LIST;
    begin(e, node, field, type, "init", is_list ? "uint32_t size" : "");
    if (field->type.kind == CAPOS_TYPE_ANY_POINTER) {
        out_printf(e->header, "    return capos_struct_builder_pointer(b.s, %u);\n}\n",
                   field->offset);
        set_copy(e, node, field, lists);
        return;
    }
    pointer_local(e, field);
    out_printf(e->header, "    %s value;\n", type);
    const struct type *element = is_list ? field->type.element : NULL;
    if (!is_list)
        out_printf(e->header, "    value.s = capos_pointer_init_struct(pointer, %u, %u);\n",
                   field->type.node->data_words, field->type.node->pointers);
    else if (element->kind == CAPOS_TYPE_STRUCT)
        out_printf(e->header,
                   "    value.list = capos_pointer_init_struct_list(pointer, size, %u, %u);\n",
                   element->node->data_words, element->node->pointers);
    else
        out_printf(e->header, "    value.list = capos_pointer_init_list(pointer, %s, size);\n",
                   emit_element(element));
    out_printf(e->header, "    return value;\n}\n");
    set_copy(e, node, field, lists);
}

void emit_field_builder(struct emit *e, const struct node *node, const struct field *field) {
    if (field->group != NULL)
        set_group(e, node, field);
    else if (field->type.kind == CAPOS_TYPE_VOID)
        set_void(e, node, field);
    else if (field->type.kind == CAPOS_TYPE_BOOL)
        set_bool(e, node, field);
    else if (!type_is_pointer(&field->type))
        set_number(e, node, field);
    else if (field->type.kind == CAPOS_TYPE_TEXT || field->type.kind == CAPOS_TYPE_DATA)
        set_bytes(e, node, field);
    else if (type_is_capability(&field->type))
        set_capability(e, node, field);
    else
        set_object(e, node, field);
}
