// SPDX-License-Identifier: MIT
// A pairing heap of nodes that live in what they order: smallest key first, equal keys in no
// promised order. Timers and run queues are made of it. Adding takes constant time; taking one out
// is logarithmic over time and never more than the number of nodes. No recursion, no locks.
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    uint64_t key;
    struct heap_node *child; // the first of its children
    struct heap_node *next;  // its next sibling
    struct heap_node *back;  // its previous sibling, or its parent if it is the first child
};

struct heap {
    struct heap_node *root;
};

static inline void heap_init(struct heap *heap) {
    heap->root = NULL;
}

// The node with the smallest key, or NULL.
static inline struct heap_node *heap_first(const struct heap *heap) {
    return heap->root;
}

// `node` is in no heap; its key is set.
void heap_add(struct heap *heap, struct heap_node *node);

// `node` is in this heap.
void heap_remove(struct heap *heap, struct heap_node *node);

// The node after this one in a walk over all, which begins with heap_first and is in no order but
// that a node comes after its parents; NULL at its end.
struct heap_node *heap_next(const struct heap_node *node);

// How many nodes are in it, or SIZE_MAX when its order or its links are broken. For audits.
size_t heap_audit(const struct heap *heap);

#endif
