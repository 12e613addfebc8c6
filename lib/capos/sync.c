// SPDX-License-Identifier: MIT
//
// The slow halves of sync.h. A word says that somebody may be parked before anybody parks, and who
// clears it then unparks; parking compares the word, so nobody sleeps through that.
#include "capos/sync.h"

// From here on the mutex is taken as WANTED: that others are parked can't be ruled out.
bool capos_mutex_wait(struct capos_mutex *mutex, uint64_t deadline) {
    while (atomic_exchange_explicit(&mutex->word, CAPOS_MUTEX_WANTED, memory_order_acquire) !=
           CAPOS_MUTEX_FREE)
        if (capos_park(&mutex->word, CAPOS_MUTEX_WANTED, deadline) == CAPOS_STATUS_TIMED_OUT)
            return false;
    return true;
}

// Unlocks and parks, in one entry of the kernel if somebody waits for the mutex.
static enum capos_status unlock_and_park(struct capos_mutex *mutex,
                                         struct capos_condition *condition, uint32_t sequence,
                                         uint64_t deadline) {
    if (atomic_exchange_explicit(&mutex->word, CAPOS_MUTEX_FREE, memory_order_release) ==
        CAPOS_MUTEX_WANTED)
        return capos_hand_over(&mutex->word, &condition->sequence, sequence, deadline);
    return capos_park(&condition->sequence, sequence, deadline);
}

// A signal after this thread has let go of the mutex changes the sequence, so it is not slept
// through. `waiters` is written under the mutex, under which a signaller has been since.
bool capos_condition_wait(struct capos_condition *condition, struct capos_mutex *mutex,
                          uint64_t deadline) {
    uint32_t sequence = atomic_load_explicit(&condition->sequence, memory_order_relaxed);
    enum capos_status status;

    atomic_fetch_add_explicit(&condition->waiters, 1, memory_order_relaxed);
    status = unlock_and_park(mutex, condition, sequence, deadline);
    atomic_fetch_sub_explicit(&condition->waiters, 1, memory_order_relaxed);
    capos_mutex_lock(mutex);
    return status != CAPOS_STATUS_TIMED_OUT;
}

// Who waits looks at what it waits for with the mutex locked: the sequence orders nothing.
static void wake(struct capos_condition *condition, uint32_t count) {
    if (atomic_load_explicit(&condition->waiters, memory_order_relaxed) == 0)
        return;
    atomic_fetch_add_explicit(&condition->sequence, 1, memory_order_relaxed);
    capos_unpark(&condition->sequence, count);
}

void capos_condition_signal(struct capos_condition *condition) {
    wake(condition, 1);
}

void capos_condition_broadcast(struct capos_condition *condition) {
    wake(condition, UINT32_MAX);
}

static void run_once(struct capos_once *once, void (*run)(void)) {
    run();
    if (atomic_exchange_explicit(&once->state, CAPOS_ONCE_DONE, memory_order_release) ==
        CAPOS_ONCE_WANTED)
        capos_unpark(&once->state, UINT32_MAX);
}

void capos_once_wait(struct capos_once *once, void (*run)(void)) {
    uint32_t state = CAPOS_ONCE_NEW;

    if (atomic_compare_exchange_strong_explicit(&once->state, &state, CAPOS_ONCE_RUNNING,
                                                memory_order_acquire, memory_order_acquire)) {
        run_once(once, run);
        return;
    }
    while (state != CAPOS_ONCE_DONE) {
        if (state == CAPOS_ONCE_RUNNING &&
            !atomic_compare_exchange_strong_explicit(&once->state, &state, CAPOS_ONCE_WANTED,
                                                     memory_order_acquire, memory_order_acquire))
            continue;
        capos_park(&once->state, CAPOS_ONCE_WANTED, CAPOS_NO_DEADLINE);
        state = atomic_load_explicit(&once->state, memory_order_acquire);
    }
}
