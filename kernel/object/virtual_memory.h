// SPDX-License-Identifier: MIT
// VirtualMemory of schemas/memory.capnp: power over one process's address space.
#ifndef OBJECT_VIRTUAL_MEMORY_H
#define OBJECT_VIRTUAL_MEMORY_H

#include "core/object.h"

struct vm;

extern const struct object_type virtual_memory_type;

// With one reference, charged to `ledger`; refers to the space, but keeps nothing of it alive once
// its process has ended. OVERLOADED.
must_use enum capos_status virtual_memory_create(struct cpu *cpu, struct ledger *ledger,
                                                 struct vm *vm, struct object **out);

#endif
