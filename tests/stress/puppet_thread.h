// SPDX-License-Identifier: MIT
//
// Threads of a puppet's that its judge has it make: what each does is in the mailbox.
#ifndef TESTS_STRESS_PUPPET_THREAD_H
#define TESTS_STRESS_PUPPET_THREAD_H

#include "tests/stress/mailbox.h"

// Tells in the mailbox where threads begin and which stacks there are for them; the argument of a
// thread is its number.
void puppet_thread_init(struct mailbox *box);

#endif
