// SPDX-License-Identifier: MIT
// The CodeGeneratorRequest that the capnp tool sends to its plugins on standard input.
#ifndef CAPNPC_REQUEST_H
#define CAPNPC_REQUEST_H

#include "capnp/reader.h"
#include "capnpc-capos/arena.h"

struct request {
    struct capos_reader reader;
    struct capos_segment segments[512];
};

// Reads all of a file and begins to read the message in it. On failure says why on standard error.
bool request_read(struct request *request, struct arena *arena, int file)
    __attribute__((warn_unused_result));

#endif
