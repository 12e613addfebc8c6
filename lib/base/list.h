// SPDX-License-Identifier: MIT
//
// Intrusive doubly linked list: the nodes live in the things that are listed, so linking never
// fails and removing takes constant time wherever the node is. A list is a ring through its own
// head. A node that is on no list points to itself, which makes membership a question that can be
// asked and removing twice harmless. The list owns nothing and takes no lock; whoever declares one
// says which lock guards it.
#ifndef CAPOS_BASE_LIST_H
#define CAPOS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

struct list {
    struct list_node head;
};

// The structure of type `type` whose member `member` is *node.
#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_node_init(struct list_node *node) {
    node->next = node;
    node->previous = node;
}

static inline void list_init(struct list *list) {
    list_node_init(&list->head);
}

static inline bool list_is_empty(const struct list *list) {
    return list->head.next == &list->head;
}

// The node must have been initialised.
static inline bool list_is_linked(const struct list_node *node) {
    return node->next != node;
}

// Puts an unlinked node after `place`, which is a linked node or a list's head.
static inline void list_insert_after(struct list_node *place, struct list_node *node) {
    node->previous = place;
    node->next = place->next;
    place->next->previous = node;
    place->next = node;
}

// Puts an unlinked node before `place`, which is a linked node or a list's head.
static inline void list_insert_before(struct list_node *place, struct list_node *node) {
    list_insert_after(place->previous, node);
}

static inline void list_push_front(struct list *list, struct list_node *node) {
    list_insert_after(&list->head, node);
}

static inline void list_push_back(struct list *list, struct list_node *node) {
    list_insert_before(&list->head, node);
}

// Takes the node off its list; does nothing when it is on none.
static inline void list_remove(struct list_node *node) {
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_node_init(node);
}

// Is the node, which is on the list, the only one there?
static inline bool list_is_only(const struct list *list, const struct list_node *node) {
    return list->head.next == node && node->next == &list->head;
}

// First node, or NULL when the list is empty.
static inline struct list_node *list_first(const struct list *list) {
    return list_is_empty(list) ? NULL : list->head.next;
}

// Last node, or NULL when the list is empty.
static inline struct list_node *list_last(const struct list *list) {
    return list_is_empty(list) ? NULL : list->head.previous;
}

// The node after `node` on `list`, or NULL at the end. To remove while walking, ask for the next
// node before removing this one.
static inline struct list_node *list_next(const struct list *list, const struct list_node *node) {
    return node->next == &list->head ? NULL : node->next;
}

// The node before `node` on `list`, or NULL at the start.
static inline struct list_node *list_previous(const struct list *list,
                                              const struct list_node *node) {
    return node->previous == &list->head ? NULL : node->previous;
}

// Removes and returns the first node, or NULL when the list is empty.
static inline struct list_node *list_pop_front(struct list *list) {
    struct list_node *node = list_first(list);

    if (node != NULL)
        list_remove(node);
    return node;
}

// Removes and returns the last node, or NULL when the list is empty.
static inline struct list_node *list_pop_back(struct list *list) {
    struct list_node *node = list_last(list);

    if (node != NULL)
        list_remove(node);
    return node;
}

// Moves every node of `from` to the end of `to`, in order. `from` is empty afterwards.
static inline void list_append(struct list *to, struct list *from) {
    if (list_is_empty(from))
        return;
    from->head.next->previous = to->head.previous;
    to->head.previous->next = from->head.next;
    from->head.previous->next = &to->head;
    to->head.previous = from->head.previous;
    list_init(from);
}

// How many nodes are on the list: walks all of it, so for tests and audits only.
static inline size_t list_count(const struct list *list) {
    size_t count = 0;

    for (const struct list_node *node = list->head.next; node != &list->head; node = node->next)
        count++;
    return count;
}

// Do all forward and backward links agree within `limit` nodes? For audits: it ends even when the
// links run in a circle that leaves out the head.
static inline bool list_is_sound(const struct list *list, size_t limit) {
    const struct list_node *node = &list->head;

    for (size_t i = 0; i <= limit; i++) {
        if (node->next == NULL || node->next->previous != node)
            return false;
        node = node->next;
        if (node == &list->head)
            return true;
    }
    return false;
}

#endif
