// SPDX-License-Identifier: MIT
// Ledgers (ledger.h). A closed ledger's limits are always just what is used and lent, so giving
// back one unit passes it on to the lender, and so on up to the first open ledger. The walk holds a
// ledger's lock until it has the lender's: whoever makes the last use go away frees the ledger, and
// nobody else can still be looking at it.
#include "core/ledger.h"

#include "core/debug.h"
#include "core/kernel.h"
#include "core/kmem.h"
#include "core/panic.h"

static uint64_t available(const struct ledger *ledger, unsigned class) {
    return ledger->limit[class] - ledger->used[class] - ledger->lent[class];
}

void ledger_init_root(struct ledger *ledger, const struct ledger_limits *limits) {
    *ledger = (struct ledger){.closed = false};
    lock_init(&ledger->lock, LOCK_LEDGER);
    for (unsigned i = 0; i < LEDGER_CLASSES; i++)
        ledger->limit[i] = limits->limit[i];
}

static bool can_lend(const struct ledger *lender, const struct ledger_limits *limits) {
    for (unsigned i = 0; i < LEDGER_CLASSES; i++)
        if (limits->limit[i] > available(lender, i))
            return false;
    return true;
}

static void enlist(struct kernel *kernel, struct ledger *ledger) {
    lock_take(&kernel->ledgers_lock);
    list_push_back(&kernel->ledgers, &ledger->all);
    lock_drop(&kernel->ledgers_lock);
}

static void delist(struct kernel *kernel, struct ledger *ledger) {
    lock_take(&kernel->ledgers_lock);
    list_remove(&ledger->all);
    lock_drop(&kernel->ledgers_lock);
}

enum capos_status ledger_create(struct cpu *cpu, struct ledger *lender,
                                const struct ledger_limits *limits, struct ledger **out) {
    void *block;
    struct ledger *ledger;
    bool lent;
    enum capos_status status = kmem_alloc(cpu, lender, sizeof(*ledger), &block);

    if (status != CAPOS_STATUS_OK)
        return status;
    ledger = block;
    ledger_init_root(ledger, limits);
    ledger->lender = lender;
    lock_take(&lender->lock);
    lent = can_lend(lender, limits);
    for (unsigned i = 0; lent && i < LEDGER_CLASSES; i++)
        lender->lent[i] += limits->limit[i];
    lender->borrowers += lent;
    lock_drop(&lender->lock);
    if (!lent) {
        kmem_free(cpu, lender, ledger, sizeof(*ledger));
        return CAPOS_STATUS_OVERLOADED;
    }
    enlist(cpu->kernel, ledger);
    *out = ledger;
    return CAPOS_STATUS_OK;
}

// Hands what a closed ledger doesn't need any more to its lender, whose lock is held too. True when
// nothing is left.
static bool hand_back(struct ledger *ledger, struct ledger *lender) {
    bool gone = ledger->borrowers == 0;
    uint64_t excess;

    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        excess = available(ledger, i);
        ledger->limit[i] -= excess;
        lender->lent[i] -= excess;
        gone = gone && ledger->limit[i] == 0;
    }
    lender->borrowers -= gone;
    return gone;
}

void ledger_settle(struct cpu *cpu, struct ledger *ledger) {
    struct ledger *lender;
    bool gone;

    while (ledger->closed) {
        lender = ledger->lender;
        lock_take(&lender->lock);
        gone = hand_back(ledger, lender);
        lock_drop(&ledger->lock);
        if (gone) {
            // Its own memory keeps the lender until this very call gives it back.
            lock_drop(&lender->lock);
            delist(cpu->kernel, ledger);
            kmem_free(cpu, lender, ledger, sizeof(*ledger));
            return;
        }
        ledger = lender;
    }
    lock_drop(&ledger->lock);
}

void ledger_close(struct cpu *cpu, struct ledger *ledger) {
    kassert(ledger->lender != NULL && !ledger->closed);
    lock_take(&ledger->lock);
    ledger->closed = true;
    ledger_settle(cpu, ledger);
}

enum capos_status ledger_take_both(struct cpu *cpu, struct ledger *ledger, enum ledger_class one,
                                   enum ledger_class other, uint64_t n) {
    bool enough;

    if (debug_should_fail(cpu))
        return CAPOS_STATUS_OVERLOADED;
    lock_take(&ledger->lock);
    kassert(!ledger->closed);
    enough = n <= available(ledger, one) && n <= available(ledger, other);
    if (enough) {
        ledger->used[one] += n;
        ledger->used[other] += n;
    }
    lock_drop(&ledger->lock);
    return enough ? CAPOS_STATUS_OK : CAPOS_STATUS_OVERLOADED;
}

void ledger_give_both(struct cpu *cpu, struct ledger *ledger, enum ledger_class one,
                      enum ledger_class other, uint64_t n) {
    lock_take(&ledger->lock);
    kassert(ledger->used[one] >= n && ledger->used[other] >= n);
    ledger->used[one] -= n;
    ledger->used[other] -= n;
    ledger_settle(cpu, ledger);
}

uint64_t ledger_used(struct ledger *ledger, enum ledger_class class) {
    uint64_t used;

    lock_take(&ledger->lock);
    used = ledger->used[class];
    lock_drop(&ledger->lock);
    return used;
}

uint64_t ledger_available(struct ledger *ledger, enum ledger_class class) {
    uint64_t free;

    lock_take(&ledger->lock);
    free = available(ledger, class);
    lock_drop(&ledger->lock);
    return free;
}
