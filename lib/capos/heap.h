// SPDX-License-Identifier: MIT
//
// Memory of any size at run time, for programs that ask for it. A heap is one reserved range of
// addresses; pages are committed as it grows and stay. Free blocks are kept in lists by size class
// (16, 32, 64 ... bytes); a block is given out again in its class. Not for more than one thread.
#ifndef CAPOS_LIB_HEAP_H
#define CAPOS_LIB_HEAP_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HEAP_CLASSES = 27, // 16 bytes to 1 GiB
    HEAP_LEAST = 16,
};

struct heap_block {
    struct heap_block *next;
};

struct heap {
    char *begin;
    size_t used;      // bytes given out at least once
    size_t committed; // bytes that have memory
    size_t reserved;  // bytes of the range
    bool (*commit)(void *context, char *at, size_t bytes);
    void *context;
    struct heap_block *free[HEAP_CLASSES];
};

// Makes a heap of the range. `commit` gives memory to whole pages of it and says whether it could.
void heap_init(struct heap *heap, char *begin, size_t bytes,
               bool (*commit)(void *context, char *at, size_t bytes), void *context);

// A block of at least `size` bytes at a multiple of 16, its contents undefined; NULL when there is
// no memory. Whoever allocates must say the same size when freeing.
must_use void *heap_allocate(struct heap *heap, size_t size);
void heap_free(struct heap *heap, void *block, size_t size);

#endif
