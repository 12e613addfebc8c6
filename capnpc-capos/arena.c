// SPDX-License-Identifier: MIT
// Memory of one run: a chain of blocks from the heap, one for each request.
#include "capnpc-capos/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    max_align_t data[];
};

void arena_init(struct arena *arena) {
    arena->blocks = NULL;
}

void arena_fini(struct arena *arena) {
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

static void out_of_memory(void) {
    fputs("capnpc-capos: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

void *arena_take(struct arena *arena, size_t size) {
    struct arena_block *block =
        size > SIZE_MAX - sizeof *block ? NULL : calloc(1, sizeof *block + size);
    if (block == NULL)
        out_of_memory();
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory();
    return arena_take(arena, count * size);
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        out_of_memory();
    char *text = arena_take(arena, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

char *arena_copy(struct arena *arena, const char *data, size_t size) {
    char *text = arena_take(arena, size + 1);
    if (size > 0)
        memcpy(text, data, size);
    return text;
}
