// SPDX-License-Identifier: MIT
//
// A process's ledger, as ProcessHandle.info tells it.
#ifndef TESTS_STRESS_LEDGER_IMAGE_H
#define TESTS_STRESS_LEDGER_IMAGE_H

#include "schemas/process.capos.h"
#include "tests/stress/ledgers.h"

struct ledger_image {
    uint64_t used[LIMIT_CLASSES], lent[LIMIT_CLASSES], limit[LIMIT_CLASSES];
};

// False when the handle does not answer.
bool ledger_image_ask(struct capos_process_handle process, struct ledger_image *image);

// Prints a line of amounts, in the order of enum limit_class.
void ledger_image_tell(const char *what, const uint64_t amount[LIMIT_CLASSES]);

#endif
