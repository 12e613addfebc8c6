// SPDX-License-Identifier: MIT
// RETURN, for the ring service.
#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H

#include "base/attributes.h"

#include <capos/ring.h>
#include <capos/status.h>

struct cpu;
struct ring;

// Answers the call that the SQE's token names, and arms the RECV again if it says so. OK: the call
// has ended; the RETURN's own CQE is the RECV's if it was armed again with SKIP_CQE. CANCELLED: the
// caller is gone, the token too; nothing was sent and nothing is armed. Every other status leaves
// the token live: MALFORMED, REFUSED (no such token; REARM: the RECV is not this thread's, is in
// use or has lost its Receiver), TOO_BIG, NO_ROOM, SCOPE, OVERLOADED.
must_use enum capos_status answer_return(struct cpu *cpu, struct ring *ring,
                                         const struct capos_sqe *sqe);

#endif
