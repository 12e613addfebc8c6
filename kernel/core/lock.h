// SPDX-License-Identifier: MIT
// Spin locks. The kernel runs with interrupts off, so a lock is held for a short, bounded time and
// never across machine_interrupt_window(). The order in which locks are taken, outermost first:
//
//     process, endpoint, call queue, capability tables (lower address first), tokens, vm, ring,
//     thread's account, scheduling context, run queue, timers, processes list, ledger, kmem, frames
//
// machine_relax() may answer another CPU's shootdown, so waiting for a lock never blocks one.
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "machine/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lock {
    _Atomic uint32_t held;
};

static inline void lock_init(struct lock *lock) {
    atomic_store_explicit(&lock->held, 0, memory_order_relaxed);
}

static inline void lock_take(struct lock *lock) {
    while (__builtin_expect(atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) != 0, 0))
        machine_relax();
}

static inline void lock_drop(struct lock *lock) {
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

// For assertions only: somebody holds it.
static inline bool lock_is_held(const struct lock *lock) {
    return atomic_load_explicit(&lock->held, memory_order_relaxed) != 0;
}

#endif
