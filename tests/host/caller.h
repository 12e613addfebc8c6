// SPDX-License-Identifier: MIT
//
// Generated client calls from an actor: a transport over its ring that never waits. Before a call
// is made it is failed at each point where it can fail, one after the other, and must then be
// refused for want of something and leave no trace; so whatever calls a method tests that as well.
// Up to CALLER_CALLS calls may be under way; whether one is answered is asked with caller_answered.
#ifndef CAPOS_TESTS_HOST_CALLER_H
#define CAPOS_TESTS_HOST_CALLER_H

#include "capnp/call.h"
#include "tests/host/host.h"

#include <stdbool.h>

enum { CALLER_CALLS = 2, CALLER_RESULTS = 2304 };

struct caller {
    struct capos_transport transport; // first: what generated calls are given
    struct actor *actor;
    struct {
        bool used, answered;
        struct capos_cqe cqe;
        uint8_t sent;
    } calls[CALLER_CALLS];
    uint32_t results_capacity; // for tests that leave less room; CALLER_RESULTS
    uint8_t room;              // the most capabilities that are taken back
    char reason[208];          // of the last exception
    bool plain;                // calls are not made to fail before
    bool steps;                // they also fail where they go on as work: they are let do so
    bool ends;                 // the thread does not come back from a call that does not fail
    uint64_t points;           // failures that calls were put through before they were made
};

// The actor's ring must be a standard one.
void caller_init(struct caller *caller, struct actor *actor);

// Lets the actor enter the kernel once; then: is the call answered? When it is, its _wait gives the
// answer, else minus CAPOS_STATUS_BUSY.
bool caller_answered(struct caller *caller, const struct capos_call *call);

#endif
