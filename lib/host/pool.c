// SPDX-License-Identifier: MIT
// The pool: a list of allocations.
#include "host/pool.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_object {
    struct pool_object *next;
    max_align_t content[];
};

#define POOL_FIRST_ROOM 4u

void pool_init(struct pool *pool) {
    pool->objects = NULL;
}

void pool_fini(struct pool *pool) {
    while (pool->objects) {
        struct pool_object *object = pool->objects;
        pool->objects = object->next;
        free(object);
    }
}

static _Noreturn void no_memory(void) {
    fputs("error: found no memory, expected enough for this input\n", stderr);
    exit(EXIT_FAILURE);
}

void *pool_alloc(struct pool *pool, size_t bytes) {
    if (bytes > SIZE_MAX - sizeof(struct pool_object))
        no_memory();
    struct pool_object *object = calloc(1, sizeof *object + bytes);
    if (!object)
        no_memory();
    object->next = pool->objects;
    pool->objects = object;
    return object->content;
}

void *pool_array(struct pool *pool, size_t count, size_t element_bytes) {
    if (element_bytes != 0 && count > SIZE_MAX / element_bytes)
        no_memory();
    return pool_alloc(pool, count * element_bytes);
}

void *pool_more(struct pool *pool, void *array, size_t count, size_t element_bytes) {
    if (count == 0)
        return pool_array(pool, POOL_FIRST_ROOM, element_bytes);
    if (count < POOL_FIRST_ROOM || (count & (count - 1)) != 0)
        return array;
    if (count > SIZE_MAX / 2)
        no_memory();
    void *larger = pool_array(pool, 2 * count, element_bytes);
    memcpy(larger, array, count * element_bytes);
    return larger;
}

char *pool_copy(struct pool *pool, const char *text, size_t size) {
    if (size == SIZE_MAX)
        no_memory();
    char *copy = pool_alloc(pool, size + 1);
    if (size > 0)
        memcpy(copy, text, size);
    return copy;
}

char *pool_vformat(struct pool *pool, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *text = pool_alloc(pool, size < 0 ? 1 : (size_t)size + 1);
    if (size >= 0)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

char *pool_format(struct pool *pool, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = pool_vformat(pool, format, arguments);
    va_end(arguments);
    return text;
}
