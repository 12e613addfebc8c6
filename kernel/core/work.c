// SPDX-License-Identifier: MIT
// The list of work (work.h). An item counts until it is DONE, wherever it is, so that CPUs with
// nothing else to do come back for the rest of it, and those with one thread only still look.
#include "core/work.h"

#include "core/kernel.h"
#include "core/panic.h"
#include "core/sched.h"

void work_init(struct work *work, work_fn *step) {
    list_node_init(&work->node);
    work->step = step;
}

static void push(struct kernel *kernel, struct work *work) {
    lock_take(&kernel->work_lock);
    kassert(!list_is_linked(&work->node));
    list_push_back(&kernel->work, &work->node);
    lock_drop(&kernel->work_lock);
}

void work_resume(struct cpu *cpu, struct work *work) {
    push(cpu->kernel, work);
    sched_tell_work(cpu);
}

void work_add(struct cpu *cpu, struct work *work) {
    atomic_fetch_add(&cpu->kernel->work_count, 1);
    work_resume(cpu, work);
}

static struct work *take(struct kernel *kernel) {
    struct list_node *node;

    lock_take(&kernel->work_lock);
    node = list_pop_front(&kernel->work);
    lock_drop(&kernel->work_lock);
    return node == NULL ? NULL : list_entry(node, struct work, node);
}

bool work_step(struct cpu *cpu) {
    struct work *work = take(cpu->kernel);

    if (work == NULL)
        return false;
    switch (work->step(cpu, work)) {
    case WORK_AGAIN:
        push(cpu->kernel, work);
        break;
    case WORK_DONE:
        atomic_fetch_sub(&cpu->kernel->work_count, 1);
        break;
    case WORK_AWAY:
        break;
    }
    return true;
}

bool work_is_pending(const struct cpu *cpu) {
    return atomic_load(&cpu->kernel->work_count) != 0;
}
