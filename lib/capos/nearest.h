// SPDX-License-Identifier: MIT
//
// The name that somebody probably meant: fewest letters to insert, take out, change or swap.
#ifndef CAPOS_LIB_NEAREST_H
#define CAPOS_LIB_NEAREST_H

#include <stddef.h>

// A search over candidates that are offered one by one. `name` is NULL while none is near enough.
struct nearest {
    const char *wanted;
    size_t wanted_size;
    const char *name;
    size_t name_size;
    size_t distance;
};

// Begins a search for what is near `wanted`, which is borrowed.
void nearest_init(struct nearest *nearest, const char *wanted, size_t size);

// Offers a candidate, which is borrowed. The first of equally near ones stays.
void nearest_offer(struct nearest *nearest, const char *name, size_t size);

#endif
