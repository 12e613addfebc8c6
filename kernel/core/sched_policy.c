// SPDX-License-Identifier: MIT
// Shares (sched_policy.h). A thread's own are atomic, so that whoever changes them need not stop
// it; the process's are guarded by its lock.
#include "core/sched_policy.h"

#include "core/kernel.h"
#include "core/process.h"
#include "core/sched.h"
#include "core/thread.h"

#define PACE_ONE (UINT64_C(1) << 32)

static uint64_t all_cpus(const struct kernel *kernel) {
    return kernel->cpu_count == 64 ? UINT64_MAX : (UINT64_C(1) << kernel->cpu_count) - 1;
}

void sched_share_init(struct process *process, struct process *parent) {
    process->share = (struct sched_share){SCHED_WEIGHT_NORMAL, UINT64_MAX, NULL};
    if (parent == NULL)
        return;
    lock_take(&parent->lock);
    process->share = parent->share;
    if (process->share.context != NULL)
        object_get(&process->share.context->object);
    lock_drop(&parent->lock);
}

static void set_pace(struct thread *thread, uint32_t weight) {
    atomic_store_explicit(&thread->pace, (uint32_t)(PACE_ONE / weight), memory_order_relaxed);
}

// Of a thread that may be running alone, uninterrupted, for long: its CPU is told.
static void change_pace(struct cpu *cpu, struct thread *thread, uint32_t weight) {
    set_pace(thread, weight);
    sched_reconsider(cpu, thread);
}

static void set_affinity(const struct kernel *kernel, struct thread *thread, uint64_t cpus) {
    atomic_store(&thread->affinity, cpus);
    thread_attend(thread, ATTENTION_BOUND, (~cpus & all_cpus(kernel)) != 0);
}

void sched_inherit_locked(struct cpu *cpu, struct thread *thread) {
    set_pace(thread, thread->process->share.weight);
    set_affinity(cpu->kernel, thread, thread->process->share.affinity);
    thread->account.own = thread->process->share.context;
    if (thread->account.own == NULL)
        return;
    object_get(&thread->account.own->object);
    atomic_store_explicit(&thread->payer, thread->account.own, memory_order_release);
    thread_attend(thread, ATTENTION_PAID, true);
}

bool sched_may_run(const struct thread *thread, const struct cpu *cpu) {
    return (atomic_load_explicit(&thread->affinity, memory_order_relaxed) >> cpu->index & 1) != 0;
}

enum capos_status sched_set_thread_weight(struct cpu *cpu, struct thread *thread, uint32_t weight) {
    if (weight < SCHED_WEIGHT_MIN || weight > SCHED_WEIGHT_MAX)
        return CAPOS_STATUS_MALFORMED;
    change_pace(cpu, thread, weight);
    return CAPOS_STATUS_OK;
}

enum capos_status sched_set_weight(struct cpu *cpu, struct process *process, uint32_t weight) {
    struct list_node *node;

    if (weight < SCHED_WEIGHT_MIN || weight > SCHED_WEIGHT_MAX)
        return CAPOS_STATUS_MALFORMED;
    lock_take(&process->lock);
    process->share.weight = weight;
    for (node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node))
        change_pace(cpu, list_entry(node, struct thread, sibling), weight);
    lock_drop(&process->lock);
    return CAPOS_STATUS_OK;
}

enum capos_status sched_set_thread_affinity(struct cpu *cpu, struct thread *thread, uint64_t cpus) {
    if ((cpus & all_cpus(cpu->kernel)) == 0)
        return CAPOS_STATUS_MALFORMED;
    set_affinity(cpu->kernel, thread, cpus);
    sched_move(cpu, thread);
    return CAPOS_STATUS_OK;
}

enum capos_status sched_set_affinity(struct cpu *cpu, struct process *process, uint64_t cpus) {
    struct list_node *node;

    if ((cpus & all_cpus(cpu->kernel)) == 0)
        return CAPOS_STATUS_MALFORMED;
    lock_take(&process->lock);
    process->share.affinity = cpus;
    for (node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node)) {
        struct thread *thread = list_entry(node, struct thread, sibling);

        set_affinity(cpu->kernel, thread, cpus);
        sched_move(cpu, thread);
    }
    lock_drop(&process->lock);
    return CAPOS_STATUS_OK;
}
