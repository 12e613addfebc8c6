// SPDX-License-Identifier: MIT
// The pairing heap (heap.h). Removing the root melds its children in two passes: pairs from the
// left, then the pairs from the right; both are loops over sibling links.
#include "core/heap.h"

// Melds two trees whose roots have no siblings.
static struct heap_node *meld(struct heap_node *a, struct heap_node *b) {
    struct heap_node *swap;

    if (a == NULL)
        return b;
    if (b == NULL)
        return a;
    if (b->key < a->key) {
        swap = a;
        a = b;
        b = swap;
    }
    b->next = a->child;
    if (b->next != NULL)
        b->next->back = b;
    b->back = a;
    a->child = b;
    return a;
}

// Melds a list of siblings to one tree.
static struct heap_node *meld_siblings(struct heap_node *first) {
    struct heap_node *pairs = NULL, *root = NULL, *a, *b;

    while (first != NULL) {
        a = first;
        b = a->next;
        first = b == NULL ? NULL : b->next;
        a->next = NULL;
        if (b != NULL)
            b->next = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        a = pairs;
        pairs = a->next;
        a->next = NULL;
        root = meld(root, a);
    }
    if (root != NULL)
        root->back = NULL;
    return root;
}

void heap_add(struct heap *heap, struct heap_node *node) {
    node->child = node->next = node->back = NULL;
    heap->root = meld(heap->root, node);
}

void heap_remove(struct heap *heap, struct heap_node *node) {
    struct heap_node *children = meld_siblings(node->child);

    if (heap->root == node) {
        heap->root = children;
    } else {
        if (node->back->child == node)
            node->back->child = node->next;
        else
            node->back->next = node->next;
        if (node->next != NULL)
            node->next->back = node->back;
        heap->root = meld(heap->root, children);
    }
    node->child = node->next = node->back = NULL;
}

static const struct heap_node *parent_of(const struct heap_node *node) {
    while (node->back != NULL && node->back->child != node)
        node = node->back;
    return node->back;
}

struct heap_node *heap_next(const struct heap_node *node) {
    if (node->child != NULL)
        return node->child;
    while (node != NULL && node->next == NULL)
        node = parent_of(node);
    return node == NULL ? NULL : node->next;
}

size_t heap_audit(const struct heap *heap) {
    size_t count = 0;

    if (heap->root != NULL && (heap->root->back != NULL || heap->root->next != NULL))
        return SIZE_MAX;
    for (const struct heap_node *node = heap->root; node != NULL; node = heap_next(node)) {
        if (node->child != NULL && node->child->back != node)
            return SIZE_MAX;
        if (node->next != NULL && node->next->back != node)
            return SIZE_MAX;
        if (node != heap->root && parent_of(node)->key > node->key)
            return SIZE_MAX;
        count++;
    }
    return count;
}
