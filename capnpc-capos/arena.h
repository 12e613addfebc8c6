// SPDX-License-Identifier: MIT
// Memory of one run of the compiler: taken bit by bit, given back all at once. Being out of memory
// ends the program with a message, so callers check nothing.
#ifndef CAPNPC_ARENA_H
#define CAPNPC_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
};

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);

// Zeroed memory, aligned for anything, good until arena_fini.
void *arena_take(struct arena *arena, size_t size);

// An array of `count` elements of `size` bytes.
void *arena_array(struct arena *arena, size_t count, size_t size);

// A formatted string.
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

char *arena_copy(struct arena *arena, const char *data, size_t size);

#endif
