// SPDX-License-Identifier: MIT
// Scheduling contexts: so much processor time in so much time, for the threads that are bound to
// it. What they run is charged to it; when the budget of a period is spent they wait for the next
// period. While a thread serves a call whose caller waits for it, the caller's context pays
// instead, and is not waited for: what it then pays beyond its budget is a debt, which the budgets
// of the next periods pay off first.
//
// thread->payer is who pays now, NULL in the common case that no context does; that is all that
// others look at. It is `lent` while the thread serves a call that lends, else `own`.
#ifndef CORE_SCHED_CONTEXT_H
#define CORE_SCHED_CONTEXT_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/lock.h"
#include "core/object.h"
#include "core/timer.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct cpu;
struct process;
struct thread;

// Bounds, in ns.
#define SCHED_PERIOD_MIN UINT64_C(1000000)
#define SCHED_PERIOD_MAX UINT64_C(10000000000)
#define SCHED_BUDGET_MIN UINT64_C(100000)

struct sched_context {
    struct object object;
    uint64_t budget, period; // in ns

    struct lock lock;    // guards what follows
    uint64_t start;      // of the present period, in ns since boot
    uint64_t used;       // of its budget; what is more is debt
    uint64_t total;      // ever charged
    uint64_t exhausted;  // how often a thread had to wait
    struct list waiting; // THROTTLED threads, by thread->throttled
    uint32_t waiters;    // their number
    struct timer timer;  // armed while there are any
};

// The part of a thread.
struct sched_account {
    struct lock lock;           // guards what follows; taken before a context's
    struct sched_context *own;  // a reference, or NULL
    struct sched_context *lent; // a reference, while `serving` is not 0
    _Atomic uint64_t serving;   // the token of the call that lends, changed by the thread's own CPU
                                // or while it waits
};

// A new context whose first period begins now; one reference. `type` is kernel/object's, and its
// close must be sched_context_close. MALFORMED: a period of less than SCHED_PERIOD_MIN or more than
// SCHED_PERIOD_MAX, a budget of less than SCHED_BUDGET_MIN or more than the period. OVERLOADED.
must_use enum capos_status sched_context_create(struct cpu *cpu, const struct object_type *type,
                                                struct ledger *ledger, uint64_t budget,
                                                uint64_t period, struct sched_context **out);
bool sched_context_close(struct cpu *cpu, struct object *object);

struct sched_context_info {
    uint64_t used, debt, total, exhausted;
    uint32_t waiting;
};

struct sched_context_info sched_context_info(struct cpu *cpu, struct sched_context *context);

// Binds a thread, or the threads that a process has and will make, to a context, or to none (NULL).
// DISCONNECTED when the process is ending, or the thread has ended.
must_use enum capos_status sched_bind(struct cpu *cpu, struct process *process,
                                      struct sched_context *context);
must_use enum capos_status sched_bind_thread(struct cpu *cpu, struct thread *thread,
                                             struct sched_context *context);

// A dead thread lets go of its contexts; a process that has no threads any more of its one.
void sched_unbind_thread(struct cpu *cpu, struct thread *thread);
void sched_unbind(struct cpu *cpu, struct process *process);

// For the scheduler, all about threads with a payer ---------------------------------------------

// Charges what a thread has just run.
void sched_context_charge(struct cpu *cpu, struct sched_context *payer, uint64_t ns);

// Must the thread wait for its own context's next period?
bool sched_must_wait(struct cpu *cpu, struct thread *thread);

// For how long it may run before that, in ns; UINT64_MAX when it serves a call.
uint64_t sched_may_run_for(struct cpu *cpu, struct thread *thread);

// Makes a thread that must wait, and is nobody's, do so: true when it waits now.
bool sched_throttle(struct cpu *cpu, struct thread *thread);

// Ends that for a thread that is to die: true when it waited, and is the caller's now.
bool sched_unthrottle(struct thread *thread);

// The timer of a context has expired.
void sched_context_expired(struct cpu *cpu, struct timer *timer);

// For calls ---------------------------------------------------------------------------------------

// A call of a thread with a payer has been delivered to another, which holds it by `token`.
void sched_lend(struct cpu *cpu, struct call *call, struct thread *server, uint64_t token);

// The thread has returned the call that lends to it.
void sched_give_back(struct cpu *cpu, struct thread *server);

#endif
