// SPDX-License-Identifier: MIT
// The scheduler (sched.h). A thread that leaves its CPU by waiting can be made ready by another CPU
// before this one has saved it; `on_cpu` says so, and until it is cleared the thread is only put in
// the queue of the CPU that it is leaving, and not stolen from there.
#include "core/sched.h"

#include "base/bits.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/thread.h"
#include "machine/context.h"
#include "machine/time.h"

// How many of another CPU's threads a thief looks at before it tries the next CPU.
#define STEAL_TRIES 4

void run_queue_init(struct run_queue *queue) {
    lock_init(&queue->lock);
    heap_init(&queue->ready);
    queue->count = 0;
    queue->virtual_time = 0;
}

static struct thread *thread_of(struct heap_node *node) {
    return (struct thread *)(void *)((char *)node - offsetof(struct thread, run));
}

// New arrivals start from the queue's time: sleeping earns no credit, and times of different queues
// can't be compared.
static void push(struct cpu *target, struct thread *thread) {
    struct run_queue *queue = &target->queue;

    lock_take(&queue->lock);
    if (thread->cpu != target->index)
        thread->virtual_time = 0;
    thread->cpu = target->index;
    thread->virtual_time = max_u64(thread->virtual_time, queue->virtual_time);
    thread->run.key = thread->virtual_time;
    heap_add(&queue->ready, &thread->run);
    queue->count++;
    lock_drop(&queue->lock);
}

// Only one of those who wake threads gets an idle CPU for its own.
static bool claim_idle(struct cpu *cpu) {
    return atomic_load_explicit(&cpu->idle, memory_order_relaxed) != 0 &&
           atomic_exchange(&cpu->idle, 0) != 0;
}

static struct cpu *choose_cpu(struct cpu *cpu, const struct thread *thread) {
    struct kernel *kernel = cpu->kernel;
    struct cpu *last = kernel->cpus[thread->cpu];

    if (atomic_load_explicit(&thread->on_cpu, memory_order_acquire) != 0 || claim_idle(last))
        return last;
    for (uint32_t i = 0; i < kernel->cpu_count; i++)
        if (claim_idle(kernel->cpus[i]))
            return kernel->cpus[i];
    return last;
}

// The running thread has company now: its slice has an end.
static void limit_slice(struct cpu *cpu) {
    if (cpu->timers.slice_end != UINT64_MAX)
        return;
    cpu->timers.slice_end = machine_now(cpu) + SCHED_SLICE_NS;
    timers_rearm(cpu);
}

void sched_ready(struct cpu *cpu, struct thread *thread) {
    struct cpu *target = choose_cpu(cpu, thread);

    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    push(target, thread);
    if (target != cpu)
        machine_ipi(cpu, target);
    else if (cpu->current != NULL)
        limit_slice(cpu);
}

void sched_ready_handoff(struct cpu *cpu, struct thread *thread) {
    if (cpu->current == NULL || cpu->handoff != NULL ||
        atomic_load_explicit(&thread->on_cpu, memory_order_acquire) != 0) {
        sched_ready(cpu, thread);
        return;
    }
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    cpu->handoff = thread;
}

void sched_kick(struct cpu *cpu, struct thread *thread) {
    struct cpu *other = cpu->kernel->cpus[thread->cpu];

    if (other != cpu && atomic_load(&thread->on_cpu) != 0)
        machine_ipi(cpu, other);
}

static struct thread *pop(struct cpu *cpu) {
    struct run_queue *queue = &cpu->queue;
    struct heap_node *first;

    lock_take(&queue->lock);
    first = heap_first(&queue->ready);
    if (first != NULL) {
        heap_remove(&queue->ready, first);
        queue->count--;
        queue->virtual_time = max_u64(queue->virtual_time, first->key);
    }
    lock_drop(&queue->lock);
    return first == NULL ? NULL : thread_of(first);
}

// The first thread of another CPU's queue that it isn't just leaving.
static struct thread *steal_from(struct cpu *victim) {
    struct run_queue *queue = &victim->queue;
    struct heap_node *node;
    struct thread *found = NULL;

    if (queue->count == 0) // a hint; the lock says for sure
        return NULL;
    lock_take(&queue->lock);
    node = heap_first(&queue->ready);
    for (unsigned i = 0; i < STEAL_TRIES && node != NULL && found == NULL; i++) {
        if (atomic_load_explicit(&thread_of(node)->on_cpu, memory_order_acquire) == 0)
            found = thread_of(node);
        node = node->child;
    }
    if (found != NULL) {
        heap_remove(&queue->ready, &found->run);
        queue->count--;
    }
    lock_drop(&queue->lock);
    return found;
}

static struct thread *steal(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;
    struct thread *thread = NULL;

    for (uint32_t i = 1; i < kernel->cpu_count && thread == NULL; i++)
        thread = steal_from(kernel->cpus[(cpu->index + i) % kernel->cpu_count]);
    if (thread != NULL) // times of different queues can't be compared
        thread->virtual_time = cpu->queue.virtual_time;
    return thread;
}

static struct thread *pick(struct cpu *cpu, bool *by_handoff) {
    struct thread *thread = cpu->handoff;

    *by_handoff = thread != NULL;
    cpu->handoff = NULL;
    if (thread == NULL)
        thread = pop(cpu);
    if (thread == NULL)
        thread = steal(cpu);
    return thread;
}

static bool is_killed(const struct thread *thread) {
    return (atomic_load(&thread->attention) & ATTENTION_KILLED) != 0;
}

