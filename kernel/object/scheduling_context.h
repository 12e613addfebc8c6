// SPDX-License-Identifier: MIT
// SchedulingContext of schemas/scheduling.capnp; SchedulingPolicy makes them.
#ifndef OBJECT_SCHEDULING_CONTEXT_H
#define OBJECT_SCHEDULING_CONTEXT_H

#include "core/object.h"

// Its objects are struct sched_context (core/sched_context.h).
extern const struct object_type scheduling_context_type;

#endif
