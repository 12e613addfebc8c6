// SPDX-License-Identifier: MIT
//
// What the parts of a judge share: the model, who chooses, and how a divergence is told. The model
// (tests/model) knows capabilities, calls and transfers; what the kernel's own objects are and do
// is in the parts called deed_NAME.c, each with what it models itself. A capability of a kernel
// object is a PLAIN object in the model, whose interface says what it is and whose `what` is a
// number of the part's that deals with it.
#ifndef TESTS_STRESS_COURT_H
#define TESTS_STRESS_COURT_H

#include "capnp/call.h"
#include "schemas/endpoint.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"
#include "tests/stress/compare.h"
#include "tests/stress/puppets.h"

struct court {
    struct model model;
    struct operations operations;
    struct compare compare;
    uint64_t seed, step, kills, crashes, operated, deeds;
    uint64_t steps;   // operations and deeds that are to be done
    const char *deed; // what is being done
    struct capos_endpoint endpoint[ENDPOINTS];
};

extern struct court court;

// Says where kernel and model differ, and ends the judge.
__attribute__((noreturn)) void court_diverged(int p, const char *what);
void court_expect(bool ok, int p, const char *what);

// The same with two numbers: what the kernel says and what was expected.
void court_expect_equal(uint64_t got, uint64_t expected, int p, const char *what);

// A deed's call has ended as it must: is it with results?
bool court_ended(int p, int got, int expected);

uint64_t court_below(uint64_t limit);
bool court_chance(unsigned percent);

// Until nothing more happens without an operation of the process's.
void court_settle(int p);

// Compares what the puppet has told with the model's events for it: all of them.
void court_check(int p);

// Whoever waited and has what it waited for goes on.
void court_run_woken(void);

// Nobody waits any longer.
void court_wake_all(void);

// A capability that the process has got from the kernel in a call's results, in the model: of a new
// object that is charged to it. Its number.
int court_got(int p, uint64_t cap, uint64_t interface, int what);

// A capability that the process has of an object, and one more reason to have it.
int court_got_more(int p, uint64_t cap, int object, uint8_t scope, int revoker);

// One of the process's capabilities of an interface, whose id it knows; -1: none.
int court_find(int p, uint64_t interface);

// Any of its capabilities whose id it knows; -1: none.
int court_find_any(int p);

struct m_hold *court_hold(int p, int hold);
struct m_object *court_object(int p, int hold);

// May the process receive so many capabilities? If not the kernel says `overloaded`.
bool court_has_room(int p, int room);

// What a call through this capability ends with before anybody looks at its params: CAPOS_DONE, or
// minus a status.
int court_outcome(int p, int hold, int room);

#endif
