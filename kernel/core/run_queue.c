// SPDX-License-Identifier: MIT
// Run queues (run_queue.h): a pairing heap each, ordered by virtual time.
#include "core/run_queue.h"

#include "base/bits.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/thread.h"

#define START (4 * SCHED_CHARGE_MAX) // of a queue's time: what has key 0 comes first, always

void run_queue_init(struct run_queue *queue) {
    lock_init(&queue->lock);
    heap_init(&queue->ready);
    atomic_store(&queue->count, 0);
    atomic_store(&queue->virtual_time, START);
    queue->spread = 0;
}

static struct thread *thread_of(struct heap_node *node) {
    return (struct thread *)(void *)((char *)node - offsetof(struct thread, run));
}

void run_queue_rebase(struct cpu *cpu, struct thread *thread, const struct cpu *target) {
    uint64_t from = run_queue_time(&cpu->kernel->cpus[thread->cpu]->queue);
    uint64_t to = run_queue_time(&target->queue);
    uint64_t time = thread->virtual_time;

    if (thread->cpu != target->index)
        time = time > from ? to + min_u64(time - from, SCHED_CHARGE_MAX) : 0;
    thread->virtual_time = max_u64(time, to - min_u64(to, SCHED_PREEMPT_NS));
    atomic_store_explicit(&thread->cpu, target->index, memory_order_relaxed);
}

// The queue is locked.
static bool add_locked(struct run_queue *queue, struct thread *thread, uint64_t key) {
    thread->queued = true;
    thread->run.key = key;
    heap_add(&queue->ready, &thread->run);
    atomic_fetch_add(&queue->count, 1);
    return heap_first(&queue->ready) == &thread->run;
}

bool run_queue_add(struct cpu *cpu, struct thread *thread, struct cpu *target) {
    struct run_queue *queue = &target->queue;
    bool first;

    kassert(atomic_load_explicit(&thread->on_cpu, memory_order_relaxed) == 0);
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    lock_take(&queue->lock);
    run_queue_rebase(cpu, thread, target);
    first = add_locked(queue, thread, thread->virtual_time);
    lock_drop(&queue->lock);
    return first;
}

void run_queue_add_first(struct cpu *cpu, struct thread *thread, struct cpu *target) {
    struct run_queue *queue = &target->queue;

    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    lock_take(&queue->lock);
    run_queue_rebase(cpu, thread, target);
    (void)add_locked(queue, thread, 0);
    lock_drop(&queue->lock);
}

// The queue is locked, the thread in it.
static void remove_locked(struct run_queue *queue, struct thread *thread) {
    heap_remove(&queue->ready, &thread->run);
    thread->queued = false;
    atomic_fetch_sub(&queue->count, 1);
}

struct thread *run_queue_take(struct cpu *from) {
    struct run_queue *queue = &from->queue;
    struct heap_node *first;

    if (atomic_load(&queue->count) == 0)
        return NULL;
    lock_take(&queue->lock);
    first = heap_first(&queue->ready);
    if (first != NULL) {
        remove_locked(queue, thread_of(first));
        if (first->key > run_queue_time(queue))
            atomic_store_explicit(&queue->virtual_time, first->key, memory_order_relaxed);
    }
    lock_drop(&queue->lock);
    return first == NULL ? NULL : thread_of(first);
}

bool run_queue_remove(struct cpu *cpu, struct thread *thread) {
    uint32_t home = atomic_load_explicit(&thread->cpu, memory_order_relaxed);
    struct run_queue *queue = &cpu->kernel->cpus[home]->queue;
    bool queued;

    lock_take(&queue->lock);
    queued = thread->queued && thread->cpu == home;
    if (queued)
        remove_locked(queue, thread);
    lock_drop(&queue->lock);
    return queued;
}
