// SPDX-License-Identifier: MIT
// The shape of a struct, if it has one: what it is, capnp/validate.h says.
#ifndef CAPNPC_EMIT_SHAPE_H
#define CAPNPC_EMIT_SHAPE_H

#include "capnpc-capos/emit.h"

bool shape_exists(const struct node *node);

// What functions are told of it: NAME_has_shape, data words, pointers, whether it has capabilities.
const char *shape_arguments(struct emit *e, const struct node *node);

// Writes NAME_has_shape, which looks whether words are a message of the struct's shape.
void emit_shape(struct emit *e, const struct node *node);

#endif
