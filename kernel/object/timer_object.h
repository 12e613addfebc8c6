// SPDX-License-Identifier: MIT
// Timer of schemas/time.capnp: the monotonic clock, and sleeping.
#ifndef OBJECT_TIMER_OBJECT_H
#define OBJECT_TIMER_OBJECT_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type timer_object_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status timer_object_create(struct cpu *cpu, struct ledger *ledger,
                                               struct object **out);

#endif
