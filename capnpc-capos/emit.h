// SPDX-License-Identifier: MIT
// Writing the header and the source of one schema file. emit.c walks the file's nodes; each of the
// other emit_*.c files writes one kind of thing. Names that are made here are claimed, so that a
// collision is refused and never written.
#ifndef CAPNPC_EMIT_H
#define CAPNPC_EMIT_H

#include "capnpc-capos/identifiers.h"
#include "capnpc-capos/out.h"

struct emit {
    struct model *model;
    const struct file *file;
    struct out *header;
    struct out *source;
    struct identifiers identifiers;
    const struct node **nodes; // all nodes of the file, groups and implied ones too
    uint32_t node_count, node_room;
};

// Writes both. The caller gives the texts away if there was a refusal. The request, unless it is
// null, becomes constant data.
void emit_file(struct model *model, const struct file *file, struct capos_pointer request,
               struct out *header, struct out *source);

// A header with nothing but the enums of the file.
void emit_enums_file(struct model *model, const struct file *file, struct out *header);

// A formatted string of the arena.
#define emit_text(e, ...) arena_printf((e)->model->arena, __VA_ARGS__)

// Claims a name and gives it back.
const char *emit_tag(struct emit *e, const struct node *node, const char *member, const char *name);
const char *emit_name(struct emit *e, const struct node *node, const char *member,
                      const char *name);

// "static inline TYPE NAME(ARGUMENTS) {" for a function that is made of a member; claims the name.
void emit_inline(struct emit *e, const struct node *node, const char *member, const char *type,
                 const char *name, const char *arguments);

// The C type of a value when it is read. `lists` is the name from which handles of lists of lists
// are derived: that of the field or the constant.
const char *emit_reader_type(struct emit *e, const struct type *type, const char *lists);
const char *emit_builder_type(struct emit *e, const struct type *type, const char *lists);

// The handle's name of a list with such elements, "struct " and "_builder" left out.
const char *emit_list_name(struct emit *e, const struct type *element, const char *lists);

// The encoding of an element: "CAPOS_ELEMENT_4".
const char *emit_element(const struct type *element);

// The bits of a number's type; 0 if it is none.
unsigned emit_bits(const struct type *type);

// Handles of the lists of lists in a type, and the functions on them.
void emit_nested_list_types(struct emit *e, const struct node *node, const char *member,
                            const struct type *type, const char *lists);
void emit_nested_list_functions(struct emit *e, const struct node *node, const char *member,
                                const struct type *type, const char *lists);

void emit_enum_type(struct emit *e, const struct node *node);
void emit_enum_list_types(struct emit *e, const struct node *node);
void emit_enum_functions(struct emit *e, const struct node *node);
void emit_which_type(struct emit *e, const struct node *node);
void emit_which_function(struct emit *e, const struct node *node);
void emit_struct_types(struct emit *e, const struct node *node);
void emit_struct_functions(struct emit *e, const struct node *node);
void emit_struct_list_functions(struct emit *e, const struct node *node);
void emit_field_reader(struct emit *e, const struct node *node, const struct field *field);
void emit_field_builder(struct emit *e, const struct node *node, const struct field *field);
void emit_interface_types(struct emit *e, const struct node *node);
void emit_interface_functions(struct emit *e, const struct node *node);
void emit_interface_source(struct emit *e, const struct node *node);
void emit_client_functions(struct emit *e, const struct node *node, const struct method *method);
void emit_layout_declaration(struct emit *e, const struct node *node);
void emit_layout(struct emit *e, const struct node *node);
void emit_constant(struct emit *e, const struct node *node);

// The statement that lets `pointer` of type struct capos_pointer become a value: "return ...;".
void emit_return_pointer(struct emit *e, const struct type *type, const char *lists,
                         const char *pointer);

// An object as constant data in the source, and its declaration. The name is claimed.
void emit_object(struct emit *e, const struct node *node, const char *member, const char *name,
                 struct capos_pointer object);

#endif
