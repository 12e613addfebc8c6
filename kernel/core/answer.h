// SPDX-License-Identifier: MIT
// RETURN, for the ring service, and what direct.c has in common with it.
#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H

#include "base/attributes.h"
#include "core/call.h"

#include <capos/ring.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct endpoint;
struct receiver;
struct ring;
struct token;

// Answers the call that the SQE's token names, and arms the RECV again if it says so. OK: the call
// has ended; the RETURN's own CQE is the RECV's if it was armed again with SKIP_CQE. CANCELLED: the
// caller is gone, the token too; nothing was sent and nothing is armed. Every other status leaves
// the token live: MALFORMED, REFUSED (no such token; REARM: the RECV is not this thread's, is in
// use or has lost its Receiver), TOO_BIG, NO_ROOM, SCOPE, OVERLOADED.
must_use enum capos_status answer_return(struct cpu *cpu, struct ring *ring,
                                         const struct capos_sqe *sqe);

// Is the RECV that took the token's call one of this ring's, not used for anything else since, and
// has its process still the endpoint's Receiver? The table of tokens is locked, the token not free.
bool answer_can_rearm(const struct ring *ring, const struct token *token,
                      const struct endpoint *endpoint);

// Arms such a RECV, with the token's Receiver and reserved slots, whose references are its now; it
// is in that state then, ARMED or about to be offered. By the ring's own thread.
void answer_rearm(struct ring *ring, struct call *receive, struct receiver *receiver,
                  uint32_t reserved, enum call_state state);

#endif
