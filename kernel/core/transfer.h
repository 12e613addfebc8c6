// SPDX-License-Identifier: MIT
// Transfer: how capabilities pass from table to table. Both tables are locked, lower address first;
// all descriptors are checked; then all are committed, and that can't fail. A refusal changes
// nothing. The receiver's slots were reserved before; what the sender's facets cost (MINT) is
// reserved by transfer_prepare.
#ifndef CORE_TRANSFER_H
#define CORE_TRANSFER_H

#include "base/attributes.h"
#include "core/captable.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdint.h>

struct endpoint;
struct facet;

struct transfer {
    struct process *from, *to;
    uint32_t count;                                         // descriptors sent
    uint32_t *chain;                                        // the receiver's reserved slots
    struct capos_descriptor descriptor[CAPOS_TRANSFER_MAX]; // snapshot; then what the receiver sees
    struct captable_view view[CAPOS_TRANSFER_MAX];
    struct facet *minted[CAPOS_TRANSFER_MAX];
    struct process *unseat; // has lost move-only objects
};

// Takes one snapshot of `count` descriptors (at most CAPOS_TRANSFER_MAX) from memory that others
// may write, and checks their form: MALFORMED.
must_use enum capos_status transfer_read(struct transfer *transfer, const void *descriptors,
                                         uint32_t count);

// Locks both tables and checks everything against `room` slots chained from *chain. NO_ROOM,
// REFUSED, SCOPE, OVERLOADED (MINT): nothing is locked then and nothing was changed. OK: both
// tables are locked, and transfer_commit or transfer_abort must follow.
must_use enum capos_status transfer_prepare(struct cpu *cpu, struct transfer *transfer,
                                            struct process *from, struct process *to, uint32_t room,
                                            uint32_t *chain);

// Moves the capabilities, takes slots off the chain, unlocks, and leaves in transfer->descriptor
// what the receiver is to see.
void transfer_commit(struct cpu *cpu, struct transfer *transfer);

void transfer_abort(struct cpu *cpu, struct transfer *transfer);

// What follows a commit when no locks are held: move-only objects learn that they have moved.
void transfer_finish(struct cpu *cpu, struct transfer *transfer);

#endif
