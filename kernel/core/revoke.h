// SPDX-License-Identifier: MIT
// Revocation. A revoker stands between holders and an object: the table entries of a revocable copy
// name it, and so do those of all copies and views that are made of that. Its death is one store;
// from then on a lookup through it is refused. What was begun before is found on its lists, which
// have every call in flight and every mapping that was made through it, and every revoker below it
// (over a copy of the copy).
//
// Why nothing escapes. A use begins with a lookup, which reads `dead` of the whole chain of parents
// without a lock, and that may be old by the time that it has an effect. But each effect that lasts
// (a call in flight, a mapping, a revoker below) is linked to the revoker under its lock, after
// another look at the chain. Death of revoker R is stored under R's lock, and its sweep then takes
// the lock of each revoker S below R (or R itself) once more:
//   - the use took S's lock before the sweep: then it is on S's list, and the sweep ends it;
//   - it took it after: then the sweep's store is visible to it, by the lock, and it is refused.
// New revokers below are linked by the same rule, so the sweep sees all of them. What has no list
// (a kernel method that is just looking at an object in its params, a capability that is just being
// passed on, which arrives dead) is over when every CPU has left the kernel once, and `revoke`
// answers only after that.
//
// A session (session.h) is a revoker too, and its processes are one more list of it.
//
// Locks: a revoker's is taken last, under an endpoint's, a queue's, a vm's; of two revokers' never
// both.
#ifndef CORE_REVOKE_H
#define CORE_REVOKE_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/call.h"
#include "core/lock.h"
#include "core/object.h"
#include "core/work.h"

#include <capos/limits.h>
#include <capos/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ring;
struct vm;

enum revoker_state {
    REVOKER_ALIVE,
    REVOKER_SWEEPING, // dead; what was made through it is being ended
    REVOKER_WAITING,  // nothing is left of that; until every CPU has left the kernel once
    REVOKER_OVER,
};

struct revoker {
    struct object object;   // held by entries, uses, mappings, revokers below, and its own work
    struct list_node all;   // kernel->revokers
    struct revoker *parent; // a reference; NULL when the object was held without a revoker
    uint32_t depth;         // one more than the parent's or 1, at most CAPOS_REVOKERS_DEEP; 0: a
                            // session's
    _Atomic bool dead;      // changes once, under the lock

    struct lock lock;         // guards what follows
    struct list uses;         // calls in flight
    struct list mappings;     // in address spaces
    struct list processes;    // that end with it: a session's
    struct list children;     // revokers below; not those of which a sweep has left nothing
    struct list_node sibling; // guarded by the parent's lock

    struct call_queue waiters; // calls of revoke()
    _Atomic uint8_t state;     // enum revoker_state
    struct work sweep;
    struct reclaim_node wait;
};

// A call in flight that was made through a revoker: one for each slot of a ring, made when the
// ring's process makes its first such call. `revoker` is NULL when there is no such call.
struct revoker_use {
    struct list_node node;
    struct revoker *revoker; // a reference
    struct call *call;
};

// A region of an address space that was mapped through a revoker.
struct revoker_mapping {
    struct list_node node;
    struct revoker *revoker; // a reference
    struct vm *vm;           // lives as long as the region
    uint64_t start;
};

// The type is of kernel/object/revoker.c, which says what the methods are; its close must be
// revoker_close. A revoker with one reference over what is held through `parent` (or NULL);
// `answered` ends the calls that wait for its sweep. OVERLOADED; DISCONNECTED when the parent is
// dead; REFUSED when it is gone; BUSY when it is as deep as can be.
must_use enum capos_status revoker_create(struct cpu *cpu, const struct object_type *type,
                                          struct ledger *ledger, struct revoker *parent,
                                          call_answer_fn *answered, struct revoker **out);
bool revoker_close(struct cpu *cpu, struct object *object);

// The same at a depth of the caller's choice, for a type whose objects begin with a revoker.
must_use enum capos_status revoker_create_at(struct cpu *cpu, const struct object_type *type,
                                             struct ledger *ledger, struct revoker *parent,
                                             uint32_t depth, call_answer_fn *answered,
                                             struct revoker **out);

// Enters something in one of the revoker's lists, if its chain lives; else DISCONNECTED.
must_use enum capos_status revoker_enter(struct revoker *revoker, struct list *list,
                                         struct list_node *node);

// Marks the revoker dead and has the rest done, some of it at once. No locks held.
void revoker_kill(struct cpu *cpu, struct revoker *revoker);

// From a method's dispatch, which has killed the revoker: holds its call until the sweep is over.
void revoker_hold(struct cpu *cpu, struct revoker *revoker, struct capos_invocation *invocation);

// Is the revoker, or one above it, dead? Without a lock; NULL never is.
static inline bool revoker_is_dead(const struct revoker *revoker) {
    for (; revoker != NULL; revoker = revoker->parent)
        if (atomic_load_explicit(&revoker->dead, memory_order_acquire))
            return true;
    return false;
}

static inline void revoker_get(struct revoker *revoker) {
    if (revoker != NULL)
        object_get(&revoker->object);
}

static inline void revoker_put(struct cpu *cpu, struct revoker *revoker) {
    if (revoker != NULL)
        object_put(cpu, &revoker->object);
}

// Enters the call, a record that is going to be named by the ring's own thread, in the revoker's
// list. The record's flags must say CALL_REVOCABLE when this was OK, and call_complete ends the
// use. OVERLOADED, DISCONNECTED, REFUSED.
must_use enum capos_status revoker_use_begin(struct cpu *cpu, struct call *call,
                                             struct revoker *revoker);
void revoker_use_end(struct cpu *cpu, struct call *call);

// The revoker through which a call in flight was made, borrowed from it.
struct revoker *revoker_of_call(const struct call *call);

// For the end of a ring whose records are idle.
void revoker_uses_free(struct cpu *cpu, struct ring *ring);

// A mapping that is going to be made in a vm which is locked, entered in the revoker's list (NULL:
// *mapping is NULL). OVERLOADED, DISCONNECTED, REFUSED.
must_use enum capos_status revoker_map(struct cpu *cpu, struct vm *vm, struct revoker *revoker,
                                       uint64_t start, struct revoker_mapping **mapping);

// Its end, or what follows when it was not made after all. The vm is locked.
void revoker_unmap(struct cpu *cpu, struct revoker_mapping *mapping);

// For audits: NULL, or the first rule that is broken.
const char *revoker_audit(const struct revoker *revoker);

#endif