// Picks the next thread that is not to die; those that are, do.
static struct thread *pick_living(struct cpu *cpu, bool *by_handoff) {
    struct thread *thread;

    while ((thread = pick(cpu, by_handoff)) != NULL && is_killed(thread) &&
           thread != cpu->current) {
        thread_die(cpu, thread);
        thread_gone(cpu, thread);
    }
    return thread;
}

static void account(struct cpu *cpu, struct thread *thread) {
    uint64_t now = machine_cycles(), cycles = now - cpu->switched;

    cpu->switched = now;
    if (thread == NULL)
        return;
    thread->cycles += cycles;
    thread->virtual_time += cycles * SCHED_WEIGHT_NORMAL / thread->weight;
}

static void begin_slice(struct cpu *cpu) {
    uint64_t before = cpu->timers.slice_end;

    cpu->timers.slice_end = cpu->queue.count == 0 ? UINT64_MAX : machine_now(cpu) + SCHED_SLICE_NS;
    if (cpu->timers.slice_end != before)
        timers_rearm(cpu);
}

// Leaves cpu->current for the next thread, or for none.
static struct thread *switch_thread(struct cpu *cpu) {
    struct thread *previous = cpu->current, *next;
    bool by_handoff;

    account(cpu, previous);
    next = pick_living(cpu, &by_handoff);
    cpu->current = next;
    atomic_store_explicit(&cpu->idle, next == NULL, memory_order_relaxed);
    if (next != NULL) {
        next->cpu = cpu->index;
        atomic_store_explicit(&next->state, THREAD_RUNNING, memory_order_relaxed);
        // Sequentially consistent: whoever kills it either sees this and sends an interrupt, or is
        // seen by is_killed() before this CPU leaves the kernel.
        atomic_store(&next->on_cpu, 1);
    }
    if (next != previous) {
        machine_switch(cpu, previous, next);
        if (previous != NULL)
            atomic_store_explicit(&previous->on_cpu, 0, memory_order_release);
        if (previous != NULL && previous->state == THREAD_DEAD)
            thread_gone(cpu, previous);
    }
    if (!by_handoff)
        begin_slice(cpu);
    if (next != NULL && next->ring.phase == RING_WOKEN)
        ringserve_resume(cpu, next);
    return next;
}

// Work that is nobody's in particular; true when there was some.
static bool run_pending(struct cpu *cpu) {
    bool worked = false;

    if (atomic_load_explicit(&cpu->pending, memory_order_relaxed) != 0) {
        atomic_exchange(&cpu->pending, 0);
        timers_run(cpu);
        worked = true;
    }
    if (!list_is_empty(&cpu->kernel->reaping))
        worked |= process_reap(cpu);
    if (cpu->closing != NULL || cpu->moved != NULL)
        worked |= object_close_pending(cpu);
    return worked;
}

// After an interrupt. A slice ends for other threads, or for work that is nobody's; without either
// it has no end, or an end in the past would interrupt for ever.
static bool slice_is_over(struct cpu *cpu) {
    bool over;

    if (cpu->queue.count == 0 && list_is_empty(&cpu->kernel->reaping)) {
        cpu->timers.slice_end = UINT64_MAX;
        timers_rearm(cpu);
        return false;
    }
    over = cpu->timers.slice_end <= machine_now(cpu);
    if (over && cpu->queue.count == 0)
        cpu->timers.slice_end = UINT64_MAX;
    limit_slice(cpu);
    return over && cpu->queue.count != 0;
}

static struct thread *leave_dead(struct cpu *cpu) {
    thread_die(cpu, cpu->current);
    object_close_pending(cpu);
    return switch_thread(cpu);
}

static struct thread *preempt(struct cpu *cpu) {
    struct thread *thread = cpu->current;

    account(cpu, thread);
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    push(cpu, thread);
    return switch_thread(cpu);
}

static void queue_handoff(struct cpu *cpu) {
    struct thread *thread = cpu->handoff;

    cpu->handoff = NULL;
    sched_ready(cpu, thread);
}

struct thread *sched_leave(struct cpu *cpu) {
    bool interrupted = atomic_load_explicit(&cpu->pending, memory_order_relaxed) != 0;

    run_pending(cpu);
    if (cpu->handoff != NULL && !is_killed(cpu->current))
        queue_handoff(cpu);
    while (cpu->current != NULL && is_killed(cpu->current))
        leave_dead(cpu);
    if (interrupted && cpu->current != NULL && slice_is_over(cpu))
        preempt(cpu);
    if (cpu->current != NULL && !list_is_empty(&cpu->kernel->reaping))
        limit_slice(cpu); // so that somebody goes on with it
    kernel_leave(cpu);
    return cpu->current;
}

struct thread *sched_leave_waiting(struct cpu *cpu) {
    run_pending(cpu);
    switch_thread(cpu);
    while (cpu->current != NULL && is_killed(cpu->current))
        leave_dead(cpu);
    kernel_leave(cpu);
    return cpu->current;
}

struct thread *sched_interrupt(struct cpu *cpu) {
    kernel_enter(cpu);
    return sched_leave(cpu);
}

struct thread *sched_idle_round(struct cpu *cpu, bool *worked) {
    kernel_enter(cpu);
    *worked = run_pending(cpu);
    switch_thread(cpu);
    *worked |= reclaim_is_pending(cpu);
    kernel_leave(cpu);
    return cpu->current;
}

struct thread *sched_idle(struct cpu *cpu) {
    bool worked;

    while (sched_idle_round(cpu, &worked) == NULL)
        if (!worked)
            machine_idle(cpu);
    return cpu->current;
}
