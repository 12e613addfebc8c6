// SPDX-License-Identifier: MIT
// Counting the capabilities that a struct can hold. Lists and AnyPointers have no bound, nor have
// structs that lead to themselves; the depth ends those.
#include "capnpc-capos/capabilities.h"

#define MOST  15
#define DEPTH 16

static unsigned in_struct(const struct node *node, unsigned depth);

static unsigned in_type(const struct type *type, unsigned depth) {
    if (type_is_capability(type))
        return 1;
    if (type->kind == CAPOS_TYPE_ANY_POINTER)
        return MOST;
    if (type->kind == CAPOS_TYPE_LIST)
        return in_type(type->element, depth) > 0 ? MOST : 0;
    return type->kind == CAPOS_TYPE_STRUCT ? in_struct(type->node, depth) : 0;
}

static unsigned in_struct(const struct node *node, unsigned depth) {
    unsigned count = 0;
    if (depth == 0 || node == NULL)
        return 0;
    for (uint32_t i = 0; i < node->field_count && count < MOST; i++) {
        const struct field *field = &node->fields[i];
        count += field->group != NULL ? in_struct(field->group, depth - 1)
                                      : in_type(&field->type, depth - 1);
    }
    return count < MOST ? count : MOST;
}

unsigned capabilities_most(const struct node *node) {
    return in_struct(node, DEPTH);
}
