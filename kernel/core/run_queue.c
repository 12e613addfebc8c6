// SPDX-License-Identifier: MIT
// Run queues (run_queue.h): a pairing heap each, ordered by virtual time.
#include "core/run_queue.h"

#include "base/bits.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/sched_policy.h"
#include "core/thread.h"
#include "machine/time.h"

// Threads of another CPU's queue that are looked at for one that may run here.
#define LOOKS 16u

#define START (4 * SCHED_CHARGE_MAX) // of a queue's time: what has key 0 comes first, always

void run_queue_init(struct run_queue *queue) {
    lock_init(&queue->lock, LOCK_RUN_QUEUE);
    heap_init(&queue->ready);
    atomic_store(&queue->count, 0);
    atomic_store(&queue->virtual_time, START);
    atomic_store(&queue->offset, 0);
}

static struct thread *thread_of(struct heap_node *node) {
    return (struct thread *)(void *)((char *)node - offsetof(struct thread, run));
}

// Who has slept is behind all, but by no more than what lets it run at once.
static uint64_t time_awake(const struct run_queue *queue, uint64_t time) {
    uint64_t now = run_queue_time(queue);

    return max_u64(time, now - min_u64(now, SCHED_PREEMPT_NS));
}

uint64_t run_queue_unsettled(struct cpu *cpu, const struct run_queue *queue,
                             struct thread *thread) {
    uint64_t cycles = thread->cycles - thread->settled;

    thread->settled = thread->cycles;
    if (thread->passed)
        thread->virtual_time = time_awake(queue, thread->virtual_time);
    thread->passed = false;
    return machine_cycles_ns(cpu, cycles);
}

// Makes the virtual time of a thread what it was when it began to sleep.
static void settle(struct cpu *cpu, const struct run_queue *home, struct thread *thread) {
    uint64_t ns;

    if (LIKELY(thread->settled == thread->cycles && !thread->passed))
        return;
    ns = run_queue_unsettled(cpu, home, thread);
    thread->virtual_time += ns * atomic_load_explicit(&thread->pace, memory_order_relaxed) >> 22;
}

void run_queue_rebase(struct cpu *cpu, struct thread *thread, const struct cpu *target) {
    uint32_t home = atomic_load_explicit(&thread->cpu, memory_order_relaxed);
    const struct run_queue *before = &cpu->kernel->cpus[home]->queue;
    uint64_t time;

    settle(cpu, before, thread);
    time = thread->virtual_time;
    if (home != target->index) {
        uint64_t to = run_queue_time(&target->queue), from = run_queue_time(before);

        time = time > from ? to + min_u64(time - from, SCHED_LEAD_MAX) : 0;
        atomic_store_explicit(&thread->cpu, target->index, memory_order_relaxed);
    }
    thread->virtual_time = time_awake(&target->queue, time);
}

// The queue is locked.
static bool add_locked(struct cpu *target, struct thread *thread, uint64_t key) {
    struct run_queue *queue = &target->queue;

    atomic_store_explicit(&thread->queued, target->index + 1, memory_order_relaxed);
    thread->run.key = key;
    heap_add(&queue->ready, &thread->run);
    if (atomic_fetch_add(&queue->count, 1) == 0)
        atomic_store_explicit(&queue->contested, machine_cycles(), memory_order_relaxed);
    return heap_first(&queue->ready) == &thread->run;
}

bool run_queue_add(struct cpu *cpu, struct thread *thread, struct cpu *target) {
    run_queue_rebase(cpu, thread, target);
    return run_queue_put_back(thread, target);
}

bool run_queue_put_back(struct thread *thread, struct cpu *target) {
    struct run_queue *queue = &target->queue;
    bool first;

    kassert(atomic_load_explicit(&thread->on_cpu, memory_order_relaxed) == 0);
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    lock_take(&queue->lock);
    first = add_locked(target, thread, thread->virtual_time);
    lock_drop(&queue->lock);
    return first;
}

void run_queue_add_first(struct cpu *cpu, struct thread *thread, struct cpu *target) {
    struct run_queue *queue = &target->queue;

    run_queue_rebase(cpu, thread, target);
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    lock_take(&queue->lock);
    (void)add_locked(target, thread, 0);
    lock_drop(&queue->lock);
}

// The queue is locked, the thread in it.
static void remove_locked(struct run_queue *queue, struct thread *thread) {
    heap_remove(&queue->ready, &thread->run);
    atomic_store_explicit(&thread->queued, 0, memory_order_relaxed);
    atomic_fetch_sub(&queue->count, 1);
}

// The first that may run on a CPU. What is here by mistake, its affinity having just been changed,
// is found by the CPU that then runs it.
static struct heap_node *choose(const struct cpu *cpu, const struct cpu *from) {
    struct heap_node *node = heap_first(&from->queue.ready);

    if (cpu == from)
        return node;
    for (unsigned i = 0; node != NULL && !sched_may_run(thread_of(node), cpu); i++)
        node = i == LOOKS ? NULL : heap_next(node);
    return node;
}

struct thread *run_queue_take(struct cpu *cpu, struct cpu *from) {
    struct run_queue *queue = &from->queue;
    struct heap_node *first;

    if (atomic_load(&queue->count) == 0)
        return NULL;
    lock_take(&queue->lock);
    first = choose(cpu, from);
    if (first != NULL)
        remove_locked(queue, thread_of(first));
    lock_drop(&queue->lock);
    if (first == NULL)
        return NULL;
    if (cpu == from && first->key > run_queue_time(queue))
        atomic_store_explicit(&queue->virtual_time, first->key, memory_order_relaxed);
    return thread_of(first);
}

uint64_t run_queue_first(struct run_queue *queue) {
    struct heap_node *first;
    uint64_t key;

    lock_take(&queue->lock);
    first = heap_first(&queue->ready);
    key = first == NULL ? UINT64_MAX : first->key;
    lock_drop(&queue->lock);
    return key;
}

bool run_queue_remove(struct cpu *cpu, struct thread *thread) {
    uint32_t in = atomic_load_explicit(&thread->queued, memory_order_relaxed);
    struct run_queue *queue;
    bool queued;

    if (in == 0)
        return false;
    queue = &cpu->kernel->cpus[in - 1]->queue;
    lock_take(&queue->lock);
    queued = atomic_load_explicit(&thread->queued, memory_order_relaxed) == in;
    if (queued)
        remove_locked(queue, thread);
    lock_drop(&queue->lock);
    return queued;
}
