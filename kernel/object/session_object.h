// SPDX-License-Identifier: MIT
// SessionAuthority and Session (schemas/session.capnp).
#ifndef OBJECT_SESSION_OBJECT_H
#define OBJECT_SESSION_OBJECT_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type session_authority_type;
extern const struct object_type session_type;

// With one reference. OVERLOADED.
must_use enum capos_status session_authority_create(struct cpu *cpu, struct ledger *ledger,
                                                    struct object **out);

#endif
