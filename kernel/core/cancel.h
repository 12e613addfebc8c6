// SPDX-License-Identifier: MIT
// How an operation in flight ends because its caller wants it to: CANCEL, and the death of its
// thread. Whoever else would end it (RETURN, an object's answer, a deadline, the loss of a server)
// competes for the record's word; one of them wins.
#ifndef CORE_CANCEL_H
#define CORE_CANCEL_H

#include <capos/ring.h>
#include <capos/status.h>
#include <stdint.h>

struct call;
struct cpu;
struct ring;

enum cancel_outcome {
    CANCEL_ENDED,     // by this call, with the status that was given
    CANCEL_OVER,      // it was not in flight, or has been answered
    CANCEL_ELSEWHERE, // another CPU is just ending it, or just starting it (CLAIMED)
};

// Ends a record of a ring whose thread is cpu->current, or dying on this CPU. A server that holds
// the call is told (`cancelled`), and its token can't reach the record any more. No locks held.
enum cancel_outcome cancel_record(struct cpu *cpu, struct call *call, enum capos_status status);

// The same for CANCEL: waits until another CPU has done what it is doing.
enum cancel_outcome cancel_surely(struct cpu *cpu, struct call *call, enum capos_status status);

// CANCEL by the ring's own thread: ends the operation in slot sqe->source whose user_data is
// sqe->interface. OK: it has ended `cancelled`. REFUSED: there is none, or its own end was quicker.
// MALFORMED: no such slot.
int32_t cancel_run(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe);

#endif
