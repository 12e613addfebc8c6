// SPDX-License-Identifier: MIT
// Ledgers: what each process may use and uses. The kernel has one root ledger; every other one was
// lent its limits by its lender, whose own are smaller by as much for as long as the loan lasts.
//
//     available = limit - used - lent
//
// Reserve before effect, give back on every path. When a process has ended its ledger is closed:
// limits go back to the lender except for what is still used (objects that others hold), which
// follows piece by piece as it is given back; then the ledger itself goes. Each ledger has its own
// lock; lender and borrower are locked one after the other, borrower first.
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/debug.h"
#include "core/lock.h"
#include "core/panic.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

enum ledger_class {
    LEDGER_SLOTS,          // capability slots, reserved ones included
    LEDGER_FRAMES,         // frames of user memory, rings, and page tables
    LEDGER_RESERVED_PAGES, // pages of address space set aside
    LEDGER_THREADS,        // threads, each with its ring
    LEDGER_ENDPOINTS,
    LEDGER_FACETS,
    LEDGER_CALLS_HELD,    // entries of the token table
    LEDGER_KERNEL_MEMORY, // bytes of the kernel's records (not pages)
    LEDGER_CLASSES,
};

struct ledger_limits {
    uint64_t limit[LEDGER_CLASSES];
};

struct ledger {
    struct lock lock;
    bool closed;
    uint32_t borrowers;         // open or closed ledgers whose lender this is
    _Atomic uint32_t under_way; // works (work.h) that will give something back to it soon
    uint64_t limit[LEDGER_CLASSES];
    uint64_t used[LEDGER_CLASSES];
    uint64_t lent[LEDGER_CLASSES];
    struct ledger *lender; // NULL for the root
    struct list_node all;  // kernel->ledgers; guarded by kernel->ledgers_lock
};

// The kernel's own ledger, with storage given.
void ledger_init_root(struct ledger *ledger, const struct ledger_limits *limits);

// A ledger with the given limits, lent by `lender`, which also pays for its memory. OVERLOADED when
// a class is short. Ends with ledger_close.
must_use enum capos_status ledger_create(struct cpu *cpu, struct ledger *lender,
                                         const struct ledger_limits *limits, struct ledger **out);

// The owner has ended and will take no more. The ledger disappears with its last use.
void ledger_close(struct cpu *cpu, struct ledger *ledger);

// Takes n units, or nothing: OVERLOADED. Never fails for another reason. Inline, as is giving back:
// they are on the way of every capability that is passed.
must_use static inline enum capos_status ledger_take(struct cpu *cpu, struct ledger *ledger,
                                                     enum ledger_class class, uint64_t n) {
    bool enough;

    if (debug_should_fail(cpu))
        return CAPOS_STATUS_OVERLOADED;
    lock_take(&ledger->lock);
    kassert(!ledger->closed);
    enough = n <= ledger->limit[class] - ledger->used[class] - ledger->lent[class];
    if (LIKELY(enough))
        ledger->used[class] += n;
    lock_drop(&ledger->lock);
    return LIKELY(enough) ? CAPOS_STATUS_OK : CAPOS_STATUS_OVERLOADED;
}

// What a closed ledger does not need any more goes to its lender. The ledger is locked; it isn't
// afterwards, and may be gone.
seldom void ledger_settle(struct cpu *cpu, struct ledger *ledger);

// Takes n units of each of two classes, or nothing: OVERLOADED. Gives them back.
must_use enum capos_status ledger_take_both(struct cpu *cpu, struct ledger *ledger,
                                            enum ledger_class one, enum ledger_class other,
                                            uint64_t n);
void ledger_give_both(struct cpu *cpu, struct ledger *ledger, enum ledger_class one,
                      enum ledger_class other, uint64_t n);

// Gives back n units that were taken from this ledger. The ledger may be gone afterwards if it is
// closed and these were its last.
static inline void ledger_give(struct cpu *cpu, struct ledger *ledger, enum ledger_class class,
                               uint64_t n) {
    lock_take(&ledger->lock);
    kassert(ledger->used[class] >= n);
    ledger->used[class] -= n;
    if (UNLIKELY(ledger->closed))
        ledger_settle(cpu, ledger);
    else
        lock_drop(&ledger->lock);
}

// What is used, of one class, at this moment.
uint64_t ledger_used(struct ledger *ledger, enum ledger_class class);

// What could be taken now.
uint64_t ledger_available(struct ledger *ledger, enum ledger_class class);

#endif
