// SPDX-License-Identifier: MIT
// Fields by schema. A schema is data from outside, too: offsets are used only through the bounded
// getters and setters, and are widened before they are multiplied.
#include "capnp/fields.h"

static const struct capos_type_form forms[] = {
    [CAPOS_TYPE_VOID] = {"Void", 0, false, false, false, CAPOS_ELEMENT_VOID},
    [CAPOS_TYPE_BOOL] = {"Bool", 1, false, false, false, CAPOS_ELEMENT_BIT},
    [CAPOS_TYPE_INT8] = {"Int8", 8, true, false, false, CAPOS_ELEMENT_1},
    [CAPOS_TYPE_INT16] = {"Int16", 16, true, false, false, CAPOS_ELEMENT_2},
    [CAPOS_TYPE_INT32] = {"Int32", 32, true, false, false, CAPOS_ELEMENT_4},
    [CAPOS_TYPE_INT64] = {"Int64", 64, true, false, false, CAPOS_ELEMENT_8},
    [CAPOS_TYPE_UINT8] = {"UInt8", 8, false, false, false, CAPOS_ELEMENT_1},
    [CAPOS_TYPE_UINT16] = {"UInt16", 16, false, false, false, CAPOS_ELEMENT_2},
    [CAPOS_TYPE_UINT32] = {"UInt32", 32, false, false, false, CAPOS_ELEMENT_4},
    [CAPOS_TYPE_UINT64] = {"UInt64", 64, false, false, false, CAPOS_ELEMENT_8},
    [CAPOS_TYPE_FLOAT32] = {"Float32", 32, true, true, false, CAPOS_ELEMENT_4},
    [CAPOS_TYPE_FLOAT64] = {"Float64", 64, true, true, false, CAPOS_ELEMENT_8},
    [CAPOS_TYPE_TEXT] = {"Text", 0, false, false, true, CAPOS_ELEMENT_POINTER},
    [CAPOS_TYPE_DATA] = {"Data", 0, false, false, true, CAPOS_ELEMENT_POINTER},
    [CAPOS_TYPE_LIST] = {"List", 0, false, false, true, CAPOS_ELEMENT_POINTER},
    [CAPOS_TYPE_ENUM] = {"enum", 16, false, false, false, CAPOS_ELEMENT_2},
    [CAPOS_TYPE_STRUCT] = {"struct", 0, false, false, true, CAPOS_ELEMENT_STRUCT},
    [CAPOS_TYPE_INTERFACE] = {"interface", 0, false, false, true, CAPOS_ELEMENT_POINTER},
    [CAPOS_TYPE_ANY_POINTER] = {"AnyPointer", 0, false, false, true, CAPOS_ELEMENT_POINTER},
};

const struct capos_type_form *capos_type_form(enum capos_type_kind kind) {
    return (uint32_t)kind < sizeof forms / sizeof forms[0] ? &forms[kind] : NULL;
}

static const struct capos_type_form *field_form(struct capos_struct field) {
    return capos_type_form(capos_type_which(capos_field_type(field)));
}

bool capos_fields_find(struct capos_struct node, struct capos_text name,
                       struct capos_struct *field) {
    struct capos_list fields = capos_node_fields(node);
    for (uint32_t i = 0; i < fields.size; i++) {
        *field = capos_list_struct(fields, i);
        struct capos_text own = capos_field_name(*field);
        if (own.size == name.size && __builtin_memcmp(own.data, name.data, name.size) == 0)
            return true;
    }
    return false;
}

bool capos_fields_member(struct capos_struct node, uint16_t value, struct capos_struct *field) {
    struct capos_list fields = capos_node_fields(node);
    for (uint32_t i = 0; value != CAPOS_FIELD_NO_UNION && i < fields.size; i++) {
        *field = capos_list_struct(fields, i);
        if (capos_field_discriminant(*field) == value)
            return true;
    }
    return false;
}

