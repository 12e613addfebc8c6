// SPDX-License-Identifier: MIT
// How names of schemas become names of C.
#ifndef CAPNPC_NAMES_H
#define CAPNPC_NAMES_H

#include "capnpc-capos/arena.h"

// "memoryObject", "MemoryObject" -> "memory_object", "HTTPServer" -> "http_server". What no
// identifier can hold becomes an underscore.
char *names_snake(struct arena *arena, const char *name);

// "memory_object" -> "MEMORY_OBJECT".
char *names_upper(struct arena *arena, const char *name);

// The name, with an underscore after it if C or C++ have the word for themselves.
const char *names_safe(struct arena *arena, const char *name);

#endif
