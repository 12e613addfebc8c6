// SPDX-License-Identifier: MIT
//
// See heap.h. Blocks are powers of two; what was never given out lies above `used`.
#include "capos/heap.h"

#include <capos/limits.h>

enum { GROWTH = 16 * CAPOS_PAGE_SIZE };

static unsigned class_of(size_t size) {
    unsigned class = 0;

    while (class < HEAP_CLASSES && (size_t)HEAP_LEAST << class < size)
        class ++;
    return class;
}

void heap_init(struct heap *heap, char *begin, size_t bytes,
               bool (*commit)(void *context, char *at, size_t bytes), void *context) {
    *heap = (struct heap){.begin = begin, .reserved = bytes, .commit = commit, .context = context};
}

// Gives memory to at least the first `bytes` of the range.
static bool grow(struct heap *heap, size_t bytes) {
    size_t wanted = (bytes + GROWTH - 1) / GROWTH * GROWTH;

    if (bytes <= heap->committed)
        return true;
    if (wanted > heap->reserved)
        wanted = heap->reserved;
    if (!heap->commit(heap->context, heap->begin + heap->committed, wanted - heap->committed))
        return false;
    heap->committed = wanted;
    return true;
}

void *heap_allocate(struct heap *heap, size_t size) {
    unsigned class = class_of(size);

    if (class == HEAP_CLASSES)
        return NULL;
    struct heap_block *block = heap->free[class];
    if (block != NULL) {
        heap->free[class] = block->next;
        return block;
    }
    size_t bytes = (size_t)HEAP_LEAST << class;
    if (bytes > heap->reserved - heap->used || !grow(heap, heap->used + bytes))
        return NULL;
    void *fresh = heap->begin + heap->used;
    heap->used += bytes;
    return fresh;
}

void heap_free(struct heap *heap, void *block, size_t size) {
    struct heap_block *free = block;

    if (block == NULL)
        return;
    free->next = heap->free[class_of(size)];
    heap->free[class_of(size)] = free;
}
