// SPDX-License-Identifier: MIT
// Run queues: one per CPU, of the threads that are ready and that no CPU has, ordered by virtual
// time (time run, divided by weight). Any CPU may add to a queue or take a thread out; only the CPU
// whose it is moves its time on.
//
// Each queue has a virtual time of its own, in which its threads' times are: roughly that of the
// thread that is furthest behind. What a queue's time is short of the machine's common one is its
// offset. It lets CPUs be compared that have been busy side by side (sched_share.c).
#ifndef CORE_RUN_QUEUE_H
#define CORE_RUN_QUEUE_H

#include "core/heap.h"
#include "core/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct thread;

#define SCHED_SLICE_NS UINT64_C(4000000)
#define SCHED_PREEMPT_NS \
    UINT64_C(1000000) // by so much a woken thread must be behind to run at once
// A run moves the queue's time on by at most as much; what is more goes to its offset. Longer ones
// happen only when nobody else wanted the CPU, and are no debt to those who come then.
#define SCHED_CHARGE_MAX (2 * SCHED_SLICE_NS)

// How far a thread that changes queues may be ahead of those that it meets.
#define SCHED_LEAD_MAX (16 * SCHED_SLICE_NS)

// How far one that is moved to even out may be behind them.
#define SCHED_LAG_MAX (4 * SCHED_SLICE_NS)

struct run_queue {
    struct lock lock; // guards ready, and who is in it; contested is written with it
    struct heap ready;
    _Atomic uint32_t count;
    _Atomic uint64_t contested; // machine_cycles() when the first came to an empty queue

    // Written by the CPU whose it is, the offset by others, too (sched_share.c); read by all.
    _Atomic uint64_t virtual_time; // in ns; never goes back; new arrivals start from it
    _Atomic uint64_t offset;       // common time less virtual time
    _Atomic uint32_t pace;         // of the thread that runs
};

static inline uint64_t run_queue_time(const struct run_queue *queue) {
    return atomic_load_explicit(&queue->virtual_time, memory_order_relaxed);
}

void run_queue_init(struct run_queue *queue);

// Makes a thread one of `target`'s, with the lead that it has in its present queue, settled. Who
// has slept is behind all, but by no more than what lets it run at once. The thread is in no queue
// and the caller's.
void run_queue_rebase(struct cpu *cpu, struct thread *thread, const struct cpu *target);

// Virtual time is settled before it is looked at: passing a CPU on (sched_pass) leaves that for
// later, as long as it is little. Says how much a thread has run since the last time, in ns, which
// the caller adds. The thread is of the CPU whose queue this is.
uint64_t run_queue_unsettled(struct cpu *cpu, const struct run_queue *queue, struct thread *thread);

// Queues a thread that is nobody's. True when it is first there.
bool run_queue_add(struct cpu *cpu, struct thread *thread, struct cpu *target);

// The same for one that is the target's already and keeps its place: it was running there, or has
// just been carried there.
bool run_queue_put_back(struct thread *thread, struct cpu *target);

// The same for one that is to run, briefly, before all others of the CPU: to die.
void run_queue_add_first(struct cpu *cpu, struct thread *thread, struct cpu *target);

// Takes the first thread that may run on `cpu` out of a CPU's queue. Of another CPU's it looks at a
// few only. NULL when there is none.
struct thread *run_queue_take(struct cpu *cpu, struct cpu *from);

// Takes a thread out of the queue that it is in: true when it was in one, and is the caller's now.
bool run_queue_remove(struct cpu *cpu, struct thread *thread);

// Virtual time of the first in the queue, or UINT64_MAX.
uint64_t run_queue_first(struct run_queue *queue);

#endif
