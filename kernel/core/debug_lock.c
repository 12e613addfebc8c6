// SPDX-License-Identifier: MIT
// The order of locks, in the debug kernel (lock.h): each CPU keeps a note of the locks that it
// holds, in memory that the machine has for that (machine_notes), since who takes a lock does not
// say on which CPU.
#include "core/debug.h"
#include "core/lock.h"
#include "core/panic.h"

#include <stddef.h>

enum { HELD_MAX = 15 };

struct notes {
    uint64_t count;
    const struct debug_lock *held[HELD_MAX];
};
_Static_assert(sizeof(struct notes) <= MACHINE_NOTES, "the machine has room for them");

static const char *const names[LOCK_RANKS] = {
    [LOCK_PROCESS] = "process",   [LOCK_ENDPOINT] = "endpoint",   [LOCK_QUEUE] = "call queue",
    [LOCK_CAPTABLE] = "captable", [LOCK_TOKENS] = "tokens",       [LOCK_VM] = "vm",
    [LOCK_RING] = "ring",         [LOCK_REVOKER] = "revoker",     [LOCK_ACCOUNT] = "account",
    [LOCK_CONTEXT] = "context",   [LOCK_RUN_QUEUE] = "run queue", [LOCK_TIMERS] = "timers",
    [LOCK_REVOKERS] = "revokers", [LOCK_WORK] = "work",           [LOCK_PROCESSES] = "processes",
    [LOCK_LEDGER] = "ledger",     [LOCK_LEDGERS] = "ledgers",     [LOCK_KMEM] = "kmem",
    [LOCK_FRAMES] = "frames",     [LOCK_PORT] = "port",           [LOCK_DEVICE] = "device",
};

// May `lock` be taken inside of `outer`?
static bool may_follow(const struct debug_lock *outer, const struct debug_lock *lock) {
    if (outer == lock)
        return false;
    if (outer->rank != lock->rank)
        return outer->rank < lock->rank;
    return lock->rank == LOCK_LEDGER ||
           ((lock->rank == LOCK_CAPTABLE || lock->rank == LOCK_QUEUE) && outer < lock);
}

void debug_lock_take(const struct debug_lock *lock) {
    struct notes *notes = machine_notes();

    if (notes == NULL)
        return; // the CPU is only starting
    if (lock->rank == LOCK_UNRANKED || lock->rank >= LOCK_RANKS)
        panic("locks: one without a rank is taken");
    for (uint64_t i = 0; i < notes->count; i++)
        if (!may_follow(notes->held[i], lock))
            panic("locks: %s inside of %s", names[lock->rank], names[notes->held[i]->rank]);
    if (notes->count == HELD_MAX)
        panic("locks: too many are held");
    notes->held[notes->count++] = lock;
}

void debug_lock_drop(const struct debug_lock *lock) {
    struct notes *notes = machine_notes();
    uint64_t i;

    if (notes == NULL)
        return;
    for (i = 0; i < notes->count && notes->held[i] != lock; i++)
        continue;
    if (i == notes->count)
        panic("locks: %s is dropped by a CPU that does not hold it", names[lock->rank]);
    notes->held[i] = notes->held[--notes->count];
}
