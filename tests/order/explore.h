// SPDX-License-Identifier: MIT
//
// Between the memory (model.c) and who goes on when (explore.c).
#ifndef TESTS_ORDER_EXPLORE_H
#define TESTS_ORDER_EXPLORE_H

#include "tests/order/model.h"

extern bool explore_active;      // fibers run, and what they do is explored
extern unsigned explore_running; // the fiber

// The running fiber is about to make an access: returns when it is its turn.
void explore_point(const struct model_access *access);

// One of `count` possibilities, 0 being the usual one.
unsigned explore_choose(unsigned count);

// The running fiber has stored something.
void explore_stored(void);

// Of model.c: forgets all that a run has done, before the next.
void model_begin(unsigned fibers, const struct model_mutant *mutant);
void model_tell(void); // the run's accesses, on stderr

#endif
