// SPDX-License-Identifier: MIT
// Spin locks. The kernel runs with interrupts off, so a lock is held for a short, bounded time and
// never across machine_interrupt_window(). machine_relax() may answer another CPU's shootdown, so
// waiting for a lock never blocks one.
//
// Locks have ranks, and a CPU that holds one takes only locks of higher ranks: so CPUs never wait
// for each other in a circle. The debug kernel panics at the first lock that is taken otherwise
// (debug.h); the release kernel doesn't know the ranks.
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "base/attributes.h"
#include "core/debug.h"
#include "machine/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// Outermost first.
enum lock_rank {
    LOCK_UNRANKED, // no lock's: what was not initialised
    LOCK_PORT,     // a SerialPort's
    LOCK_PROCESS,
    LOCK_ENDPOINT,
    LOCK_QUEUE,    // a call queue's; a bucket of park.h is one: of two, that at the lower address
                   // first
    LOCK_CAPTABLE, // of two, that at the lower address first
    LOCK_TOKENS,
    LOCK_VM,
    LOCK_RING,
    LOCK_REVOKER,
    LOCK_ACCOUNT,
    LOCK_CONTEXT,
    LOCK_RUN_QUEUE,
    LOCK_TIMERS,
    LOCK_REVOKERS,  // the list of revokers
    LOCK_WORK,      // the list of work
    LOCK_PROCESSES, // the list of processes
    LOCK_LEDGER,    // a borrower's, then its lender's
    LOCK_LEDGERS,   // the list of ledgers
    LOCK_KMEM,
    LOCK_FRAMES,
    LOCK_DEVICE,
    LOCK_RANKS,
};

struct lock {
    _Atomic uint32_t held;
    struct debug_lock debug;
};

static inline void lock_init(struct lock *lock, enum lock_rank rank) {
    atomic_store_explicit(&lock->held, 0, memory_order_relaxed);
    debug_lock_init(&lock->debug, rank);
}

static inline bool lock_try(struct lock *lock) {
    return atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

// Takes a lock that somebody holds.
apart void lock_wait(struct lock *lock);

static inlined void lock_take(struct lock *lock) {
    debug_lock_take(&lock->debug);
    if (UNLIKELY(!lock_try(lock)))
        lock_wait(lock);
}

static inlined void lock_drop(struct lock *lock) {
    atomic_store_explicit(&lock->held, 0, memory_order_release);
    debug_lock_drop(&lock->debug);
}

// For assertions only: somebody holds it.
static inline bool lock_is_held(const struct lock *lock) {
    return atomic_load_explicit(&lock->held, memory_order_relaxed) != 0;
}

#endif
