// SPDX-License-Identifier: MIT
//
// The model of ledgers: what each puppet uses and has lent, by everything that the other parts
// know, and what ProcessHandle.info must say of it.
#ifndef TESTS_STRESS_LEDGERS_H
#define TESTS_STRESS_LEDGERS_H

#include <stdbool.h>
#include <stdint.h>

enum limit_class {
    LIMIT_SLOTS,
    LIMIT_FRAMES,
    LIMIT_RESERVED_PAGES,
    LIMIT_THREADS,
    LIMIT_ENDPOINTS,
    LIMIT_FACETS,
    LIMIT_CALLS_HELD,
    LIMIT_KERNEL_MEMORY,
    LIMIT_CLASSES,
};

// A puppet has been started and has nothing but what it started with: that is remembered.
void ledgers_start(int p);

// Could the puppet take so many more?
bool ledgers_have(int p, enum limit_class limit, uint64_t n);

// Asks the kernel, and compares. What comes back when every processor has been outside of the
// kernel once is waited for.
void ledgers_check(int p);

// Prints both, for a divergence.
void ledgers_tell(int p);

#endif
