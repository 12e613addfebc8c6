// SPDX-License-Identifier: MIT
//
// See litmus.h. Instrumented, like the code that is tested.
#include "tests/order/litmus.h"

#include <stdatomic.h>

static _Atomic unsigned x, y;
static unsigned plain;
static unsigned reads[LITMUS_READS];

void litmus_setup(void) {
    x = y = 0;
    plain = 0;
    for (unsigned i = 0; i < LITMUS_READS; i++)
        reads[i] = 0;
}

unsigned litmus_outcome(void) {
    unsigned outcome = 0;

    for (unsigned i = 0; i < LITMUS_READS; i++)
        outcome = outcome * 10 + reads[i];
    return outcome;
}

static void pass(_Atomic unsigned *at, memory_order order) {
    atomic_store_explicit(at, 1, order);
}

static void look(unsigned n, _Atomic unsigned *at, memory_order order) {
    reads[n] = atomic_load_explicit(at, order);
}

// A message is passed: x, then y that says so.
static void message(unsigned number, memory_order store, memory_order load) {
    if (number == 0) {
        pass(&x, memory_order_relaxed);
        pass(&y, store);
    } else {
        look(0, &y, load);
        look(1, &x, memory_order_relaxed);
    }
}

static void message_relaxed(unsigned number) {
    message(number, memory_order_relaxed, memory_order_relaxed);
}

static void message_released(unsigned number) {
    message(number, memory_order_release, memory_order_relaxed);
}

static void message_acquired(unsigned number) {
    message(number, memory_order_relaxed, memory_order_acquire);
}

static void message_passed(unsigned number) {
    message(number, memory_order_release, memory_order_acquire);
}

static void message_fenced(unsigned number) {
    if (number == 0) {
        pass(&x, memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
        pass(&y, memory_order_relaxed);
    } else {
        look(0, &y, memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        look(1, &x, memory_order_relaxed);
    }
}

static void message_plain(unsigned number) {
    if (number == 0) {
        plain = 1;
        pass(&y, memory_order_release);
    } else {
        look(0, &y, memory_order_acquire);
        if (reads[0] != 0)
            reads[1] = plain;
    }
}

static void message_racing(unsigned number) {
    if (number == 0) {
        plain = 1;
        pass(&y, memory_order_relaxed);
    } else {
        look(0, &y, memory_order_acquire);
        if (reads[0] != 0)
            reads[1] = plain;
    }
}

// Each stores and looks at the other's.
static void buffers(unsigned number, memory_order store, memory_order load) {
    pass(number == 0 ? &x : &y, store);
    look(number, number == 0 ? &y : &x, load);
}

static void buffers_ordered(unsigned number) {
    buffers(number, memory_order_release, memory_order_acquire);
}

static void buffers_consistent(unsigned number) {
    buffers(number, memory_order_seq_cst, memory_order_seq_cst);
}

static void buffers_fenced(unsigned number) {
    pass(number == 0 ? &x : &y, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    look(number, number == 0 ? &y : &x, memory_order_relaxed);
}

// One place has one history.
static void coherence(unsigned number) {
    if (number == 0) {
        pass(&x, memory_order_relaxed);
        atomic_store_explicit(&x, 2, memory_order_relaxed);
    } else {
        look(0, &x, memory_order_relaxed);
        look(1, &x, memory_order_relaxed);
    }
}

// Two store; two look at both, from either side.
static void witnesses(unsigned number, memory_order store, memory_order load) {
    if (number < 2) {
        pass(number == 0 ? &x : &y, store);
    } else {
        look(2 * number - 4, number == 2 ? &x : &y, load);
        look(2 * number - 3, number == 2 ? &y : &x, load);
    }
}

static void witnesses_disagree(unsigned number) {
    witnesses(number, memory_order_release, memory_order_acquire);
}

static void witnesses_agree(unsigned number) {
    witnesses(number, memory_order_seq_cst, memory_order_seq_cst);
}

// What follows a release store by changes is as good as that store.
static void sequence(unsigned number) {
    if (number == 0) {
        plain = 1;
        pass(&x, memory_order_release);
    } else if (number == 1) {
        reads[0] = atomic_fetch_add_explicit(&x, 1, memory_order_relaxed);
    } else {
        look(1, &x, memory_order_acquire);
        if (reads[1] == 2)
            reads[2] = plain;
    }
}

static void count_up(unsigned number) {
    reads[number] = atomic_fetch_add_explicit(&x, 1, memory_order_relaxed);
}

// A comparison that succeeds finds the latest; one that fails may find what is older.
static void compare(unsigned number) {
    unsigned expected = 1;

    if (number == 0) {
        pass(&x, memory_order_relaxed);
        pass(&y, memory_order_relaxed);
    } else {
        look(0, &y, memory_order_relaxed);
        reads[1] = atomic_compare_exchange_strong_explicit(&x, &expected, 2, memory_order_relaxed,
                                                           memory_order_relaxed);
        reads[2] = expected;
    }
}

const struct litmus litmus[] = {
    {"a message, relaxed", 2, message_relaxed, {0, 100, 1000, 1100}, false},
    {"a message, released only", 2, message_released, {0, 100, 1000, 1100}, false},
    {"a message, acquired only", 2, message_acquired, {0, 100, 1000, 1100}, false},
    {"a message, released and acquired", 2, message_passed, {0, 100, 1100}, false},
    {"a message between fences", 2, message_fenced, {0, 100, 1100}, false},
    {"a plain message", 2, message_plain, {0, 1100}, false},
    {"a plain message that is not released", 2, message_racing, {0}, true},
    {"store buffers", 2, buffers_ordered, {0, 100, 1000, 1100}, false},
    {"no store buffers", 2, buffers_consistent, {100, 1000, 1100}, false},
    {"store buffers between fences", 2, buffers_fenced, {100, 1000, 1100}, false},
    {"one history", 2, coherence, {0, 100, 200, 1100, 1200, 2200}, false},
    {"a release sequence", 3, sequence, {0, 100, 1000, 1100, 1210}, false},
    {"two add", 2, count_up, {100, 1000}, false},
    {"a comparison", 2, compare, {0, 110, 1000, 1110}, false},
    {"witnesses may disagree",
     4,
     witnesses_disagree,
     {0, 1, 10, 11, 100, 101, 110, 111, 1000, 1001, 1010, 1011, 1100, 1101, 1110, 1111},
     false},
    {"witnesses must agree",
     4,
     witnesses_agree,
     {0, 1, 10, 11, 100, 101, 110, 111, 1000, 1001, 1011, 1100, 1101, 1110, 1111},
     false},
};
const unsigned litmus_count = sizeof litmus / sizeof litmus[0];
