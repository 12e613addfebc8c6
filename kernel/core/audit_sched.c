// SPDX-License-Identifier: MIT
// The audit of the scheduler: queues, counts and states.
#include "core/audit_parts.h"

#include "core/kernel.h"
#include "core/process.h"
#include "core/sched.h"
#include "core/thread.h"

static uint64_t all_cpus(const struct kernel *kernel) {
    return UINT64_MAX >> (64 - kernel->cpu_count);
}

// How many threads should be in each CPU's queue or handoff, by their own account; NULL or what is
// wrong with one of them.
static const char *count_ready(struct kernel *kernel, uint32_t ready[CAPOS_CPUS_MAX]) {
    const struct list_node *node, *inner;

    for (node = list_first(&kernel->processes); node != NULL;
         node = list_next(&kernel->processes, node)) {
        struct process *process = list_entry(node, struct process, sibling);

        for (inner = list_first(&process->threads); inner != NULL;
             inner = list_next(&process->threads, inner)) {
            struct thread *thread = list_entry(inner, struct thread, sibling);
            uint32_t has = atomic_load(&thread->on_cpu);

            if ((thread->state == THREAD_THROTTLED) != list_is_linked(&thread->throttled))
                return "sched: what waits for a budget is on its context's list";
            if (thread->state == THREAD_THROTTLED && !timer_is_set(&thread->account.own->timer))
                return "sched: a context that is waited for has its timer set";
            if (thread->payer !=
                (thread->account.serving != 0 ? thread->account.lent : thread->account.own))
                return "sched: who pays is who lends, or the thread's own context";
            if ((thread->payer != NULL) != ((thread->attention & ATTENTION_PAID) != 0))
                return "sched: who has a payer says so";
            if ((~thread->affinity & all_cpus(kernel)) != 0 &&
                (thread->attention & ATTENTION_BOUND) == 0)
                return "sched: who may not run everywhere says so";
            if (thread->state == THREAD_READY)
                ready[thread->cpu]++;
            if ((has != 0) != (thread->state == THREAD_RUNNING))
                return "sched: a thread runs that no CPU has, or the other way round";
            if (has != 0 && kernel->cpus[(has - 1) % kernel->cpu_count]->current != thread)
                return "sched: a thread's CPU runs another one";
        }
    }
    return NULL;
}

static const char *audit_cpu(struct cpu *cpu, uint32_t ready) {
    const struct thread *current = cpu->current;
    uint32_t queued = cpu->queue.count;

    if (heap_audit(&cpu->queue.ready) != queued)
        return "sched: a queue's order or count is wrong";
    if (current != NULL && atomic_load(&current->on_cpu) != cpu->index + 1)
        return "sched: a CPU runs a thread that it does not have";
    if (queued + (cpu->handoff != NULL) != ready)
        return "sched: not all that is ready is in one queue";
    return NULL;
}

const char *sched_audit(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;
    uint32_t ready[CAPOS_CPUS_MAX] = {0};
    const char *broken = count_ready(kernel, ready);

    for (uint32_t i = 0; i < kernel->cpu_count && broken == NULL; i++)
        broken = audit_cpu(kernel->cpus[i], ready[i]);
    return broken;
}
