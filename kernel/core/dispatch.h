// SPDX-License-Identifier: MIT
// Calls to kernel objects. Params (at most 4 KiB) and their descriptors are copied once from the
// ring to this CPU's scratch; the type's dispatch decodes them there and builds its results in
// scratch too; then results and new capabilities go to the caller. The functions below are for
// methods.
//
// A method checks and reserves everything first. Results' capabilities are objects (dispatch_give),
// which can't fail after dispatch_room said that there is room: the caller's slots are reserved.
#ifndef CORE_DISPATCH_H
#define CORE_DISPATCH_H

#include "base/attributes.h"
#include "core/captable.h"
#include "core/object.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdint.h>

struct call;
struct capos_invocation;
struct process;
struct thread;

// The calling process and thread: borrowed.
struct process *dispatch_process(struct capos_invocation *invocation);
struct thread *dispatch_thread(struct capos_invocation *invocation);

// A capability of the params, by the id in its typed handle: the object, borrowed from the caller's
// table for this call. REFUSED when the caller doesn't hold it or it isn't of that type.
must_use enum capos_status dispatch_object(struct cpu *cpu, struct capos_invocation *invocation,
                                           uint64_t cap, const struct object_type *type,
                                           struct object **object);

// How many capabilities the caller still takes back.
uint32_t dispatch_room(const struct capos_invocation *invocation);

// Adds an object to the results and takes over the caller's reference to it. There must be room.
// Returns the id to set in the results' typed handle. If the method fails after all, what was given
// is put.
uint64_t dispatch_give(struct cpu *cpu, struct capos_invocation *invocation, struct object *object,
                       uint64_t interface, enum capos_transfer_scope scope);

#endif
