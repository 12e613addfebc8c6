// SPDX-License-Identifier: MIT
// What the compiler will not do, said to the person at the terminal. Refusals are collected, so
// that one run shows all of them; after the first one no file is written.
#ifndef CAPNPC_REFUSE_H
#define CAPNPC_REFUSE_H

#include <stdbool.h>

struct refusals {
    unsigned count;
};

// Prints "capnpc-capos: NODE.MEMBER: message" to standard error; member may be NULL.
void refuse(struct refusals *refusals, const char *node, const char *member, const char *format,
            ...) __attribute__((format(printf, 4, 5)));

#endif
