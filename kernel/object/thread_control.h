// SPDX-License-Identifier: MIT
// ThreadControl of schemas/thread.capnp: what a thread can do to itself.
#ifndef OBJECT_THREAD_CONTROL_H
#define OBJECT_THREAD_CONTROL_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type thread_control_type;

// With one reference, charged to `ledger`. It knows no process: it is about whoever calls it.
// OVERLOADED.
must_use enum capos_status thread_control_create(struct cpu *cpu, struct ledger *ledger,
                                                 struct object **out);

#endif
