// SPDX-License-Identifier: MIT
//
// What threads of one process agree by: a mutex, a condition, and things that are done once. All
// are words of memory, good when they are zero, with nothing to destroy; the kernel is entered only
// by who has to wait and by who wakes such a one. The mutex is not recursive, has no owner and is
// not fair: whoever comes while it is free takes it.
//
// Memory: what was written before a mutex was unlocked, or by the function that is done once, is
// seen by whoever locks it, or calls capos_once, afterwards.
#ifndef CAPOS_LIB_SYNC_H
#define CAPOS_LIB_SYNC_H

#include "capos/park.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct capos_mutex {
    _Atomic uint32_t word; // enum capos_mutex_state
};

enum capos_mutex_state {
    CAPOS_MUTEX_FREE = 0,
    CAPOS_MUTEX_LOCKED = 1,
    CAPOS_MUTEX_WANTED = 2, // locked, and somebody may be parked
};

struct capos_condition {
    _Atomic uint32_t sequence; // counts signals; who waits is parked on it
    _Atomic uint32_t waiters;
};

struct capos_once {
    _Atomic uint32_t state; // enum capos_once_state
};

enum capos_once_state {
    CAPOS_ONCE_NEW = 0,
    CAPOS_ONCE_RUNNING = 1,
    CAPOS_ONCE_WANTED = 2, // running, and somebody may be parked
    CAPOS_ONCE_DONE = 3,
};

// For the functions below.
bool capos_mutex_wait(struct capos_mutex *mutex, uint64_t deadline);
void capos_once_wait(struct capos_once *once, void (*run)(void));

// Locks it if it is free.
must_use static inline bool capos_mutex_try(struct capos_mutex *mutex) {
    uint32_t state = CAPOS_MUTEX_FREE;

    return atomic_compare_exchange_strong_explicit(&mutex->word, &state, CAPOS_MUTEX_LOCKED,
                                                   memory_order_acquire, memory_order_relaxed);
}

// Waits until it is free and locks it.
static inline void capos_mutex_lock(struct capos_mutex *mutex) {
    if (__builtin_expect(!capos_mutex_try(mutex), 0))
        capos_mutex_wait(mutex, CAPOS_NO_DEADLINE);
}

// The same until a deadline (ns, as Timer.now counts): false when that came first.
must_use static inline bool capos_mutex_lock_until(struct capos_mutex *mutex, uint64_t deadline) {
    return capos_mutex_try(mutex) || capos_mutex_wait(mutex, deadline);
}

// By the thread that has locked it.
static inline void capos_mutex_unlock(struct capos_mutex *mutex) {
    uint32_t before =
        atomic_exchange_explicit(&mutex->word, CAPOS_MUTEX_FREE, memory_order_release);

    if (__builtin_expect(before == CAPOS_MUTEX_WANTED, 0))
        capos_unpark(&mutex->word, 1);
}

// Unlocks the mutex, which the caller has locked, waits for a signal, and locks it again. False
// when the deadline came first. It may return without a signal, so wait in a loop that looks at
// what is waited for.
bool capos_condition_wait(struct capos_condition *condition, struct capos_mutex *mutex,
                          uint64_t deadline);

// Wakes one, or all, of those that wait. What they wait for has been changed before, with the
// mutex locked; it may be unlocked again.
void capos_condition_signal(struct capos_condition *condition);
void capos_condition_broadcast(struct capos_condition *condition);

// Calls `run` unless that has been done; returns when it is done, whoever does it.
static inline void capos_once(struct capos_once *once, void (*run)(void)) {
    if (__builtin_expect(
            atomic_load_explicit(&once->state, memory_order_acquire) != CAPOS_ONCE_DONE, 0))
        capos_once_wait(once, run);
}

#endif
