// SPDX-License-Identifier: MIT
//
// The words that puppets park on: those in the memory that all of a judge's share (mailbox.h), each
// of them as a shared word and as a private one of each puppet. They never change.
#ifndef TESTS_STRESS_WORDS_H
#define TESTS_STRESS_WORDS_H

#include "tests/model/operations.h"

// For the model and for operations.
struct m_word words_find(int p, const struct capos_sqe *sqe);
void words_name(struct operations *operations, int p, struct capos_sqe *sqe);

#endif
