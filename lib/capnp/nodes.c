// SPDX-License-Identifier: MIT
// The index of a schema's nodes.
#include "capnp/nodes.h"

uint32_t capos_nodes_size(struct capos_struct request) {
    return capos_request_nodes(request).size;
}

// Moves the entry at `at` down the heap that ends before `end`.
static void sift(struct capos_nodes_entry *entries, uint32_t at, uint32_t end) {
    struct capos_nodes_entry moving = entries[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= end)
            break;
        if (child + 1 < end && entries[child + 1].id > entries[child].id)
            child++;
        if (entries[child].id <= moving.id)
            break;
        entries[at] = entries[child];
        at = child;
    }
    entries[at] = moving;
}

// Heap sort: no recursion, no memory, no input that makes it slow.
static void sort(struct capos_nodes_entry *entries, uint32_t count) {
    for (uint32_t at = count / 2; at > 0; at--)
        sift(entries, at - 1, count);
    for (uint32_t end = count; end > 1; end--) {
        struct capos_nodes_entry largest = entries[0];
        entries[0] = entries[end - 1];
        entries[end - 1] = largest;
        sift(entries, 0, end - 1);
    }
}

void capos_nodes_init(struct capos_nodes *nodes, struct capos_struct request,
                      struct capos_nodes_entry *entries) {
    struct capos_list list = capos_request_nodes(request);
    nodes->entries = entries;
    nodes->count = list.size;
    for (uint32_t i = 0; i < list.size; i++) {
        entries[i].node = capos_list_struct(list, i);
        entries[i].id = capos_node_id(entries[i].node);
    }
    sort(entries, nodes->count);
}

const struct capos_struct *capos_nodes_lookup(const struct capos_nodes *nodes, uint64_t id) {
    uint32_t low = 0, high = nodes->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (nodes->entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < nodes->count && nodes->entries[low].id == id ? &nodes->entries[low].node : NULL;
}

static bool equal(struct capos_text a, struct capos_text b) {
    return a.size == b.size && __builtin_memcmp(a.data, b.data, a.size) == 0;
}

struct capos_text capos_nodes_name(struct capos_struct node) {
    struct capos_text name = capos_node_display_name(node);
    for (uint32_t i = 0; i < name.size; i++)
        if (name.data[i] == ':')
            return (struct capos_text){name.data + i + 1, name.size - i - 1};
    return name;
}

const struct capos_struct *capos_nodes_find(const struct capos_nodes *nodes,
                                            enum capos_node_kind kind, struct capos_text name,
                                            const struct capos_struct *after) {
    for (uint32_t i = 0; i < nodes->count; i++) {
        const struct capos_struct *node = &nodes->entries[i].node;
        if (after != NULL) {
            after = node == after ? NULL : after;
            continue;
        }
        if (capos_node_which(*node) == kind &&
            (equal(capos_nodes_name(*node), name) || equal(capos_node_display_name(*node), name)))
            return node;
    }
    return NULL;
}

bool capos_nodes_annotation(struct capos_list annotations, uint64_t id,
                            struct capos_struct *value) {
    for (uint32_t i = 0; i < annotations.size; i++) {
        struct capos_struct annotation = capos_list_struct(annotations, i);
        if (capos_annotation_id(annotation) == id) {
            *value = capos_annotation_value(annotation);
            return true;
        }
    }
    return false;
}
