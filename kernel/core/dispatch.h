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
#include "capnp/call.h"
#include "core/captable.h"
#include "core/object.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdint.h>

struct call;
struct process;
struct thread;

// An object on its way to the caller.
struct dispatch_gift {
    struct object *object;   // a reference; NULL once it is in the caller's table
    struct revoker *revoker; // a reference, or NULL
    uint64_t interface;
    uint8_t scope;
    uint8_t disclosure;
};

// What generated code hands to a method as `self`: the object and the CPU that serves the call.
struct target {
    struct cpu *cpu;
    struct object *object;
};

// A capability's object, and its revoker's.
#define DISPATCH_HELD (2 * CAPOS_TRANSFER_MAX)

// The scratch of one kernel call. Each CPU has two: of the call that it dispatches, and of the
// answer to a held call, which may be built meanwhile. Between two calls nothing has been given,
// held or received, and the results have no room and no error.
struct dispatch {
    struct capos_invocation invocation; // its context is this struct
    struct call *call;                  // IDLE: it is not filled in yet (plain.h)
    struct target target;
    uint32_t given;
    uint32_t held_count;
    struct object *held[DISPATCH_HELD]; // what dispatch_capability has found: references
    struct dispatch_gift gift[CAPOS_TRANSFER_MAX];
    struct capos_descriptor received[CAPOS_TRANSFER_MAX]; // what the caller sent
    struct capos_descriptor sent[CAPOS_TRANSFER_MAX];     // what the results name
    uint64_t params[CAPOS_KERNEL_PARAMS_MAX / 8];
    uint64_t results[CAPOS_KERNEL_PARAMS_MAX / 8];
};

// The calling process and thread: borrowed.
struct process *dispatch_process(const struct capos_invocation *invocation);
struct thread *dispatch_thread(const struct capos_invocation *invocation);

// A capability of the params, by the id in its typed handle: what the caller's table says of it;
// object and revoker are held for this call, whoever releases them meanwhile. DISCONNECTED when it
// is revoked; REFUSED when the caller doesn't hold it or it isn't of that type (NULL: any). The
// descriptor's kind (COPY, MOVE) is in invocation->received; unless the method takes a moved
// capability itself (transfer.h), it is released when the method has succeeded.
must_use enum capos_status dispatch_capability(const struct capos_invocation *invocation,
                                               uint64_t cap, const struct object_type *type,
                                               struct captable_view *view);

// How many capabilities the caller still takes back.
uint32_t dispatch_room(const struct capos_invocation *invocation);

// Adds an object to what the results will name, and takes over the caller's reference to it. There
// must be room. Returns the descriptor that the results' field is to be set to, exactly once. If
// the method fails after all, what was given is put.
struct capos_descriptor dispatch_give(struct capos_invocation *invocation, struct object *object,
                                      uint64_t interface, enum capos_transfer_scope scope);

// The same for a capability that is no new object but another way to one: its revoker, scope and
// disclosure are the view's, and so are the references that are taken over.
struct capos_descriptor dispatch_give_view(struct capos_invocation *invocation,
                                           const struct captable_view *view);

// The revoker through which the object was called, or NULL; borrowed for this call. Views that it
// makes of itself are given with it.
struct revoker *dispatch_revoker(const struct capos_invocation *invocation);

// Gives a view that the object, which was called, has made of itself: another object, for which the
// caller's reference is taken over. It is revoked with the object and has its transfer scope.
struct capos_descriptor dispatch_give_own(struct capos_invocation *invocation,
                                          struct object *object);

// For the ring service: serves a record's CALL. Ends it, or leaves it HELD.
apart void dispatch_call(struct cpu *cpu, struct call *call);

// Makes a CPU's scratch ready for its first call.
void dispatch_init(struct cpu *cpu, struct dispatch *dispatch);

// The record of the call that is being dispatched, filled in. Its target is held by somebody.
struct call *dispatch_record(struct capos_invocation *invocation);

// For plain.h: what follows when the method has not just ended well: the call's result, or
// ACCEPT_PENDING.
seldom int32_t dispatch_plain_end(struct cpu *cpu, struct dispatch *dispatch,
                                  const struct object_type *type, int outcome);

// And when it has: the results, a few words, go to the caller's area. Returns their bytes.
int32_t dispatch_plain_results(const struct dispatch *dispatch);

#endif
