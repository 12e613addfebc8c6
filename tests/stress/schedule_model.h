// SPDX-License-Identifier: MIT
//
// The model of scheduling contexts; object.what is a number of all of them.
#ifndef TESTS_STRESS_SCHEDULE_MODEL_H
#define TESTS_STRESS_SCHEDULE_MODEL_H

// Nobody holds it any more.
void schedule_gone(int what);

#endif
