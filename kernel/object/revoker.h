// SPDX-License-Identifier: MIT
// RevokerFactory and Revoker (schemas/revocation.capnp).
#ifndef OBJECT_REVOKER_H
#define OBJECT_REVOKER_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/object.h"

#include <capos/status.h>

extern const struct object_type revoker_factory_type;
extern const struct object_type revoker_type;

// Ends a held call of a method without results: Revoker.revoke, Session.end.
call_answer_fn revoker_answer;

// With one reference. OVERLOADED.
must_use enum capos_status revoker_factory_create(struct cpu *cpu, struct ledger *ledger,
                                                  struct object **out);

#endif
