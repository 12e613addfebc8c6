// SPDX-License-Identifier: MIT
// Processes: birth, and death in two steps (process.h). The reaper takes a dead process apart in
// this order: the calls that it holds, its capabilities, its threads' rings, its memory; then its
// ledger is closed and those who wait are answered. One CPU at a time works on one process.
#include "core/process.h"

#include "base/memory.h"
#include "base/text.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/vm.h"

#define REAP_BUDGET 32u

static void copy_name(struct process *process, const char *name) {
    for (size_t i = 0; i < CAPOS_NAME_MAX && name[i] != '\0'; i++)
        process->name[i] = name[i];
}

static void publish(struct kernel *kernel, struct process *process) {
    object_get(&process->object);
    lock_take(&kernel->processes_lock);
    list_push_back(&kernel->processes, &process->sibling);
    kernel->process_count++;
    lock_drop(&kernel->processes_lock);
}

enum capos_status process_create(struct cpu *cpu, struct ledger *lender,
                                 const struct process_start *start, struct process **out) {
    struct kernel *kernel = cpu->kernel;
    struct process *process;
    struct object *object;
    enum capos_status status = object_create(cpu, &process_type, lender, &object);

    if (status != CAPOS_STATUS_OK)
        return status;
    process = (struct process *)(void *)object;
    status = ledger_create(cpu, lender, &start->limits, &process->ledger);
    if (status != CAPOS_STATUS_OK)
        goto no_ledger;
    status = vm_create(cpu, process->ledger, &process->vm);
    if (status != CAPOS_STATUS_OK)
        goto no_vm;
    process->id = atomic_fetch_add(&kernel->next_id, 1);
    process->session = start->session;
    copy_name(process, start->name);
    captable_init(&process->table, process, process->ledger);
    token_table_init(&process->tokens, process);
    lock_init(&process->lock);
    list_init(&process->threads);
    list_node_init(&process->sibling);
    list_node_init(&process->reaping);
    call_queue_init(&process->waiters, kernel->process_answer);
    publish(kernel, process);
    *out = process;
    return CAPOS_STATUS_OK;

no_vm:
    ledger_close(cpu, process->ledger);
no_ledger:
    object_discard(cpu, object);
    return status;
}

// Puts a process without threads on the reaper's list, once.
static void begin_reaping(struct cpu *cpu, struct process *process) {
    struct kernel *kernel = cpu->kernel;

    lock_take(&kernel->processes_lock);
    if (process->reap_step == REAP_NOT) {
        process->reap_step = REAP_HELD;
        process->reap_position = 1;
        list_push_back(&kernel->reaping, &process->reaping);
    }
    lock_drop(&kernel->processes_lock);
}

void process_check_end(struct cpu *cpu, struct process *process) {
    bool ends;

    lock_take(&process->lock);
    ends = process->threads_left == 0;
    if (ends && process->state == PROCESS_RUNNING) {
        process->state = PROCESS_ENDING;
        process->end = (struct process_end){.kind = PROCESS_EXITED};
    }
    lock_drop(&process->lock);
    if (ends)
        begin_reaping(cpu, process);
}

void process_kill_thread_locked(struct cpu *cpu, struct thread *thread) {
    atomic_fetch_or(&thread->attention, ATTENTION_KILLED);
    if (thread->state == THREAD_NEW) {
        atomic_store(&thread->state, THREAD_DEAD);
        thread->process->threads_left--;
    } else if (ring_interrupt_wait(&thread->ring)) {
        sched_ready(cpu, thread);
    } else {
        sched_kick(cpu, thread);
    }
}

