// SPDX-License-Identifier: MIT
// The scheduler's part that makes threads ready (sched.h): to which CPU's queue they go, and who is
// told. What wakes may be any CPU, also one that runs nothing.
#include "base/bits.h"
#include "core/kernel.h"
#include "core/process.h"
#include "core/sched_parts.h"
#include "core/thread.h"

// A CPU that is idle is claimed by one waker, so that two don't choose the same.
static bool claim_idle(struct cpu *cpu) {
    return atomic_load(&cpu->idle) != 0 && atomic_exchange(&cpu->idle, 0) != 0;
}

// An idle CPU that the thread may run on, the nearest from `first` on, or NULL. Without a thread:
// any.
static struct cpu *find_idle(struct cpu *cpu, const struct thread *thread, uint32_t first) {
    struct kernel *kernel = cpu->kernel;

    for (uint32_t i = 0; i < kernel->cpu_count; i++) {
        struct cpu *other = kernel->cpus[(first + i) % kernel->cpu_count];

        if ((thread == NULL || sched_may_run(thread, other)) && claim_idle(other))
            return other;
    }
    return NULL;
}

// The CPU that the thread ran on last, or the next that it may run on.
static struct cpu *home_of(struct cpu *cpu, const struct thread *thread) {
    struct kernel *kernel = cpu->kernel;
    uint32_t first = atomic_load_explicit(&thread->cpu, memory_order_relaxed), i = first;

    while (!sched_may_run(thread, kernel->cpus[i])) {
        i = (i + 1) % kernel->cpu_count;
        if (i == first)
            break;
    }
    return kernel->cpus[i];
}

void sched_tell(struct cpu *cpu, struct cpu *target) {
    cpu_interrupt_pending(target, PENDING_RESCHEDULE);
    if (target != cpu)
        machine_ipi(cpu, target);
}

// Queues a thread that is nobody's where it ran last. A CPU that has become idle meanwhile may have
// looked at the queue too early; it is told to look again, and takes the thread.
static void ready_at_home(struct cpu *cpu, struct thread *thread) {
    struct cpu *home = home_of(cpu, thread), *idle;

    if (run_queue_add(cpu, thread, home))
        sched_tell(cpu, home);
    idle = find_idle(cpu, thread, home->index);
    if (idle != NULL && idle != home)
        sched_tell(cpu, idle);
}

void sched_ready(struct cpu *cpu, struct thread *thread) {
    uint32_t has = atomic_load(&thread->on_cpu);
    struct cpu *idle = NULL;

    while (has != 0)
        if (atomic_compare_exchange_weak(&thread->on_cpu, &has, has | THREAD_WOKEN))
            return;
    if (cpu->current != NULL || thread->cpu != cpu->index)
        idle = find_idle(cpu, thread, thread->cpu);
    if (idle == NULL) {
        ready_at_home(cpu, thread);
        return;
    }
    run_queue_add(cpu, thread, idle);
    sched_tell(cpu, idle);
}

void sched_ready_handoff(struct cpu *cpu, struct thread *thread) {
    if (cpu->handoff != NULL || cpu->current == NULL || atomic_load(&thread->on_cpu) != 0 ||
        !sched_may_run(thread, cpu)) {
        sched_ready(cpu, thread);
        return;
    }
    atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
    run_queue_rebase(cpu, thread, cpu);
    cpu->handoff = thread;
}

void sched_queue_handoff(struct cpu *cpu) {
    struct thread *thread = cpu->handoff;

    cpu->handoff = NULL;
    sched_ready(cpu, thread);
}

void sched_kick(struct cpu *cpu, struct thread *thread) {
    uint32_t has = atomic_load(&thread->on_cpu) & ~THREAD_WOKEN;

    if (has != 0 && has - 1 != cpu->index)
        machine_ipi(cpu, cpu->kernel->cpus[has - 1]);
}

void sched_move(struct cpu *cpu, struct thread *thread) {
    uint32_t has = atomic_load(&thread->on_cpu) & ~THREAD_WOKEN;
    uint32_t queued = atomic_load_explicit(&thread->cpu, memory_order_relaxed);
    struct cpu *home = cpu->kernel->cpus[has != 0 ? has - 1 : queued];

    if (sched_may_run(thread, home))
        return;
    if (run_queue_remove(cpu, thread))
        sched_ready(cpu, thread);
    else
        sched_tell(cpu, home); // which has it, or is about to
}

void sched_reconsider(struct cpu *cpu, struct thread *thread) {
    uint32_t has = atomic_load(&thread->on_cpu) & ~THREAD_WOKEN;

    if (has != 0)
        sched_tell(cpu, cpu->kernel->cpus[has - 1]);
}

void sched_hasten_end(struct cpu *cpu, struct thread *thread) {
    struct cpu *home;

    if (!run_queue_remove(cpu, thread) && !sched_unthrottle(thread))
        return;
    home = cpu->kernel->cpus[thread->cpu];
    run_queue_add_first(cpu, thread, home);
    sched_tell(cpu, home);
}

void sched_tell_work(struct cpu *cpu) {
    struct cpu *idle = find_idle(cpu, NULL, cpu->index);

    sched_tell(cpu, cpu);
    if (idle != NULL && idle != cpu)
        sched_tell(cpu, idle);
}
