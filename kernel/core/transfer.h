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
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct process;

struct transfer {
    struct process *from, *to;
    uint32_t count;                                         // descriptors sent
    struct capos_descriptor descriptor[CAPOS_TRANSFER_MAX]; // snapshot; then what the receiver sees
    struct captable_view view[CAPOS_TRANSFER_MAX];
    bool own[CAPOS_TRANSFER_MAX]; // it arrives at its own server
    uint32_t minted;              // new facets, in the views of the first so many MINTs
};

// Takes one snapshot of `count` descriptors (at most CAPOS_TRANSFER_MAX) from memory that others
// may write, and checks their form: MALFORMED.
apart must_use enum capos_status transfer_read(struct transfer *transfer, const void *descriptors,
                                               uint32_t count);

// Locks both tables and checks everything: NO_ROOM, REFUSED, SCOPE, OVERLOADED (MINT),
// DISCONNECTED (revoked). Nothing is
// locked then and nothing was changed. OK: both tables are locked, and transfer_commit or
// transfer_abort must follow. `room` slots of the receiver are reserved.
apart must_use enum capos_status transfer_prepare(struct cpu *cpu, struct transfer *transfer,
                                                  struct process *from, struct process *to,
                                                  uint32_t room);

// Both of them, for what a ring sends.
apart must_use enum capos_status transfer_take(struct cpu *cpu, struct transfer *transfer,
                                               struct process *from, struct process *to,
                                               const void *descriptors, uint32_t count,
                                               uint32_t room);

// Moves the capabilities, takes slots off the receiver's chain, unlocks, and leaves in
// transfer->descriptor what the receiver is to see: NONE, OWN, or COPY for whatever it has got.
apart void transfer_commit(struct cpu *cpu, struct transfer *transfer, uint32_t *chain);

// Writes that to where the receiver wants it, a multiple of 8.
static inline void transfer_show(const struct transfer *transfer, void *to) {
    struct capos_descriptor *descriptors = to;

    for (uint32_t i = 0; i < transfer->count; i++)
        descriptors[i] = transfer->descriptor[i];
}

apart void transfer_abort(struct cpu *cpu, struct transfer *transfer);

#endif
