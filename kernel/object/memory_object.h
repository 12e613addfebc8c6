// SPDX-License-Identifier: MIT
// MemoryObject of schemas/memory.capnp: the methods of core/memory.h's objects.
#ifndef OBJECT_MEMORY_OBJECT_H
#define OBJECT_MEMORY_OBJECT_H

#include "core/object.h"

// The type to be given to memory_create and memory_create_fixed.
extern const struct object_type memory_object_type;

#endif
