// SPDX-License-Identifier: MIT
// How many capabilities a struct can hold.
#ifndef CAPNPC_CAPABILITIES_H
#define CAPNPC_CAPABILITIES_H

#include "capnpc-capos/model.h"

// The most capabilities in the struct and all that it leads to, at most CAPOS_TRANSFER_MAX; that
// many too if there is no bound.
unsigned capabilities_most(const struct model *model, const struct node *node);

// The place of a field among the capabilities that are fields of the struct itself, in the order of
// its pointers; -1 if it is none. Members of unions and groups have no place.
int capabilities_place(const struct node *node, const struct field *field);

#endif
