// SPDX-License-Identifier: MIT
// Console of schemas/console.capnp: bytes for the kernel's log.
#ifndef OBJECT_CONSOLE_H
#define OBJECT_CONSOLE_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type console_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status console_create(struct cpu *cpu, struct ledger *ledger,
                                          struct object **out);

#endif
