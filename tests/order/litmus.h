// SPDX-License-Identifier: MIT
//
// Small programs whose outcomes under C11 are known, by which the model itself is checked.
#ifndef TESTS_ORDER_LITMUS_H
#define TESTS_ORDER_LITMUS_H

#include <stdbool.h>
#include <stdint.h>

enum { LITMUS_READS = 4, LITMUS_OUTCOMES = 16 };

struct litmus {
    const char *name;
    unsigned fibers;
    void (*fiber)(unsigned number);
    // All outcomes there may be, and none else: what was read, a decimal digit each; 0-terminated
    // after the first.
    unsigned outcomes[LITMUS_OUTCOMES];
    bool race; // it must be found to have a data race
};

extern const struct litmus litmus[];
extern const unsigned litmus_count;

void litmus_setup(void);
unsigned litmus_outcome(void);

#endif
