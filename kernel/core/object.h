// SPDX-License-Identifier: MIT
// Objects: what capabilities name. Each begins with struct object: its type, its references (one
// per table entry, per call in flight, per other object that points to it) and the ledger that pays
// for it. The last put closes it (on this CPU, soon, without locks); its memory goes when no CPU
// can be looking at it any more (reclaim.h).
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include "base/attributes.h"
#include "core/ledger.h"
#include "core/reclaim.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capos_interface;
struct capos_invocation;
struct object;
struct process;

// How the ring treats an entry; kept in the entry so that a lookup reads one cache line.
enum object_kind {
    OBJECT_KERNEL = 1, // CALL dispatches to the type
    OBJECT_FACET,      // CALL goes to an endpoint
    OBJECT_RECEIVER,   // RECV and MINT
};

struct object_type {
    const char *name;
    uint64_t interface; // 0: each object of the type has its own (facets)
    size_t size;        // of the whole object
    enum object_kind kind;
    bool move_only; // at most one table entry names an object of this type
    bool walked;    // the audit sees every reference to one of this type

    // Its methods look at no more than its own memory and hold no calls, and it has no close: so it
    // may be let go while one of them runs, and is called without a reference.
    bool unheld;

    // The methods of a kernel object, and what calls their handlers: a generated dispatch, of which
    // `self` is a struct target (dispatch.h). Called with no locks held, params and results in this
    // CPU's scratch. Returns 0 when the results are complete, CAPOS_PENDING (the record was held,
    // see call.h) or an exception's kind. NULL: every method is unimplemented.
    const struct capos_interface *methods; // its own; NULL when it only inherits
    int (*serve)(void *self, struct capos_invocation *invocation);

    // The last reference is gone, so nobody can find it: give back what it owns and put the objects
    // that it points to. No locks held. True: its memory may go. False: the type still needs it and
    // calls object_retire later. NULL: nothing to do.
    bool (*close)(struct cpu *cpu, struct object *object);

    // For move_only types, NULL for others. `seated`: the one table entry that names the object is
    // now one of `process`, whose table's lock is held; NULL: it was emptied. May only store.
    void (*seated)(struct object *object, struct process *process);

    // What must follow, with no locks held: after a move to another process; after the entry was
    // emptied because its holder `process` released it or ended.
    void (*moved)(struct cpu *cpu, struct object *object);
    void (*lost)(struct cpu *cpu, struct object *object, struct process *process);
};

// 32 bytes. `next` and `type` make room for `dead` when nobody can have a reference any more;
// `next` is the type's own until the last put (a facet's place in a list of notices).
struct object {
    union {
        struct {
            struct object *next;
            const struct object_type *type;
        };
        struct reclaim_node dead;
    };
    struct ledger *ledger;
    _Atomic uint32_t references;
    uint16_t size;
    _Atomic uint8_t moving; // on a CPU's list of moved objects
    uint8_t zero;
};

// A zeroed object of type->size bytes with one reference, the caller's, charged to `ledger`
// (kernel memory only). OVERLOADED when that is short.
must_use enum capos_status object_create(struct cpu *cpu, const struct object_type *type,
                                         struct ledger *ledger, struct object **out);

static inline void object_get(struct object *object) {
    atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

// For an object found without a lock, which may just be losing its last reference: false then.
must_use bool object_try_get(struct object *object);

// Gives up a reference. May be called with any locks held.
void object_put(struct cpu *cpu, struct object *object);

// The memory of an object whose close returned false may go now.
void object_retire(struct cpu *cpu, struct object *object);

// Undoes object_create for an object that nobody else has seen; its memory goes at once and close
// isn't called.
void object_discard(struct cpu *cpu, struct object *object);

// After a move_only object has moved: its `moved` is to run on this CPU, soon. Any locks may be
// held.
void object_moved(struct cpu *cpu, struct object *object);

// Closes what was put for the last time on this CPU, and runs what follows moves. No locks held.
// The ring service, the reaper and the idle loop call it; returns whether there was anything to do.
seldom bool object_close_pending(struct cpu *cpu);

// The same, but servers are not told of their facets yet: object_close_pending must follow before
// the CPU leaves the kernel.
seldom bool object_close(struct cpu *cpu);

#endif
