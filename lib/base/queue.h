// SPDX-License-Identifier: MIT
//
// Intrusive first-in first-out queue with one pointer per node, for things that only ever leave at
// the front. What may leave from the middle belongs on a list (base/list.h). Owns nothing, takes no
// lock.
#ifndef CAPOS_BASE_QUEUE_H
#define CAPOS_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue_node {
    struct queue_node *next;
};

struct queue {
    struct queue_node *first;
    struct queue_node *last; // meaningful only while first is not NULL
};

// The structure of type `type` whose member `member` is *node.
#define queue_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void queue_init(struct queue *queue) {
    queue->first = NULL;
    queue->last = NULL;
}

static inline bool queue_is_empty(const struct queue *queue) {
    return queue->first == NULL;
}

// The node may be on no queue.
static inline void queue_push(struct queue *queue, struct queue_node *node) {
    node->next = NULL;
    if (queue->first == NULL)
        queue->first = node;
    else
        queue->last->next = node;
    queue->last = node;
}

// Puts back at the front what has just been popped, or what must go before all others.
static inline void queue_push_front(struct queue *queue, struct queue_node *node) {
    if (queue->first == NULL)
        queue->last = node;
    node->next = queue->first;
    queue->first = node;
}

// The node that queue_pop would return, or NULL.
static inline struct queue_node *queue_first(const struct queue *queue) {
    return queue->first;
}

// Removes and returns the oldest node, or NULL when the queue is empty.
static inline struct queue_node *queue_pop(struct queue *queue) {
    struct queue_node *node = queue->first;

    if (node != NULL) {
        queue->first = node->next;
        node->next = NULL;
    }
    return node;
}

#endif
