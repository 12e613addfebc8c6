// SPDX-License-Identifier: MIT
// FrameAllocator of schemas/memory.capnp: makes memory objects.
#ifndef OBJECT_FRAME_ALLOCATOR_H
#define OBJECT_FRAME_ALLOCATOR_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type frame_allocator_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status frame_allocator_create(struct cpu *cpu, struct ledger *ledger,
                                                  struct object **out);

#endif
