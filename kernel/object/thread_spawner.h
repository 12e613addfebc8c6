// SPDX-License-Identifier: MIT
// ThreadSpawner of schemas/thread.capnp: makes threads of the process that calls it.
#ifndef OBJECT_THREAD_SPAWNER_H
#define OBJECT_THREAD_SPAWNER_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type thread_spawner_type;

// With one reference, charged to `ledger`. It knows no process. OVERLOADED.
must_use enum capos_status thread_spawner_create(struct cpu *cpu, struct ledger *ledger,
                                                 struct object **out);

#endif
