// SPDX-License-Identifier: MIT
//
// Memory of the world's init, by calls as a process makes them. What takes an outcome's place fails
// the test when that is not CAPOS_DONE.
#ifndef CAPOS_TESTS_UNIT_OBJECT_WORLD_MEMORY_H
#define CAPOS_TESTS_UNIT_OBJECT_WORLD_MEMORY_H

#include "schemas/memory.capos.h"

#include <stdbool.h>
#include <stdint.h>

// Those with an outcome set an id or an address to 0 when they are refused.
int world_allocate(uint64_t bytes, struct capos_memory_object *object);
struct capos_memory_object world_memory(uint64_t pages);

struct capos_memory_object world_read_only(struct capos_memory_object of);

int world_slice(struct capos_memory_object of, uint64_t offset, uint64_t bytes,
                struct capos_memory_object *object);

int world_map(struct capos_memory_object object, uint64_t offset, uint64_t bytes,
              enum capos_protection protection, uint64_t *at);

// Is there a page of init's at that address?
bool world_is_mapped(uint64_t at);

#endif
