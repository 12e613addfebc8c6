// SPDX-License-Identifier: MIT
//
// What a puppet tells of its completions against what the model has for it.
#ifndef TESTS_STRESS_COMPARE_H
#define TESTS_STRESS_COMPARE_H

#include "tests/stress/mailbox.h"

struct compare {
    struct model *model;
    uint64_t reference[ENDPOINTS][2]; // of the session, as servers have been told it
    uint64_t messages;
    const char *wrong; // the first thing that was; NULL as long as kernel and model agree
    struct capos_cqe got;
    int32_t expected;
};

// Takes the events of the process out of the model, each of which must be in the mailbox, once.
// False, and compare->wrong says why, when they are not.
bool compare_events(struct compare *compare, int process, const struct mailbox *box);

#endif
