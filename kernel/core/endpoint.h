// SPDX-License-Identifier: MIT
// Endpoints, where calls wait for a server; Receivers, by which a server takes them; facets, by
// which clients make them. An endpoint has a FIFO of calls and notices (notices leave first) and a
// LIFO of idle receivers: RECVs whose thread waits in cap_enter. Only one of the two has members at
// rest.
//
// An endpoint has at most one Receiver, in at most one capability table. When it is lost (its last
// reference goes), the endpoint's epoch goes up: facets minted under the old one are dead, queued
// calls and those held by the server end `disconnected`. Root facets have no epoch.
#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/lock.h"
#include "core/object.h"
#include "core/session.h"
#include "core/work.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct receiver;
struct token;

// Facet, 64 bytes: charged to its minter or, for a root facet, to its maker.
struct facet {
    struct object object;
    struct endpoint *endpoint; // a reference
    uint64_t object_id;
    uint64_t interface;
    uint32_t epoch; // of the endpoint when it was minted; FACET_ROOT
    uint8_t scope;
    uint8_t disclosure;
    uint16_t zero;
};
_Static_assert(sizeof(struct facet) == 64, "a facet is one cache line");

#define FACET_ROOT UINT32_MAX

// Receiver's id in schemas/endpoint.capnp.
#define RECEIVER_INTERFACE UINT64_C(0x86a86ba2aa6f6c04)

struct endpoint {
    struct object object;
    uint64_t service; // of the factory that made it
    struct lock lock; // guards what follows
    uint32_t epoch;
    struct receiver *receiver;      // no reference; NULL when there is none
    struct process *_Atomic server; // holder of the Receiver or NULL; changes under the lock of the
                                    // table that it is in, or leaves
    struct list calls;              // QUEUED records
    struct list idle;               // OFFERED records, the newest first
    struct object *released; // facets whose last reference is gone, by object.next; oldest first
    struct object *released_last;
    struct object *doomed; // those that nobody will be told of; `bury` ends them if there are any
    struct work bury;
    struct list cancelled;        // tokens whose server is to be told, by notice; oldest first
    struct token_table *stuck_in; // whose list `stuck` is or was last on
    struct list_node stuck;       // guarded by that table's lock; a reference while it is linked
};

struct receiver {
    struct object object;
    struct endpoint *endpoint; // a reference
    uint32_t epoch;
};

extern const struct object_type facet_type;
extern const struct object_type receiver_type;

// The type of endpoints is of kernel/object/endpoint.c, which says what their methods are; it is
// the only one whose objects are struct endpoint, and its close must be endpoint_close. A new
// endpoint, charged to `ledger` (LEDGER_ENDPOINTS), with one reference.
must_use enum capos_status endpoint_create(struct cpu *cpu, const struct object_type *type,
                                           struct ledger *ledger, uint64_t service,
                                           struct endpoint **out);
bool endpoint_close(struct cpu *cpu, struct object *object);

// The endpoint's Receiver, with one reference. BUSY while there is one; OVERLOADED.
must_use enum capos_status endpoint_create_receiver(struct cpu *cpu, struct endpoint *endpoint,
                                                    struct ledger *ledger, struct receiver **out);

// A root facet, with one reference, charged to `ledger` (LEDGER_FACETS). OVERLOADED.
must_use enum capos_status endpoint_create_facet(struct cpu *cpu, struct endpoint *endpoint,
                                                 struct ledger *ledger, uint64_t interface,
                                                 uint64_t object_id, uint8_t scope,
                                                 struct facet **out);

// The same for a facet minted by the endpoint's present server; `transfer` uses it.
must_use enum capos_status endpoint_mint(struct cpu *cpu, struct receiver *receiver,
                                         struct ledger *ledger, uint64_t interface,
                                         uint64_t object_id, uint8_t scope, uint8_t disclosure,
                                         struct facet **out);

// The end of a facet whose last reference is gone and whose notice is delivered or void.
void facet_bury(struct cpu *cpu, struct facet *facet);

// The endpoint of the first facet in cpu->untold is told of all of them that are its own, by one
// message if there is room in it. object_close_pending calls it, when nothing is left to close.
void endpoint_tell(struct cpu *cpu);

// Undoes endpoint_create_facet or endpoint_mint for a facet that nobody has seen.
void facet_discard(struct cpu *cpu, struct facet *facet);

static inline struct facet *facet_of(struct object *object) {
    return (struct facet *)(void *)object;
}

static inline struct receiver *receiver_of(struct object *object) {
    return (struct receiver *)(void *)object;
}

// Would the endpoint's server, if it has one, answer for the facet? Exact when the endpoint is
// locked.
static inline bool facet_is_current(const struct facet *facet) {
    return facet->epoch == FACET_ROOT || facet->epoch == facet->endpoint->epoch;
}

// Is the facet one that its endpoint's present server answers for? Exact when the endpoint is
// locked.
static inline bool facet_is_live(const struct facet *facet) {
    return facet->endpoint->receiver != NULL && facet_is_current(facet);
}

// For the ring service (deliver.c) ----------------------------------------------------------------

// Queues a claimed record's CALL, whose target is a facet, or delivers it at once.
void endpoint_call(struct cpu *cpu, struct call *call);

// Lets an ARMED record's RECV take what there is to take: true when it has ended. If it hasn't and
// `enlist`, it is OFFERED to those who call from now on.
bool endpoint_offer(struct cpu *cpu, struct call *receive, bool enlist);

// Takes back an OFFERED record: it is ARMED then, or has ended.
apart void endpoint_withdraw(struct cpu *cpu, struct call *receive);

// The endpoint may have something to deliver and somebody who takes it: a token was freed.
void endpoint_match(struct cpu *cpu, struct endpoint *endpoint);

// On behalf of the caller (cancel.c): ends a QUEUED record; ends a DELIVERED one whose word was
// `word` and tells the server. False: it has just changed; look again.
bool endpoint_unqueue(struct cpu *cpu, struct call *call, enum capos_status status);
bool endpoint_abandon(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status);

// Ends a DELIVERED record that the caller has claimed, whose word was `word` before, and tells the
// server.
void endpoint_disown(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status);

// Ends with `disconnected` the calls that `process` holds tokens of, from *position on: those taken
// by `receiver`, or all if it is NULL, with what waits for a token of its. At most `budget` of
// them; true when none is left.
bool endpoint_end_held(struct cpu *cpu, struct process *process, const struct receiver *receiver,
                       uint32_t *position, uint32_t budget);

// The same endpoint, locked: everything that can be matched.
apart void endpoint_match_locked(struct cpu *cpu, struct endpoint *endpoint);

#endif
