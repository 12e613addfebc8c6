// SPDX-License-Identifier: MIT
//
// Calls that a puppet makes and its judge writes: a transport for generated code, so that the judge
// calls a method as if it were the puppet, with the puppet's capabilities. One call at a time for
// each puppet. Every method that has been answered is counted (figures.h).
#ifndef TESTS_STRESS_PUPPET_RING_H
#define TESTS_STRESS_PUPPET_RING_H

#include "capnp/call.h"

struct capos_transport *puppet_ring(int number);

// Submits a call that was sent, without waiting: what is sent goes on its way with the wait
// otherwise.
void puppet_ring_submit(struct capos_call *call);

// Has a call that was submitted cancelled.
void puppet_ring_cancel(struct capos_call *call);

#endif
