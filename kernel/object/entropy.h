// SPDX-License-Identifier: MIT
// Entropy of schemas/entropy.capnp.
#ifndef OBJECT_ENTROPY_H
#define OBJECT_ENTROPY_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type entropy_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status entropy_create(struct cpu *cpu, struct ledger *ledger,
                                          struct object **out);

#endif
