// SPDX-License-Identifier: MIT
// A loaded schema: the nodes of a CodeGeneratorRequest, found by id or by name. The index is an
// array that the caller gives; the nodes stay in their message, whose reader must outlive it.
// Nothing here allocates; nothing changes after loading.
#ifndef CAPOS_CAPNP_NODES_H
#define CAPOS_CAPNP_NODES_H

#include "capnp/node.h"

#ifdef __cplusplus
extern "C" {
#endif

struct capos_nodes_entry {
    uint64_t id;
    struct capos_struct node;
};

struct capos_nodes {
    struct capos_nodes_entry *entries; // by ascending id
    uint32_t count;
};

// How many entries the index of this request needs.
uint32_t capos_nodes_size(struct capos_struct request);

// Fills in the index, an array of capos_nodes_size entries.
void capos_nodes_init(struct capos_nodes *nodes, struct capos_struct request,
                      struct capos_nodes_entry *entries);

// The node, borrowed; NULL if there is none.
const struct capos_struct *capos_nodes_lookup(const struct capos_nodes *nodes, uint64_t id);

// The name of a node without its file: "Outer.Inner". Groups have "Outer.group".
struct capos_text capos_nodes_name(struct capos_struct node);

// The node of that kind that has this name, or whose full name ("file.capnp:Outer.Inner") this is;
// the first one by id after `after` (NULL: of all). NULL if there is none.
const struct capos_struct *capos_nodes_find(const struct capos_nodes *nodes,
                                            enum capos_node_kind kind, struct capos_text name,
                                            const struct capos_struct *after);

// The annotation of that id in a list of annotations: its value, or false.
bool capos_nodes_annotation(struct capos_list annotations, uint64_t id, struct capos_struct *value);

#ifdef __cplusplus
}
#endif

#endif