// Offsets beyond any data section all mean a place that no struct has.
static uint32_t bit_offset(uint32_t offset, uint32_t bits) {
    uint64_t at = (uint64_t)offset * bits;
    return at > UINT32_MAX - 64 ? UINT32_MAX - 64 : (uint32_t)at;
}

static uint64_t get_bits(struct capos_struct s, uint32_t offset, uint32_t bits) {
    uint32_t at = bit_offset(offset, bits);
    switch (bits) {
    case 1:
        return capos_struct_bool(s, at);
    case 8:
        return capos_struct_u8(s, at / 8);
    case 16:
        return capos_struct_u16(s, at / 8);
    case 32:
        return capos_struct_u32(s, at / 8);
    case 64:
        return capos_struct_u64(s, at / 8);
    default:
        return 0;
    }
}

static void set_bits(struct capos_struct_builder s, uint32_t offset, uint32_t bits,
                     uint64_t value) {
    uint32_t at = bit_offset(offset, bits);
    switch (bits) {
    case 1:
        capos_struct_set_bool(s, at, value != 0);
        break;
    case 8:
        capos_struct_set_u8(s, at / 8, (uint8_t)value);
        break;
    case 16:
        capos_struct_set_u16(s, at / 8, (uint16_t)value);
        break;
    case 32:
        capos_struct_set_u32(s, at / 8, (uint32_t)value);
        break;
    case 64:
        capos_struct_set_u64(s, at / 8, value);
        break;
    default:
        break;
    }
}

uint16_t capos_fields_discriminant(struct capos_struct node, struct capos_struct s) {
    return (uint16_t)get_bits(s, capos_node_discriminant_offset(node), 16);
}

void capos_fields_set_discriminant(struct capos_struct node, struct capos_struct_builder s,
                                   uint16_t value) {
    set_bits(s, capos_node_discriminant_offset(node), 16, value);
}

uint64_t capos_fields_bits(struct capos_struct field, struct capos_struct s) {
    const struct capos_type_form *form = field_form(field);
    if (form == NULL)
        return 0;
    return get_bits(s, capos_field_offset(field), form->bits) ^
           capos_value_bits(capos_field_default(field));
}

void capos_fields_set_bits(struct capos_struct field, struct capos_struct_builder s,
                           uint64_t bits) {
    const struct capos_type_form *form = field_form(field);
    if (form != NULL)
        set_bits(s, capos_field_offset(field), form->bits,
                 bits ^ capos_value_bits(capos_field_default(field)));
}

struct capos_pointer capos_fields_pointer(struct capos_struct field, struct capos_struct s) {
    return capos_struct_pointer(s, capos_field_offset(field));
}

struct capos_pointer_builder capos_fields_builder(struct capos_struct field,
                                                  struct capos_struct_builder s) {
    return capos_struct_builder_pointer(s, capos_field_offset(field));
}

uint64_t capos_elements_bits(struct capos_list list, enum capos_type_kind kind, uint32_t index) {
    const struct capos_type_form *form = capos_type_form(kind);
    if (form == NULL || index >= list.size)
        return 0;
    if (form->bits == 1)
        return capos_list_bool(list, index);
    return get_bits(capos_list_struct(list, index), 0, form->bits);
}

void capos_elements_set_bits(struct capos_list_builder list, enum capos_type_kind kind,
                             uint32_t index, uint64_t bits) {
    const struct capos_type_form *form = capos_type_form(kind);
    switch (form == NULL ? 0 : form->bits) {
    case 1:
        capos_list_set_bool(list, index, bits != 0);
        break;
    case 8:
        capos_list_set_u8(list, index, (uint8_t)bits);
        break;
    case 16:
        capos_list_set_u16(list, index, (uint16_t)bits);
        break;
    case 32:
        capos_list_set_u32(list, index, (uint32_t)bits);
        break;
    case 64:
        capos_list_set_u64(list, index, bits);
        break;
    default:
        break;
    }
}
