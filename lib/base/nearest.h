// SPDX-License-Identifier: MIT
//
// "Did you mean": which of the names that would have been right looks most like the one found. The
// same for the host's tools and the shell.
#ifndef CAPOS_BASE_NEAREST_H
#define CAPOS_BASE_NEAREST_H

#include <stddef.h>

// A search over names that are offered one by one.
struct nearest {
    const char *wanted; // what was found in place of a right name
    size_t wanted_size;
    const char *name; // the nearest so far, NULL while none is near enough to be meant
    size_t name_size;
    unsigned cost;
};

// Begins a search. The text is borrowed.
void nearest_init(struct nearest *nearest, const char *wanted, size_t size);

// Offers a right name, which is borrowed. The earlier of two that are as near stays.
void nearest_offer(struct nearest *nearest, const char *name, size_t size);

#endif
