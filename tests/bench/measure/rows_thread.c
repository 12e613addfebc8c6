// SPDX-License-Identifier: MIT
//
// Threads of one process: one that does nothing is started and joined, a mutex that nobody else
// wants, and two threads that wake each other in turn.
#include "bench.h"

#include "capos/sync.h"
#include "capos/thread.h"

static const struct capos_thread_options small = {.small_ring = true};

static int32_t nothing(void *argument) {
    (void)argument;
    return 7;
}

static bool thread_create_join(unsigned operations) {
    struct capos_thread *thread;
    int32_t status;

    for (unsigned i = 0; i < operations; i++)
        if (capos_thread_create(&thread, nothing, NULL, &small) != CAPOS_DONE ||
            capos_thread_join(thread, &status) != CAPOS_DONE || status != 7)
            return false;
    return true;
}

static struct capos_mutex mutex;

static bool mutex_uncontended(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        capos_mutex_lock(&mutex);
        capos_mutex_unlock(&mutex);
    }
    return mutex.word == CAPOS_MUTEX_FREE;
}

// Whose turn it is: 0 is ours.
static _Atomic uint32_t turn;
static unsigned wakes;

static void give_turn(uint32_t to) {
    atomic_store_explicit(&turn, to, memory_order_release);
    capos_unpark_later(&turn, 1);
    while (atomic_load_explicit(&turn, memory_order_acquire) == to)
        capos_park(&turn, to, CAPOS_NO_DEADLINE);
}

static int32_t partner(void *argument) {
    (void)argument;
    while (atomic_load_explicit(&turn, memory_order_acquire) == 0)
        capos_park(&turn, 0, CAPOS_NO_DEADLINE);
    for (;; wakes++)
        give_turn(0);
    return 0;
}

static bool park_prepare(void) {
    struct capos_thread *thread;

    return capos_thread_create(&thread, partner, NULL, &small) == CAPOS_DONE;
}

static bool park_wake(unsigned operations) {
    unsigned before = wakes;

    for (unsigned i = 0; i < operations; i++)
        give_turn(1);
    return wakes - before == operations || (before == 0 && wakes == operations - 1);
}

static const struct bench_row rows[] = {
    {"thread_create_join", 100, NULL, thread_create_join},
    {"mutex_uncontended", 1000, NULL, mutex_uncontended},
    {"park_wake", 500, park_prepare, park_wake},
};

const struct bench_rows bench_rows_thread = {rows, sizeof rows / sizeof rows[0]};
