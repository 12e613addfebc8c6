// SPDX-License-Identifier: MIT
//
// What locks are for, in a few fibers each: lib/capos/sync as programs use it, instrumented, with
// plain variables that it must guard. Parking is the test's own (sync_order.c) and orders nothing,
// though the kernel's does: the locks must not be right only because of that.
#ifndef TESTS_ORDER_LOCKS_H
#define TESTS_ORDER_LOCKS_H

#include "tests/order/model.h"

#include <stddef.h>

struct locks_plan {
    const char *name;
    struct model_scenario scenario;
    struct model_bounds bounds;
};

extern const struct locks_plan locks_plans[];
extern const size_t locks_count;

// All that the fibers share.
const void *locks_block(size_t *bytes);

#endif
