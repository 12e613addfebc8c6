// SPDX-License-Identifier: MIT
// The nodes of a compiled schema: thin accessors, written by hand, for what Cap'n Proto's own
// schema.capnp says of CodeGeneratorRequest, Node, Field, Type, Value and the rest. Handles are
// plain structs and lists of the reader; a name tells of which type. The schema compiler and
// everything that learns schemas while running stand on this. Positions are those of the standard
// encoding and can never change.
#ifndef CAPOS_CAPNP_NODE_H
#define CAPOS_CAPNP_NODE_H

#include "capnp/reader.h"

enum capos_node_kind {
    CAPOS_NODE_FILE = 0,
    CAPOS_NODE_STRUCT = 1,
    CAPOS_NODE_ENUM = 2,
    CAPOS_NODE_INTERFACE = 3,
    CAPOS_NODE_CONST = 4,
    CAPOS_NODE_ANNOTATION = 5,
};

// The members of the unions Type and Value, which have the same numbers.
enum capos_type_kind {
    CAPOS_TYPE_VOID = 0,
    CAPOS_TYPE_BOOL = 1,
    CAPOS_TYPE_INT8 = 2,
    CAPOS_TYPE_INT16 = 3,
    CAPOS_TYPE_INT32 = 4,
    CAPOS_TYPE_INT64 = 5,
    CAPOS_TYPE_UINT8 = 6,
    CAPOS_TYPE_UINT16 = 7,
    CAPOS_TYPE_UINT32 = 8,
    CAPOS_TYPE_UINT64 = 9,
    CAPOS_TYPE_FLOAT32 = 10,
    CAPOS_TYPE_FLOAT64 = 11,
    CAPOS_TYPE_TEXT = 12,
    CAPOS_TYPE_DATA = 13,
    CAPOS_TYPE_LIST = 14,
    CAPOS_TYPE_ENUM = 15,
    CAPOS_TYPE_STRUCT = 16,
    CAPOS_TYPE_INTERFACE = 17,
    CAPOS_TYPE_ANY_POINTER = 18,
};

enum capos_any_kind {
    CAPOS_ANY_KIND = 0,
    CAPOS_ANY_STRUCT = 1,
    CAPOS_ANY_LIST = 2,
    CAPOS_ANY_CAPABILITY = 3,
};

enum capos_any_binding {
    CAPOS_ANY_UNCONSTRAINED = 0,
    CAPOS_ANY_PARAMETER = 1,
    CAPOS_ANY_METHOD_PARAMETER = 2,
};

// The discriminant of a field that is in no union.
#define CAPOS_FIELD_NO_UNION 0xffffu

static inline struct capos_list capos_node_list_at(struct capos_struct s, uint32_t pointer) {
    return capos_pointer_list(capos_struct_pointer(s, pointer), CAPOS_ELEMENT_STRUCT);
}

static inline struct capos_text capos_node_text_at(struct capos_struct s, uint32_t pointer) {
    return capos_pointer_text(capos_struct_pointer(s, pointer));
}

static inline struct capos_struct capos_node_struct_at(struct capos_struct s, uint32_t pointer) {
    return capos_pointer_struct(capos_struct_pointer(s, pointer));
}

// CodeGeneratorRequest: lists of Node, RequestedFile, SourceInfo.
static inline struct capos_list capos_request_nodes(struct capos_struct request) {
    return capos_node_list_at(request, 0);
}

static inline struct capos_list capos_request_files(struct capos_struct request) {
    return capos_node_list_at(request, 1);
}

static inline struct capos_list capos_request_source_info(struct capos_struct request) {
    return capos_node_list_at(request, 3);
}

// RequestedFile, and its Imports.
static inline uint64_t capos_requested_file_id(struct capos_struct file) {
    return capos_struct_u64(file, 0);
}

static inline struct capos_text capos_requested_file_name(struct capos_struct file) {
    return capos_node_text_at(file, 0);
}

static inline struct capos_list capos_requested_file_imports(struct capos_struct file) {
    return capos_node_list_at(file, 1);
}

static inline uint64_t capos_import_id(struct capos_struct import) {
    return capos_struct_u64(import, 0);
}

static inline struct capos_text capos_import_name(struct capos_struct import) {
    return capos_node_text_at(import, 0);
}

// SourceInfo, and its Members, in the order of the node's fields, enumerants or methods.
static inline uint64_t capos_source_info_id(struct capos_struct info) {
    return capos_struct_u64(info, 0);
}

