// SPDX-License-Identifier: MIT
// The C types that stand for a schema's types.
#include "capnpc-capos/emit.h"

// What each kind of number is called in C, in handles of lists, and how wide it is.
static const struct {
    const char *c_type;
    const char *list;
    const char *element;
    unsigned bits;
} kinds[] = {
    [CAPOS_TYPE_VOID] = {NULL, "capos_void_list", "CAPOS_ELEMENT_VOID", 0},
    [CAPOS_TYPE_BOOL] = {"bool", "capos_bool_list", "CAPOS_ELEMENT_BIT", 1},
    [CAPOS_TYPE_INT8] = {"int8_t", "capos_i8_list", "CAPOS_ELEMENT_1", 8},
    [CAPOS_TYPE_INT16] = {"int16_t", "capos_i16_list", "CAPOS_ELEMENT_2", 16},
    [CAPOS_TYPE_INT32] = {"int32_t", "capos_i32_list", "CAPOS_ELEMENT_4", 32},
    [CAPOS_TYPE_INT64] = {"int64_t", "capos_i64_list", "CAPOS_ELEMENT_8", 64},
    [CAPOS_TYPE_UINT8] = {"uint8_t", "capos_u8_list", "CAPOS_ELEMENT_1", 8},
    [CAPOS_TYPE_UINT16] = {"uint16_t", "capos_u16_list", "CAPOS_ELEMENT_2", 16},
    [CAPOS_TYPE_UINT32] = {"uint32_t", "capos_u32_list", "CAPOS_ELEMENT_4", 32},
    [CAPOS_TYPE_UINT64] = {"uint64_t", "capos_u64_list", "CAPOS_ELEMENT_8", 64},
    [CAPOS_TYPE_FLOAT32] = {"float", "capos_f32_list", "CAPOS_ELEMENT_4", 32},
    [CAPOS_TYPE_FLOAT64] = {"double", "capos_f64_list", "CAPOS_ELEMENT_8", 64},
    [CAPOS_TYPE_TEXT] = {"struct capos_text", "capos_text_list", "CAPOS_ELEMENT_POINTER", 0},
    [CAPOS_TYPE_DATA] = {"struct capos_data", "capos_data_list", "CAPOS_ELEMENT_POINTER", 0},
    [CAPOS_TYPE_LIST] = {NULL, NULL, "CAPOS_ELEMENT_POINTER", 0},
    [CAPOS_TYPE_ENUM] = {NULL, NULL, "CAPOS_ELEMENT_2", 16},
    [CAPOS_TYPE_STRUCT] = {NULL, NULL, "CAPOS_ELEMENT_STRUCT", 0},
    [CAPOS_TYPE_INTERFACE] = {NULL, NULL, "CAPOS_ELEMENT_POINTER", 0},
    [CAPOS_TYPE_ANY_POINTER] = {"struct capos_pointer", "capos_pointer_list",
                                "CAPOS_ELEMENT_POINTER", 0},
};

const char *emit_list_name(struct emit *e, const struct type *element, const char *lists) {
    if (element->node != NULL)
        return emit_text(e, "%s_list", element->node->c_name);
    if (element->kind == CAPOS_TYPE_LIST)
        return emit_text(e, "%s_list", lists);
    if (type_is_capability(element))
        return "capos_capability_list";
    return kinds[element->kind].list;
}

// Handles of lists of lists: one "_list" more for each level, counted from the inside.
static const char *nested_name(struct emit *e, const struct type *element, const char *lists) {
    const char *name = lists;
    for (; element->kind == CAPOS_TYPE_LIST && element->element->kind == CAPOS_TYPE_LIST;
         element = element->element)
        name = emit_text(e, "%s_list", name);
    return name;
}

const char *emit_reader_type(struct emit *e, const struct type *type, const char *lists) {
    if (type->kind == CAPOS_TYPE_LIST)
        return emit_text(e, "struct %s",
                         emit_list_name(e, type->element, nested_name(e, type->element, lists)));
    if (type->kind == CAPOS_TYPE_ENUM)
        return emit_text(e, "enum %s", type->node->c_name);
    if (type->node != NULL)
        return emit_text(e, "struct %s", type->node->c_name);
    if (type_is_capability(type))
        return "struct capos_capability";
    return kinds[type->kind].c_type;
}

const char *emit_builder_type(struct emit *e, const struct type *type, const char *lists) {
    if (type->kind == CAPOS_TYPE_STRUCT || type->kind == CAPOS_TYPE_LIST)
        return emit_text(e, "%s_builder", emit_reader_type(e, type, lists));
    if (type->kind == CAPOS_TYPE_ANY_POINTER && !type_is_capability(type))
        return "struct capos_pointer_builder";
    return emit_reader_type(e, type, lists);
}

const char *emit_element(const struct type *element) {
    return kinds[element->kind].element;
}

unsigned emit_bits(const struct type *type) {
    return kinds[type->kind].bits;
}

void emit_return_pointer(struct emit *e, const struct type *type, const char *lists,
                         const char *pointer) {
    const char *c_type = emit_reader_type(e, type, lists);
    if (type->kind == CAPOS_TYPE_TEXT || type->kind == CAPOS_TYPE_DATA) {
        out_printf(e->header, "    return capos_pointer_%s(%s);\n",
                   type->kind == CAPOS_TYPE_TEXT ? "text" : "data", pointer);
        return;
    }
    if (type->kind == CAPOS_TYPE_ANY_POINTER && !type_is_capability(type)) {
        out_printf(e->header, "    return %s;\n", pointer);
        return;
    }
    out_printf(e->header, "    %s value;\n", c_type);
    if (type->kind == CAPOS_TYPE_LIST)
        out_printf(e->header, "    value.list = capos_pointer_list(%s, %s);\n", pointer,
                   emit_element(type->element));
    else if (type->kind == CAPOS_TYPE_STRUCT)
        out_printf(e->header, "    value.s = capos_known_struct(%s, %u, %u);\n", pointer,
                   type->node->data_words, type->node->pointers);
    else
        out_printf(e->header, "    value.id = capos_pointer_capability_id(%s);\n", pointer);
    out_printf(e->header, "    return value;\n");
}
