// SPDX-License-Identifier: MIT
//
// Both ends of a ring, each on a CPU of its own at the same time: lib/ring as programs use it, and
// cap_enter as it is in the kernel. The kernel itself does less: it looks at a ring only while the
// ring's thread is in cap_enter. But what carries a thread from one CPU to the next is not the
// ring's business, and a ring must not be right only because of that.
#ifndef TESTS_ORDER_ENDS_H
#define TESTS_ORDER_ENDS_H

#include <stddef.h>
#include <stdint.h>

struct ends_plan {
    uint32_t entries;             // of the SQ, and of the CQ
    uint32_t user_rounds, burst;  // so many submissions at once; then completions are looked at
    uint32_t kernel_rounds, take; // so many taken at once
    uint32_t start;               // the first index
};

// The words of the header that the two agree by.
enum ends_index { ENDS_SQ_TAIL, ENDS_CQ_HEAD, ENDS_SQ_HEAD, ENDS_CQ_TAIL, ENDS_INDICES };

void ends_create(const struct ends_plan *plan);
void ends_destroy(void);
const void *ends_block(size_t *bytes);
const uint32_t *ends_index(enum ends_index index);

// A scenario's parts: fiber 0 is the program, 1 the kernel.
void ends_setup(void);
void ends_fiber(unsigned number);
void ends_check(void);

#endif
