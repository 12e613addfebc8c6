// SPDX-License-Identifier: MIT
//
// What a puppet's children are told by.
#ifndef TESTS_STRESS_IDLER_H
#define TESTS_STRESS_IDLER_H

#include "tests/stress/mailbox.h"

#include <stddef.h>

enum {
    IDLER_STATUS = 7,
    IDLER_STAY_LENGTH = 5, // of "stay="
    IDLER_WORD = offsetof(struct mailbox, generation),
};

#endif
