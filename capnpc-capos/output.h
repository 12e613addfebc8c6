// SPDX-License-Identifier: MIT
// Files that appear whole or not at all.
#ifndef CAPNPC_OUTPUT_H
#define CAPNPC_OUTPUT_H

#include "capnpc-capos/arena.h"

#include <stdbool.h>

// Writes a file below the current folder, making the folders on its way. Says on standard error
// what went wrong.
bool output_write(struct arena *arena, const char *path, const char *data, size_t size)
    __attribute__((warn_unused_result));

#endif
