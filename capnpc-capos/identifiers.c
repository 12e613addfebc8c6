// SPDX-License-Identifier: MIT
// The identifiers of a generated header: a hash table with a fixed number of chains.
#include "capnpc-capos/identifiers.h"

#include "capnpc-capos/runtime_names.h"

#include <stdlib.h>
#include <string.h>

#define CHAINS 1024

struct identifier {
    struct identifier *next;
    enum identifier_space space;
    const char *name;
    const struct node *node;
    const char *member;
};

void identifiers_init(struct identifiers *identifiers, struct model *model) {
    identifiers->model = model;
    identifiers->refused[0] = NULL;
    identifiers->refused[1] = NULL;
    identifiers->table = arena_array(model->arena, CHAINS, sizeof *identifiers->table);
}

static size_t chain_of(const char *name) {
    size_t hash = 5381;
    for (; *name != '\0'; name++)
        hash = hash * 33 ^ (unsigned char)*name;
    return hash % CHAINS;
}

static int by_name(const void *key, const void *element) {
    return strcmp(key, *(const char *const *)element);
}

static bool runtime_has(const char *name) {
    return bsearch(name, runtime_names, runtime_names_count, sizeof *runtime_names, by_name) !=
           NULL;
}

static const char *dot(const struct identifier *other) {
    return other->member == NULL ? "" : ".";
}

static const char *member_of(const struct identifier *other) {
    return other->member == NULL ? "" : other->member;
}

// Two declarations with one name collide in all that is derived from it; once is enough to say so.
static bool is_news(struct identifiers *ids, const struct node *a, const struct node *b) {
    bool known = (ids->refused[0] == a && ids->refused[1] == b) ||
                 (ids->refused[0] == b && ids->refused[1] == a);
    ids->refused[0] = a;
    ids->refused[1] = b;
    return !known;
}

void identifiers_claim(struct identifiers *ids, enum identifier_space space, const char *name,
                       const struct node *node, const char *member) {
    struct identifier **chain = &ids->table[chain_of(name)];
    if (runtime_has(name))
        refuse(ids->model->refusals, node->display, member,
               "the C name %s belongs to the library; give another one with $name", name);
    for (struct identifier *other = *chain; other != NULL; other = other->next) {
        if (other->space != space || strcmp(other->name, name) != 0)
            continue;
        if (is_news(ids, node, other->node))
            refuse(ids->model->refusals, node->display, member,
                   "the C name %s is taken by %s%s%s; give another one with $name", name,
                   other->node->display, dot(other), member_of(other));
        return;
    }
    struct identifier *identifier = arena_take(ids->model->arena, sizeof *identifier);
    *identifier = (struct identifier){*chain, space, name, node, member};
    *chain = identifier;
}
