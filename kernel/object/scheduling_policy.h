// SPDX-License-Identifier: MIT
// SchedulingPolicy of schemas/scheduling.capnp: weights and affinity.
#ifndef OBJECT_SCHEDULING_POLICY_H
#define OBJECT_SCHEDULING_POLICY_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type scheduling_policy_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status scheduling_policy_create(struct cpu *cpu, struct ledger *ledger,
                                                    struct object **out);

#endif
