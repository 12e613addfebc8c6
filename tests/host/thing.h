// SPDX-License-Identifier: MIT
//
// A small kernel object with methods by hand, as generated dispatch would call them: what tests of
// calls to kernel objects call.
#ifndef CAPOS_TESTS_HOST_THING_H
#define CAPOS_TESTS_HOST_THING_H

#include "core/call.h"
#include "core/object.h"

#define THING_INTERFACE 9

// Its methods.
enum {
    ADD_ONE,   // a word in, a word out
    GIVE,      // two new objects, the second of which the results don't name
    FAIL,      // an exception, with a gift that is lost
    HOLD,      // until the clock is at the first word of the params, or it is answered
    TAKE,      // an object of the params must be one of ours
    OVERFLOW_, // more results than there is room for
    LOSE,      // an object of the params, which its holder releases meanwhile
};

struct thing {
    struct object object;
    struct call_queue queue;
};

extern const struct object_type thing_type;

// How many there are.
extern int things;

// One with one reference, charged to the ledger. Fails the test when that is refused.
struct thing *thing_create(struct cpu *cpu, struct ledger *ledger);

#endif
