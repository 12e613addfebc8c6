// SPDX-License-Identifier: MIT
//
// The four functions that a C compiler may call on its own. Host programs get them from their C
// library; freestanding programs link memory.c, which is the only file that defines them. Contracts
// are those of the C standard: memcpy's ranges must not overlap, sizes are bytes, a size of zero
// touches nothing.
#ifndef CAPOS_BASE_MEMORY_H
#define CAPOS_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

// Are all bytes zero? The answer's time does not depend on where the first other byte is, so that
// reserved fields can be checked without a branch per byte.
static inline bool memory_is_zero(const void *data, size_t size) {
    const unsigned char *byte = data;
    unsigned char seen = 0;

    for (size_t i = 0; i < size; i++)
        seen |= byte[i];
    return seen == 0;
}

// Overwrites a secret so that the compiler cannot leave the stores out.
static inline void memory_wipe(void *data, size_t size) {
    memset(data, 0, size);
    __asm__ volatile("" : : "r"(data) : "memory");
}

#endif
