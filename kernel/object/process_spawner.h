// SPDX-License-Identifier: MIT
// ProcessSpawner of schemas/process.capnp: makes processes that hold exactly what they are granted.
#ifndef OBJECT_PROCESS_SPAWNER_H
#define OBJECT_PROCESS_SPAWNER_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type process_spawner_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status process_spawner_create(struct cpu *cpu, struct ledger *ledger,
                                                  struct object **out);

#endif
