// SPDX-License-Identifier: MIT
// Timers (timer.h). What is due is taken out one by one and called without the lock; meanwhile the
// timer is FIRING, and timer_stop on another CPU waits until its function has said timer_fired.
#include "core/timer.h"

#include "base/bits.h"
#include "core/call.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/sched_context.h"
#include "core/thread.h"
#include "machine/time.h"

// Timers that one interrupt serves; if more are due, the next comes at once.
#define AT_ONCE 64u

void timers_init(struct timers *timers) {
    lock_init(&timers->lock, LOCK_TIMERS);
    heap_init(&timers->heap);
    timers->slice_end = timers->armed = UINT64_MAX;
}

static struct timer *timer_of(struct heap_node *node) {
    return (struct timer *)(void *)((char *)node - offsetof(struct timer, node));
}

// The CPU's timer is only ever set to an earlier time, until it has come: one interrupt too many
// does no harm, but one that is put off at each switch may never come, and setting it is slow.
static void arm(struct cpu *cpu, uint64_t deadline) {
    if (deadline >= cpu->timers.armed)
        return;
    cpu->timers.armed = deadline;
    machine_timer_arm(cpu, deadline);
}

void timers_rearm(struct cpu *cpu) {
    struct timers *timers = &cpu->timers;
    struct heap_node *first;
    uint64_t deadline;

    lock_take(&timers->lock);
    first = heap_first(&timers->heap);
    deadline = first == NULL ? UINT64_MAX : first->key;
    lock_drop(&timers->lock);
    arm(cpu, min_u64(deadline, timers->slice_end));
}

void timer_arm(struct cpu *cpu, struct timer *timer, uint64_t deadline) {
    struct timers *timers = &cpu->timers;
    bool first;

    kassert(atomic_load_explicit(&timer->state, memory_order_relaxed) == TIMER_IDLE);
    timer->cpu = (uint16_t)cpu->index;
    timer->node.key = deadline;
    lock_take(&timers->lock);
    atomic_store_explicit(&timer->state, TIMER_ARMED, memory_order_release);
    heap_add(&timers->heap, &timer->node);
    first = heap_first(&timers->heap) == &timer->node;
    lock_drop(&timers->lock);
    if (first)
        arm(cpu, min_u64(deadline, timers->slice_end));
}

bool timer_stop(struct cpu *cpu, struct timer *timer) {
    struct timers *timers;
    bool armed;

    if (timer_is_idle(timer))
        return false;
    timers = &cpu->kernel->cpus[timer->cpu]->timers;
    lock_take(&timers->lock);
    armed = atomic_load_explicit(&timer->state, memory_order_relaxed) == TIMER_ARMED;
    if (armed) {
        heap_remove(&timers->heap, &timer->node);
        atomic_store_explicit(&timer->state, TIMER_IDLE, memory_order_relaxed);
    }
    lock_drop(&timers->lock);
    while (atomic_load_explicit(&timer->state, memory_order_acquire) == TIMER_FIRING)
        machine_relax();
    return armed;
}

void timer_fired(struct timer *timer) {
    kassert(atomic_load_explicit(&timer->state, memory_order_relaxed) == TIMER_FIRING);
    atomic_store_explicit(&timer->state, TIMER_IDLE, memory_order_release);
}

static void thread_expired(struct cpu *cpu, struct timer *timer) {
    struct thread *thread =
        (struct thread *)(void *)((char *)timer - offsetof(struct thread, deadline));

    ring_timed_out(cpu, &thread->ring);
}

static void call_expired(struct cpu *cpu, struct timer *timer) {
    call_timed_out(cpu, (struct call *)(void *)((char *)timer - offsetof(struct call, timer)));
}

static void (*const expired[TIMER_KINDS])(struct cpu *cpu, struct timer *timer) = {
    [TIMER_THREAD] = thread_expired,
    [TIMER_CALL] = call_expired,
    [TIMER_CONTEXT] = sched_context_expired,
};

static struct timer *take_due(struct timers *timers, uint64_t now) {
    struct heap_node *first;
    struct timer *timer = NULL;

    lock_take(&timers->lock);
    first = heap_first(&timers->heap);
    if (first != NULL && first->key <= now) {
        timer = timer_of(first);
        heap_remove(&timers->heap, first);
        atomic_store_explicit(&timer->state, TIMER_FIRING, memory_order_relaxed);
    }
    lock_drop(&timers->lock);
    return timer;
}

void timers_run(struct cpu *cpu) {
    uint64_t now = machine_now(cpu);
    struct timer *timer;

    cpu->timers.armed = UINT64_MAX;
    for (unsigned i = 0; i < AT_ONCE && (timer = take_due(&cpu->timers, now)) != NULL; i++)
        expired[timer->kind](cpu, timer);
    timers_rearm(cpu);
}