static inline struct capos_text capos_source_info_doc(struct capos_struct info) {
    return capos_node_text_at(info, 0);
}

static inline struct capos_list capos_source_info_members(struct capos_struct info) {
    return capos_node_list_at(info, 1);
}

static inline struct capos_text capos_source_member_doc(struct capos_struct member) {
    return capos_node_text_at(member, 0);
}

// Node, what all kinds have.
static inline uint64_t capos_node_id(struct capos_struct node) {
    return capos_struct_u64(node, 0);
}

static inline struct capos_text capos_node_display_name(struct capos_struct node) {
    return capos_node_text_at(node, 0);
}

static inline uint32_t capos_node_display_prefix(struct capos_struct node) {
    return capos_struct_u32(node, 8);
}

static inline uint64_t capos_node_scope(struct capos_struct node) {
    return capos_struct_u64(node, 16);
}

static inline enum capos_node_kind capos_node_which(struct capos_struct node) {
    return (enum capos_node_kind)capos_struct_u16(node, 12);
}

static inline bool capos_node_is_generic(struct capos_struct node) {
    return capos_struct_bool(node, 288);
}

static inline struct capos_list capos_node_parameters(struct capos_struct node) {
    return capos_node_list_at(node, 5);
}

static inline struct capos_list capos_node_nested(struct capos_struct node) {
    return capos_node_list_at(node, 1);
}

static inline struct capos_text capos_nested_name(struct capos_struct nested) {
    return capos_node_text_at(nested, 0);
}

static inline uint64_t capos_nested_id(struct capos_struct nested) {
    return capos_struct_u64(nested, 0);
}

static inline struct capos_list capos_node_annotations(struct capos_struct node) {
    return capos_node_list_at(node, 2);
}

// Node.struct
static inline uint16_t capos_node_data_words(struct capos_struct node) {
    return capos_struct_u16(node, 14);
}

static inline uint16_t capos_node_pointers(struct capos_struct node) {
    return capos_struct_u16(node, 24);
}

static inline bool capos_node_is_group(struct capos_struct node) {
    return capos_struct_bool(node, 224);
}

static inline uint16_t capos_node_discriminants(struct capos_struct node) {
    return capos_struct_u16(node, 30);
}

// In units of 16 bits.
static inline uint32_t capos_node_discriminant_offset(struct capos_struct node) {
    return capos_struct_u32(node, 32);
}

static inline struct capos_list capos_node_fields(struct capos_struct node) {
    return capos_node_list_at(node, 3);
}

// Node.enum, Node.interface, Node.const, Node.annotation
static inline struct capos_list capos_node_enumerants(struct capos_struct node) {
    return capos_node_list_at(node, 3);
}

static inline struct capos_list capos_node_methods(struct capos_struct node) {
    return capos_node_list_at(node, 3);
}

static inline struct capos_list capos_node_superclasses(struct capos_struct node) {
    return capos_node_list_at(node, 4);
}

static inline struct capos_struct capos_node_const_type(struct capos_struct node) {
    return capos_node_struct_at(node, 3);
}

static inline struct capos_struct capos_node_const_value(struct capos_struct node) {
    return capos_node_struct_at(node, 4);
}

static inline struct capos_struct capos_node_annotation_type(struct capos_struct node) {
    return capos_node_struct_at(node, 3);
}

// Field
static inline struct capos_text capos_field_name(struct capos_struct field) {
    return capos_node_text_at(field, 0);
}

static inline uint16_t capos_field_code_order(struct capos_struct field) {
    return capos_struct_u16(field, 0);
}

static inline struct capos_list capos_field_annotations(struct capos_struct field) {
    return capos_node_list_at(field, 1);
}

static inline uint16_t capos_field_discriminant(struct capos_struct field) {
    return capos_struct_u16(field, 2) ^ CAPOS_FIELD_NO_UNION;
}

static inline bool capos_field_is_group(struct capos_struct field) {
    return capos_struct_u16(field, 8) == 1;
}

static inline uint64_t capos_field_group(struct capos_struct field) {
    return capos_struct_u64(field, 16);
}

// In units of the field's own size.
static inline uint32_t capos_field_offset(struct capos_struct field) {
    return capos_struct_u32(field, 4);
}

static inline struct capos_struct capos_field_type(struct capos_struct field) {
    return capos_node_struct_at(field, 2);
}

static inline struct capos_struct capos_field_default(struct capos_struct field) {
    return capos_node_struct_at(field, 3);
}

static inline bool capos_field_has_default(struct capos_struct field) {
    return capos_struct_bool(field, 128);
}

