// SPDX-License-Identifier: MIT
// Whether the nodes of a request fit together, before anything walks along them: scopes end, what
// is within a node says so, references lead to nodes of the right kind. The capnp tool sees to all
// of it; this sees to it that other bytes do no harm.
#include "capnpc-capos/model.h"

#define SCOPES_MOST 64

static bool scopes_end(const struct node *node) {
    for (unsigned i = 0; node != NULL; i++, node = node->scope)
        if (i == SCOPES_MOST)
            return false;
    return true;
}

static bool type_is_sound(const struct type *type) {
    if (type->kind == CAPOS_TYPE_LIST)
        return type_is_sound(type->element);
    if (type->kind > CAPOS_TYPE_ANY_POINTER)
        return false;
    if (type->kind < CAPOS_TYPE_ENUM || type->kind == CAPOS_TYPE_ANY_POINTER)
        return true;
    static const enum capos_node_kind kinds[] = {CAPOS_NODE_ENUM, CAPOS_NODE_STRUCT,
                                                 CAPOS_NODE_INTERFACE};
    return type->node != NULL && type->node->kind == kinds[type->kind - CAPOS_TYPE_ENUM];
}

static bool field_is_sound(const struct node *node, const struct field *field) {
    if (field->group != NULL)
        return field->group->is_group && field->group->scope == node;
    return type_is_sound(&field->type);
}

static bool method_is_sound(const struct method *method) {
    return method->params != NULL && method->params->kind == CAPOS_NODE_STRUCT &&
           !method->params->is_group && method->results != NULL &&
           method->results->kind == CAPOS_NODE_STRUCT && !method->results->is_group;
}

// Interfaces inherit in a few levels, never themselves.
static bool supers_end(const struct node *node, unsigned depth) {
    for (uint32_t i = 0; i < node->super_count; i++) {
        const struct node *super = node->supers[i];
        if (depth == 0 || super == NULL || super->kind != CAPOS_NODE_INTERFACE ||
            !supers_end(super, depth - 1))
            return false;
    }
    return true;
}

static bool node_is_sound(const struct node *node) {
    bool sound = node->kind <= CAPOS_NODE_ANNOTATION && scopes_end(node) && supers_end(node, 16);
    for (uint32_t i = 0; i < node->nested_count; i++)
        sound &= node->nested[i]->scope == node && !node->nested[i]->is_group;
    for (uint32_t i = 0; i < node->field_count; i++)
        sound &= field_is_sound(node, &node->fields[i]);
    for (uint32_t i = 0; i < node->method_count; i++)
        sound &= method_is_sound(&node->methods[i]);
    if (node->kind == CAPOS_NODE_CONST)
        sound &= type_is_sound(&node->type);
    return sound;
}

bool model_check(const struct model *m) {
    for (uint32_t i = 1; i < m->node_count; i++)
        if (m->nodes[i - 1].id == m->nodes[i].id)
            return false;
    for (uint32_t i = 0; i < m->node_count; i++)
        if (!node_is_sound(&m->nodes[i]))
            return false;
    return true;
}

bool model_check_scopes(const struct model *m) {
    for (uint32_t i = 0; i < m->node_count; i++)
        if (!scopes_end(&m->nodes[i]))
            return false;
    return true;
}
