// SPDX-License-Identifier: MIT
// CapabilityView, CapabilityManager and ProcessInspector of schemas/inspection.capnp: what is in
// capability tables, told but not given.
#ifndef OBJECT_CAPABILITY_VIEW_H
#define OBJECT_CAPABILITY_VIEW_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type capability_view_type, capability_manager_type,
    process_inspector_type;

// With one reference, charged to `ledger`. They know no process: the manager is about whoever calls
// it, the inspector about those whose handles it is given. OVERLOADED.
must_use enum capos_status capability_manager_create(struct cpu *cpu, struct ledger *ledger,
                                                     struct object **out);
must_use enum capos_status process_inspector_create(struct cpu *cpu, struct ledger *ledger,
                                                    struct object **out);

#endif
