// SPDX-License-Identifier: MIT
// SchedulerStatistics of schemas/scheduling.capnp: what processors have done.
#ifndef OBJECT_SCHEDULER_STATISTICS_H
#define OBJECT_SCHEDULER_STATISTICS_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type scheduler_statistics_type;

// A new one, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status scheduler_statistics_create(struct cpu *cpu, struct ledger *ledger,
                                                       struct object **out);

#endif
