// SPDX-License-Identifier: MIT
// The shape of a struct, if it has one: what it is, capnp/validate.h says.
#ifndef CAPNPC_EMIT_SHAPE_H
#define CAPNPC_EMIT_SHAPE_H

#include "capnpc-capos/emit.h"

bool shape_exists(const struct node *node);

// Where the struct of data that a field leads to is in the shape, in words from the root's data
// section; -1 if there is no shape, or the field leads to something else.
int shape_offset(const struct node *node, const struct field *of);

// Is it a field of Text or Data that a shape may have?
bool shape_has_bytes(const struct field *field);

// What functions are told of it: NAME_has_shape, data words, pointers, whether it has capabilities.
const char *shape_arguments(struct emit *e, const struct node *node);

// Writes NAME_has_shape, which looks whether words are a message of the struct's shape.
void emit_shape(struct emit *e, const struct node *node);

#endif
