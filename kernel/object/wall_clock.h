// SPDX-License-Identifier: MIT
// WallClock of schemas/time.capnp.
#ifndef OBJECT_WALL_CLOCK_H
#define OBJECT_WALL_CLOCK_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type wall_clock_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status wall_clock_create(struct cpu *cpu, struct ledger *ledger,
                                             struct object **out);

#endif
