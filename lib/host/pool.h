// SPDX-License-Identifier: MIT
// Memory that is given back all at once. A tool reads a few files, answers and ends: what belongs
// to one run is taken from one pool. Every object is an allocation of its own, so that memory
// checkers see its bounds. Running out of memory ends the program with a message and status 1.
#ifndef CAPOS_HOST_POOL_H
#define CAPOS_HOST_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool_object;

struct pool {
    struct pool_object *objects;
};

void pool_init(struct pool *pool);

// Frees everything that was taken.
void pool_fini(struct pool *pool);

// Zeroed bytes, aligned for any type. Never NULL.
void *pool_alloc(struct pool *pool, size_t bytes);

// Zeroed room for count elements; an overflow of the product counts as no memory.
void *pool_array(struct pool *pool, size_t count, size_t element_bytes);

// An array that has room for one more than the count elements that it holds: the same one, or a
// larger copy. The array must have grown by this function only, one element at a time.
void *pool_more(struct pool *pool, void *array, size_t count, size_t element_bytes);

// A copy of size bytes with a NUL after them.
char *pool_copy(struct pool *pool, const char *text, size_t size);

// printf into the pool.
char *pool_format(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *pool_vformat(struct pool *pool, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
