// SPDX-License-Identifier: MIT
// "Did you mean": which of the names that would have been right looks most like the one found.
#ifndef CAPOS_HOST_NEAREST_H
#define CAPOS_HOST_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *found;
    size_t size;
    const char *best; // the nearest so far, NULL while none is near enough to be meant
    unsigned cost;
};

// Borrows the name found.
void nearest_init(struct nearest *nearest, const char *found, size_t size);

// Compares one right name, which is borrowed. The earlier of two that are as near stays.
void nearest_try(struct nearest *nearest, const char *name);

#endif
