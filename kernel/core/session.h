// SPDX-License-Identifier: MIT
// Sessions: who a process runs for, fixed when it is spawned. A server sees only a reference, a
// keyed hash of the boot secret, its service id and the session: equal for equal callers, different
// at each service, and no authority.
//
// The session that the kernel boots never ends. Every other one is an object that can be ended: a
// revoker, with its processes on one more list. What belongs to it is what must end with it: the
// capabilities of scope `session`, whose table entries have the session's revoker in their chain,
// the processes, and the sessions that they have started, which are revokers below. So the store
// that makes it dead ends every use at once, and the sweep (revoke.h) ends calls, mappings and
// processes. A session is at depth 0 of revokers: the revocable copies of what belongs to it are
// below, and how deep sessions nest is counted for itself.
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "base/attributes.h"
#include "core/revoke.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct process;

struct session {
    uint64_t id;
    uint32_t epoch;
};

struct session_reference {
    uint64_t word[2];
};

struct session_object {
    struct revoker revoker; // first: entries lead to it
    struct session session;
    uint32_t depth; // 1 when a process of the booted session has started it
    _Atomic uint32_t processes;
};

struct session_reference session_reference(struct cpu *cpu, const struct session *session,
                                           uint64_t service);

// A session with one reference, started by a process of `outer` (NULL: of the booted one). The type
// is of kernel/object/session_object.c; its close must be revoker_close. `answered` ends the calls
// that wait for its end. OVERLOADED; BUSY when it would be too deep; DISCONNECTED, REFUSED when the
// outer one has ended.
must_use enum capos_status session_create(struct cpu *cpu, const struct object_type *type,
                                          struct ledger *ledger, struct session_object *outer,
                                          call_answer_fn *answered, struct session_object **out);

// The session that a capability held through `revoker` belongs to: the innermost of its chain. NULL
// when none is in it.
static inline struct session_object *session_of(struct revoker *revoker) {
    while (revoker != NULL && revoker->depth != 0)
        revoker = revoker->parent;
    return (struct session_object *)(void *)revoker;
}

// The revoker of a capability of scope `session` that is new in one of the session's processes, or
// NULL; without a reference.
static inline struct revoker *session_revoker(struct session_object *session) {
    return session == NULL ? NULL : &session->revoker;
}

// Enters a process that is being made among those of the session (NULL: the booted one), and takes
// a reference to that. DISCONNECTED, REFUSED when it has ended.
must_use enum capos_status session_join(struct cpu *cpu, struct process *process,
                                        struct session_object *session);

// What follows when the process is no more. Nobody may be looking at process->session_object.
void session_leave(struct cpu *cpu, struct process *process);

// For audits: NULL, or the first rule that is broken.
const char *session_audit(const struct session_object *session);

#endif
