// SPDX-License-Identifier: MIT
//
// What processes do by their rings: each function is done in the kernel and in the model, and
// compared.
#ifndef CAPOS_TESTS_MODEL_TURN_H
#define CAPOS_TESTS_MODEL_TURN_H

#include "tests/model/driver.h"

// Runs those whose wait is over; whoever waits rightly must still do so.
void turn_run_woken(struct driver *d);

// A process that doesn't wait submits an operation; or waits for a completion, if it can.
void turn_operate(struct driver *d, int p);
void turn_wait(struct driver *d, int p);

// The same submits an UNPARK and a PARK together, and waits, if it can.
void turn_hand_over(struct driver *d, int p);

// Nobody waits any longer.
void turn_time_out(struct driver *d);

// After anything has happened: everything is compared, and audited when it is its turn.
void turn_check_all(struct driver *d);

#endif
