// SPDX-License-Identifier: MIT
// The identifiers that the headers of lib/capnp and include/capos define: generated code may not.
#ifndef CAPNPC_RUNTIME_NAMES_H
#define CAPNPC_RUNTIME_NAMES_H

#include <stddef.h>

// In order.
extern const char *const runtime_names[];
extern const size_t runtime_names_count;

#endif
