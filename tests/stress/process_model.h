// SPDX-License-Identifier: MIT
//
// The model of the processes that puppets spawn; object.what of a ProcessHandle is a number of all
// of them.
#ifndef TESTS_STRESS_PROCESS_MODEL_H
#define TESTS_STRESS_PROCESS_MODEL_H

#include "tests/stress/ledgers.h"

// What the puppet has lent to those of its children that live.
uint64_t process_lent(int p, enum limit_class limit);

bool process_is_living(int what);

// Has it been told to end, at some time?
bool process_is_told(int what);

// One more object leads to it.
int process_keep(int what);

// Nobody holds the handle any more. A puppet is about to be killed: its children are told to end.
void process_gone(int what);
void process_before_kill(int p);

// All that was spawned in a session has ended with it.
void process_session_ended(int session);

// A narrowed spawner is gone.
void process_spawner_gone(int what);

#endif
