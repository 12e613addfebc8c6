// SPDX-License-Identifier: MIT
// Operations that wait for another one of the same ring, their source: PIPELINE, whose target is a
// capability of the source's answer, and LINK. A dependant is a record in state WAITING on its
// source's chain. When the source ends, whoever ends it takes the dependants off one by one, before
// the source's completion shows: calls to endpoints are queued there, in the order in which they
// were submitted; others are DUE, for the ring's own thread to run. When the source fails, so do
// they, and theirs, one after the other.
//
// Only a slot that was named before can be a source, so there are no circles. Chains are linked by
// slot numbers, under the ring's lock.
#ifndef CORE_DEPEND_H
#define CORE_DEPEND_H

#include "base/attributes.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct cpu;
struct ring;

#define DEPEND_NONE 255
_Static_assert(CAPOS_RING_SLOTS_MAX < DEPEND_NONE, "a slot's number fits a chain");

// Bits of a record's flags beyond those of SQEs. They change under the ring's lock, and are cleared
// when the slot is named.
enum depend_flag {
    DEPEND_AWAITED = 32, // its chain is not empty
    DEPEND_FAILED = 64,  // ended, and not with results
    DEPEND_GAVE = 128,   // ended, and depend->cap are the capabilities of the answer
};

struct depend_chain {
    uint8_t first, last; // slots; DEPEND_NONE
};

// Beside each record of a ring, paid with it; guarded by the ring's lock, except that who has
// claimed a record writes its `caps` and `cap`.
struct depend {
    struct depend_chain chain; // of the records that wait for this one
    uint8_t next;              // WAITING, DUE: in the chain that it is in
    uint8_t source;            // WAITING: the slot
    uint8_t caps;
    uint8_t zero[3];
    uint64_t cap[CAPOS_TRANSFER_MAX]; // CapIds; 0 where the answer has none
};
_Static_assert(sizeof(struct depend) == 128, "two cache lines");

void depend_init(struct depend *depend);

// Accepts an SQE with PIPELINE or LINK, by the ring's own thread: a negative status, or
// ACCEPT_PENDING when a record has it, which posts its end.
apart int32_t depend_accept(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe);

// An operation was refused when it was to name a slot. If that is free, what waits for it now
// fails, and doesn't find the answer to an earlier call there.
void depend_refused(struct ring *ring, const struct capos_sqe *sqe);

// What the answer to a claimed call brings into its caller's table, for those that are pipelined on
// it: `count` descriptors as the caller gets them. call_complete follows.
apart void depend_remember(struct call *call, const struct capos_descriptor *received,
                           uint32_t count);

// For ring_post: a claimed record is about to end. Starts or ends those that wait for it. The
// ring's lock is held, and is dropped meanwhile. No other lock may be held if the record ends with
// results and is awaited.
apart void depend_end_locked(struct cpu *cpu, struct call *call, bool results, uint8_t caps);

// Runs what is DUE on the ring of cpu->current. No locks held.
apart void depend_run_due(struct cpu *cpu, struct ring *ring);

// Takes a WAITING or DUE record off its chain. The ring is locked; the record is to be claimed.
void depend_leave_locked(struct call *call);

// On behalf of its caller (cancel.c): ends a WAITING or DUE record whose word was `word`. False: it
// has just changed; look again.
bool depend_cancel(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status);

#endif
