// SPDX-License-Identifier: MIT
// Comes before everything else when code is compiled for tests/order: what the compiler does not
// instrument of plain accesses, the functions that make many of them.
#ifndef TESTS_ORDER_PLAIN_H
#define TESTS_ORDER_PLAIN_H

#include <stddef.h>
#include <string.h>

void *order_memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *order_memmove(void *to, const void *from, size_t bytes);
void *order_memset(void *to, int byte, size_t bytes);

#define memcpy  order_memcpy
#define memmove order_memmove
#define memset  order_memset

#endif