void process_kill(struct cpu *cpu, struct process *process, const struct process_end *end) {
    const struct list_node *node;
    bool first;

    lock_take(&process->lock);
    first = process->state == PROCESS_RUNNING;
    if (first) {
        process->state = PROCESS_ENDING;
        process->end = *end;
    }
    for (node = list_first(&process->threads); first && node != NULL;
         node = list_next(&process->threads, node)) {
        struct thread *thread = list_entry(node, struct thread, sibling);

        if (thread->state != THREAD_DEAD)
            process_kill_thread_locked(cpu, thread);
    }
    lock_drop(&process->lock);
    if (first)
        process_check_end(cpu, process);
}

struct thread *process_exit(struct cpu *cpu, int32_t status) {
    const struct process_end end = {.kind = PROCESS_EXITED, .status = status};

    kernel_enter(cpu);
    process_kill(cpu, cpu->current->process, &end);
    return sched_leave(cpu);
}

struct thread *process_crash(struct cpu *cpu, const struct crash_record *crash) {
    const struct process_end end = {.kind = PROCESS_CRASHED, .crash = *crash};

    kernel_enter(cpu);
    process_kill(cpu, cpu->current->process, &end);
    return sched_leave(cpu);
}

static void release_threads(struct cpu *cpu, struct process *process) {
    struct list_node *node;
    struct thread *thread;

    while ((node = list_pop_front(&process->threads)) != NULL) {
        thread = list_entry(node, struct thread, sibling);
        thread_release_ring(cpu, thread);
        object_put(cpu, &thread->object);
    }
}

static void finish(struct cpu *cpu, struct process *process) {
    struct kernel *kernel = cpu->kernel;

    release_threads(cpu, process);
    vm_destroy(cpu, process->vm);
    process->vm = NULL;
    token_table_fini(cpu, &process->tokens);
    captable_fini(cpu, &process->table);
    ledger_close(cpu, process->ledger);
    lock_take(&kernel->processes_lock);
    list_remove(&process->sibling);
    kernel->process_count--;
    lock_drop(&kernel->processes_lock);
    lock_take(&process->lock);
    process->state = PROCESS_ENDED;
    lock_drop(&process->lock);
    if (process->waiters.answer != NULL)
        call_queue_answer_all(cpu, &process->waiters, CAPOS_STATUS_OK);
    object_put(cpu, &process->object);
}

static bool rings_are_idle(const struct process *process) {
    const struct list_node *node;

    for (node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node))
        if (!ring_is_idle(&list_entry(node, struct thread, sibling)->ring))
            return false;
    return true;
}

// One step; true when the process is done.
static bool reap_step(struct cpu *cpu, struct process *process) {
    switch ((enum reap_step)process->reap_step) {
    case REAP_NOT:
    case REAP_HELD:
        if (rings_are_idle(process) &&
            endpoint_end_held(cpu, process, NULL, &process->reap_position, REAP_BUDGET)) {
            process->reap_step = REAP_TABLE;
            process->reap_position = 0;
        }
        return false;
    case REAP_TABLE:
        if (captable_clear(cpu, &process->table, &process->reap_position, REAP_BUDGET))
            process->reap_step = REAP_REST;
        return false;
    case REAP_REST:
        finish(cpu, process);
        return true;
    }
    return true;
}

bool process_reap(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;
    struct list_node *node;
    struct process *process;

    lock_take(&kernel->processes_lock);
    node = list_pop_front(&kernel->reaping);
    lock_drop(&kernel->processes_lock);
    if (node == NULL)
        return false;
    process = list_entry(node, struct process, reaping);
    if (reap_step(cpu, process))
        return true;
    lock_take(&kernel->processes_lock);
    list_push_back(&kernel->reaping, node);
    lock_drop(&kernel->processes_lock);
    return true;
}

void process_discard(struct cpu *cpu, struct process *process) {
    kassert(list_is_empty(&process->threads));
    process->state = PROCESS_ENDING;
    process->reap_step = REAP_TABLE;
    while (!reap_step(cpu, process))
        continue;
    object_put(cpu, &process->object);
}

const struct object_type process_type = {
    .name = "process",
    .size = sizeof(struct process),
    .kind = OBJECT_KERNEL,
};
