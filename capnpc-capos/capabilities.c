// SPDX-License-Identifier: MIT
// Counting the capabilities that a struct can hold. Lists and AnyPointers have no bound, nor has a
// struct that leads to itself and to a capability.
#include "capnpc-capos/capabilities.h"

#define MOST  15
#define DEPTH 6

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
    if (node == NULL)
        return 0;
    if (depth == 0)
        return MOST;
    for (uint32_t i = 0; i < node->field_count && count < MOST; i++) {
        const struct field *field = &node->fields[i];
        count += field->group != NULL ? in_struct(field->group, depth - 1)
                                      : in_type(&field->type, depth - 1);
    }
    return count < MOST ? count : MOST;
}

// Structs on a path from the first one, each once: what counts is whether one has a capability.
struct reach {
    const struct node **nodes;
    uint32_t count;
    bool found;
};

static void reach_node(struct reach *reach, const struct node *node) {
    for (uint32_t i = 0; i < reach->count; i++)
        if (reach->nodes[i] == node)
            return;
    if (node != NULL)
        reach->nodes[reach->count++] = node;
}

static void reach_field(struct reach *reach, const struct field *field) {
    const struct type *type = &field->type;
    if (field->group != NULL) {
        reach_node(reach, field->group);
        return;
    }
    while (type->kind == CAPOS_TYPE_LIST)
        type = type->element;
    if (type_is_capability(type) || type->kind == CAPOS_TYPE_ANY_POINTER)
        reach->found = true;
    else if (type->kind == CAPOS_TYPE_STRUCT)
        reach_node(reach, type->node);
}

unsigned capabilities_most(const struct model *model, const struct node *node) {
    struct reach reach = {NULL, 0, false};
    reach.nodes = arena_array(model->arena, model->node_count, sizeof *reach.nodes);
    reach_node(&reach, node);
    for (uint32_t i = 0; i < reach.count; i++)
        for (uint32_t f = 0; f < reach.nodes[i]->field_count; f++)
            reach_field(&reach, &reach.nodes[i]->fields[f]);
    return reach.found ? in_struct(node, DEPTH) : 0;
}

static bool has_place(const struct field *field) {
    return field->group == NULL && !field_in_union(field) && type_is_capability(&field->type);
}

int capabilities_place(const struct node *node, const struct field *field) {
    int place = 0;
    if (!has_place(field))
        return -1;
    for (uint32_t i = 0; i < node->field_count; i++)
        place += has_place(&node->fields[i]) && node->fields[i].offset < field->offset;
    return place;
}
