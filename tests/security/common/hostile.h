// SPDX-License-Identifier: MIT
//
// What the hostile programs share: submissions that no decent program would make, and a tally of
// answers that were not the right ones. A program's exit status is the tally, so 0 is success.
#ifndef CAPOS_TESTS_SECURITY_HOSTILE_H
#define CAPOS_TESTS_SECURITY_HOSTILE_H

#include "capos/runtime.h"

// Submits this very SQE (but for user_data) and takes its completion: the result, bytes or minus a
// status; -CAPOS_STATUS_EXCEPTION when the method answered with one. No other operation may be
// under way.
int32_t hostile_submit(const struct capos_sqe *sqe);

// A CALL of Timer.now on the grant `timer` that would succeed, in slot 0, to be spoilt.
struct capos_sqe hostile_good_call(void);

// Counts and prints what was to be so and is not.
void hostile_expect(bool holds, const char *what);

// The same for the result of hostile_submit, which is printed.
void hostile_expect_status(const struct capos_sqe *sqe, enum capos_status status, const char *what);

// Makes the good call and expects it to succeed: the ring still works.
void hostile_expect_life(void);

// What main returns.
int hostile_tally(void);

#endif
