// SPDX-License-Identifier: MIT
// Run queues: one per CPU, of the threads that are ready and that no CPU has, ordered by virtual
// time (time run, divided by weight). Any CPU may add to a queue, take its first or take a thread
// out; only the CPU whose it is moves its time on.
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
#define SCHED_WEIGHT_NORMAL 1024u

// A run is charged at most as much: longer ones happen only when nobody else wanted the CPU. It is
// also how far a thread that changes queues may be behind those that it meets.
#define SCHED_CHARGE_MAX (2 * SCHED_SLICE_NS)

struct run_queue {
    struct lock lock; // guards what follows; count and virtual_time are read without it
    struct heap ready;
    _Atomic uint32_t count;
    _Atomic uint64_t virtual_time; // in ns; never goes back; new arrivals start from it
    uint32_t spread;               // CPU that this one, when it has too much, looks at next
};

static inline uint64_t run_queue_time(const struct run_queue *queue) {
    return atomic_load_explicit(&queue->virtual_time, memory_order_relaxed);
}

void run_queue_init(struct run_queue *queue);

// Makes a thread one of `target`'s. Times of different queues can't be compared: what a thread
// takes along is how far it is ahead. Who has slept is behind all, but by no more than what lets it
// run at once. The thread is in no queue and the caller's.
void run_queue_rebase(struct cpu *cpu, struct thread *thread, const struct cpu *target);

// Queues a thread that is nobody's. True when it is first there.
bool run_queue_add(struct cpu *cpu, struct thread *thread, struct cpu *target);

// The same for one that is to run, briefly, before all others of the CPU: to die.
void run_queue_add_first(struct cpu *cpu, struct thread *thread, struct cpu *target);

// Takes the first thread out of a CPU's queue; NULL when it is empty.
struct thread *run_queue_take(struct cpu *from);

// Takes a thread out of the queue that it is in: true when it was in one, and is the caller's now.
bool run_queue_remove(struct cpu *cpu, struct thread *thread);

#endif
