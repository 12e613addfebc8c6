// SPDX-License-Identifier: MIT
// Reading and building structs by the fields of a loaded schema, where generated code can't be:
// in tools that meet a schema while they run. A field is a handle of its node (node.h). Numbers
// travel as their bits, zero-extended to 64, so that one function serves all types and no
// floating-point register is needed; defaults are applied both ways.
#ifndef CAPOS_CAPNP_FIELDS_H
#define CAPOS_CAPNP_FIELDS_H

#include "capnp/builder.h"
#include "capnp/nodes.h"

#ifdef __cplusplus
extern "C" {
#endif

// What is known of a type without its schema.
struct capos_type_form {
    const char *name;
    uint8_t bits; // of one value in a data section; 0 for Void and for what is a pointer
    bool is_signed;
    bool is_float;
    bool is_pointer;
    uint8_t element; // enum capos_element of a list of it
};

// The form of a type; one that this code does not know is NULL.
const struct capos_type_form *capos_type_form(enum capos_type_kind kind);

// The field of a struct's or group's node by name, or false.
bool capos_fields_find(struct capos_struct node, struct capos_text name,
                       struct capos_struct *field);

// The union of a struct or group: the member that is set, and setting one. There must be a union.
uint16_t capos_fields_discriminant(struct capos_struct node, struct capos_struct s);
void capos_fields_set_discriminant(struct capos_struct node, struct capos_struct_builder s,
                                   uint16_t value);

// The field that is the union's member of that number, or false.
bool capos_fields_member(struct capos_struct node, uint16_t value, struct capos_struct *field);

// A slot of the data section, which the field must have.
uint64_t capos_fields_bits(struct capos_struct field, struct capos_struct s);
void capos_fields_set_bits(struct capos_struct field, struct capos_struct_builder s, uint64_t bits);

// A slot of the pointer section, as it is in the message: null when the default applies.
struct capos_pointer capos_fields_pointer(struct capos_struct field, struct capos_struct s);
struct capos_pointer_builder capos_fields_builder(struct capos_struct field,
                                                  struct capos_struct_builder s);

// The same for elements of a list of numbers, enums or booleans.
uint64_t capos_elements_bits(struct capos_list list, enum capos_type_kind kind, uint32_t index);
void capos_elements_set_bits(struct capos_list_builder list, enum capos_type_kind kind,
                             uint32_t index, uint64_t bits);

#ifdef __cplusplus
}
#endif

#endif
