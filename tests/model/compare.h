// SPDX-License-Identifier: MIT
//
// Do kernel and model agree? The test fails where they don't.
#ifndef CAPOS_TESTS_MODEL_COMPARE_H
#define CAPOS_TESTS_MODEL_COMPARE_H

#include "tests/model/driver.h"

// Reads all completions of a process that has just been in cap_enter: those that the model has for
// it, each once.
void compare_events(struct driver *d, int p);

// What a process holds, has reserved and has received.
void compare_process(struct driver *d, int p);

// An endpoint's Receiver and queues.
void compare_endpoint(struct driver *d, int n);

#endif