// Enumerant
static inline struct capos_text capos_enumerant_name(struct capos_struct enumerant) {
    return capos_node_text_at(enumerant, 0);
}

static inline uint16_t capos_enumerant_code_order(struct capos_struct enumerant) {
    return capos_struct_u16(enumerant, 0);
}

static inline struct capos_list capos_enumerant_annotations(struct capos_struct enumerant) {
    return capos_node_list_at(enumerant, 1);
}

// Superclass
static inline uint64_t capos_superclass_id(struct capos_struct superclass) {
    return capos_struct_u64(superclass, 0);
}

static inline struct capos_struct capos_superclass_brand(struct capos_struct superclass) {
    return capos_node_struct_at(superclass, 0);
}

// Method
static inline struct capos_text capos_method_name(struct capos_struct method) {
    return capos_node_text_at(method, 0);
}

static inline uint16_t capos_method_code_order(struct capos_struct method) {
    return capos_struct_u16(method, 0);
}

static inline struct capos_list capos_method_annotations(struct capos_struct method) {
    return capos_node_list_at(method, 1);
}

static inline struct capos_list capos_method_implicit_parameters(struct capos_struct method) {
    return capos_node_list_at(method, 4);
}

static inline uint64_t capos_method_params(struct capos_struct method) {
    return capos_struct_u64(method, 8);
}

static inline struct capos_struct capos_method_params_brand(struct capos_struct method) {
    return capos_node_struct_at(method, 2);
}

static inline uint64_t capos_method_results(struct capos_struct method) {
    return capos_struct_u64(method, 16);
}

static inline struct capos_struct capos_method_results_brand(struct capos_struct method) {
    return capos_node_struct_at(method, 3);
}

// Type
static inline enum capos_type_kind capos_type_which(struct capos_struct type) {
    return (enum capos_type_kind)capos_struct_u16(type, 0);
}

static inline struct capos_struct capos_type_element(struct capos_struct type) {
    return capos_node_struct_at(type, 0);
}

// The node of an enum, a struct or an interface.
static inline uint64_t capos_type_id(struct capos_struct type) {
    return capos_struct_u64(type, 8);
}

static inline struct capos_struct capos_type_brand(struct capos_struct type) {
    return capos_node_struct_at(type, 0);
}

static inline enum capos_any_binding capos_type_any_binding(struct capos_struct type) {
    return (enum capos_any_binding)capos_struct_u16(type, 8);
}

static inline enum capos_any_kind capos_type_any_kind(struct capos_struct type) {
    return (enum capos_any_kind)capos_struct_u16(type, 10);
}

// Brand: a list of Scopes, empty if nothing is bound.
static inline struct capos_list capos_brand_scopes(struct capos_struct brand) {
    return capos_node_list_at(brand, 0);
}

// Value: which member of the union, and each kind's place.
static inline enum capos_type_kind capos_value_which(struct capos_struct value) {
    return (enum capos_type_kind)capos_struct_u16(value, 0);
}

static inline bool capos_value_bool(struct capos_struct value) {
    return capos_struct_bool(value, 16);
}

// The bits of a number or an enum, as many as its type has, zero-extended.
static inline uint64_t capos_value_bits(struct capos_struct value) {
    switch (capos_value_which(value)) {
    case CAPOS_TYPE_BOOL:
        return capos_value_bool(value);
    case CAPOS_TYPE_INT8:
    case CAPOS_TYPE_UINT8:
        return capos_struct_u8(value, 2);
    case CAPOS_TYPE_INT16:
    case CAPOS_TYPE_UINT16:
    case CAPOS_TYPE_ENUM:
        return capos_struct_u16(value, 2);
    case CAPOS_TYPE_INT32:
    case CAPOS_TYPE_UINT32:
    case CAPOS_TYPE_FLOAT32:
        return capos_struct_u32(value, 4);
    case CAPOS_TYPE_INT64:
    case CAPOS_TYPE_UINT64:
    case CAPOS_TYPE_FLOAT64:
        return capos_struct_u64(value, 8);
    default:
        return 0;
    }
}

// The object of a Text, Data, list, struct or AnyPointer value.
static inline struct capos_pointer capos_value_pointer(struct capos_struct value) {
    return capos_struct_pointer(value, 0);
}

// Annotation
static inline uint64_t capos_annotation_id(struct capos_struct annotation) {
    return capos_struct_u64(annotation, 0);
}

static inline struct capos_struct capos_annotation_value(struct capos_struct annotation) {
    return capos_node_struct_at(annotation, 0);
}

#endif
