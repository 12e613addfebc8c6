// SPDX-License-Identifier: MIT
// Power of schemas/system.capnp.
#ifndef OBJECT_POWER_H
#define OBJECT_POWER_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type power_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status power_create(struct cpu *cpu, struct ledger *ledger,
                                        struct object **out);

#endif
