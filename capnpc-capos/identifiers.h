// SPDX-License-Identifier: MIT
// The identifiers that a generated header has defined so far. Two declarations of a schema that
// would get one C name are refused, as are names that lib/capnp has taken.
#ifndef CAPNPC_IDENTIFIERS_H
#define CAPNPC_IDENTIFIERS_H

#include "capnpc-capos/model.h"

enum identifier_space {
    IDENTIFIER_TAG,      // struct and enum tags
    IDENTIFIER_ORDINARY, // functions, enumerators, macros
};

struct identifiers {
    struct model *model;
    struct identifier **table;     // NULL-terminated chains
    const struct node *refused[2]; // the last two that collided
};

void identifiers_init(struct identifiers *identifiers, struct model *model);

// Takes a name for a member (or NULL) of a node; refuses it if it is taken.
void identifiers_claim(struct identifiers *identifiers, enum identifier_space space,
                       const char *name, const struct node *node, const char *member);

#endif
