// SPDX-License-Identifier: MIT
// Numbers, booleans and names of enums: between text and the bits that a message holds, which are
// zero-extended to 64.
#ifndef CAPTOOL_COMMON_SCALAR_H
#define CAPTOOL_COMMON_SCALAR_H

#include "captool/common/schema.h"
#include "captool/common/tree.h"

// The bits of a value of a type that has bits. False, and an error reported, for any other text.
// `expected` is what the message says was expected; NULL for what the type itself asks for.
bool scalar_bits(struct diag *diag, const struct schema *schema, struct capos_struct type,
                 const struct tree *tree, const char *expected, uint64_t *bits);

// A whole number with its sign, as YAML or JSON may write it (decimal, 0x, 0o).
struct scalar_number {
    uint64_t magnitude;
    bool negative;
    bool overflow; // more than 64 bits
};

bool scalar_number(const char *text, size_t size, struct scalar_number *number);

// The value as a scalar. A number that an enum has no name for stays a number.
struct tree *scalar_tree(struct pool *pool, const struct schema *schema, struct capos_struct type,
                         uint64_t bits, struct span span);

#endif
