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

struct endpoint {
    struct object object;
    uint64_t service; // of the factory that made it
    struct lock lock; // guards what follows
    uint32_t epoch;
    struct receiver *receiver; // no reference; NULL when there is none
    struct process *server;    // holder of the Receiver, NULL while it is held by nobody
    struct list calls;         // QUEUED records
    struct list idle;          // OFFERED records, the newest first
    struct object *released;   // facets whose last reference is gone, by object.next; oldest first
    struct object *released_last;
    struct token *cancelled; // tokens whose server is to be told, by `next`
    uint32_t queued;         // length of calls
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
void endpoint_close(struct cpu *cpu, struct object *object);

// The endpoint's Receiver, with one reference. BUSY while there is one; OVERLOADED.
must_use enum capos_status endpoint_create_receiver(struct cpu *cpu, struct endpoint *endpoint,
                                                    struct ledger *ledger, struct receiver **out);

// A root facet, with one reference, charged to `ledger` (LEDGER_FACETS). OVERLOADED.
must_use enum capos_status endpoint_create_facet(struct cpu *cpu, struct endpoint *endpoint,
                                                 struct ledger *ledger, uint64_t interface,
                                                 uint64_t object_id, uint8_t scope,
                                                 struct facet **out);

#endif
