// SPDX-License-Identifier: MIT
// Processes: birth, and death in two steps (process.h). The first makes it dead: its threads end
// all that they have begun when they are gone. The second is the reaper's, in the order of enum
// reap_step, a bounded step at a time, as work (work.h).
#include "core/process.h"

#include "base/memory.h"
#include "base/text.h"
#include "core/debug.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/vm.h"

#define REAP_BUDGET 32u

static work_fn process_reap;

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
    lock_init(&process->lock, LOCK_PROCESS);
    list_init(&process->threads);
    list_node_init(&process->member);
    status = session_join(cpu, process, start->session_object);
    if (status != CAPOS_STATUS_OK)
        goto no_session;
    status = ledger_create(cpu, lender, &start->limits, &process->ledger);
    if (status != CAPOS_STATUS_OK)
        goto no_ledger;
    status = vm_create(cpu, process->ledger, &process->vm);
    if (status != CAPOS_STATUS_OK)
        goto no_vm;
    process->id = atomic_fetch_add(&kernel->next_id, 1);
    process->session = start->session;
    sched_share_init(process, start->parent);
    copy_name(process, start->name);
    captable_init(&process->table, process, process->ledger);
    token_table_init(&process->tokens, process);
    list_node_init(&process->sibling);
    work_init(&process->reaping, process_reap);
    call_queue_init(&process->waiters, kernel->process_answer);
    publish(kernel, process);
    *out = process;
    return CAPOS_STATUS_OK;

no_vm:
    ledger_close(cpu, process->ledger);
no_ledger:
    session_leave(cpu, process);
no_session:
    object_discard(cpu, object);
    return status;
}

bool process_lose_threads_locked(struct process *process, uint32_t count) {
    bool last;

    process->threads_left -= count;
    last = process->threads_left == 0;
    if (last && process->state == PROCESS_RUNNING) {
        process->state = PROCESS_ENDING;
        process->end = (struct process_end){.kind = PROCESS_EXITED};
    }
    return last;
}

void process_kill(struct cpu *cpu, struct process *process, const struct process_end *end) {
    struct list_node *node;
    bool first, last = false;
    uint32_t never_ran = 0;

    lock_take(&process->lock);
    first = process->state == PROCESS_RUNNING;
    if (first) {
        process->state = PROCESS_ENDING;
        process->end = *end;
    }
    node = first ? list_first(&process->threads) : NULL;
    for (; node != NULL; node = list_next(&process->threads, node)) {
        struct thread *thread = list_entry(node, struct thread, sibling);

        if (thread->state != THREAD_DEAD)
            never_ran += thread_stop_locked(cpu, thread);
    }
    if (never_ran != 0)
        last = process_lose_threads_locked(process, never_ran);
    lock_drop(&process->lock);
    if (last)
        process_reap_later(cpu, process);
}

// A process that is being made has no thread, or one that is NEW.
static bool is_made(struct process *process) {
    struct list_node *first;
    bool made;

    lock_take(&process->lock);
    first = list_first(&process->threads);
    made = process->state != PROCESS_RUNNING ||
           (first != NULL && list_entry(first, struct thread, sibling)->state != THREAD_NEW);
    lock_drop(&process->lock);
    return made;
}

void process_end_session(struct cpu *cpu, struct process *process) {
    static const struct process_end end = {.kind = PROCESS_SESSION_ENDED};

    if (is_made(process))
        process_kill(cpu, process, &end);
}

struct thread *process_exit(struct cpu *cpu, int32_t status) {
    const struct process_end end = {.kind = PROCESS_EXITED, .status = status};

    kernel_enter(cpu);
    process_kill(cpu, cpu->current->process, &end);
    return sched_leave(cpu);
}

struct thread *process_crash(struct cpu *cpu, const struct crash_record *crash) {
    struct process_end end = {.kind = PROCESS_CRASHED, .crash = *crash};

    end.crash.thread = cpu->current->id;
    kernel_enter(cpu);
    process_kill(cpu, cpu->current->process, &end);
    return sched_leave(cpu);
}

void process_reap_later(struct cpu *cpu, struct process *process) {
    kassert(process->reap_step == REAP_NOT);
    process->reap_step = REAP_CALLS;
    work_add(cpu, &process->reaping);
}

// What a step has come to.
enum reap_result {
    REAP_AGAIN, // there is more of it
    REAP_NEXT,
    REAP_AWAY, // it is not to be worked on now
    REAP_DONE,
};

static bool rings_are_idle(const struct process *process) {
    const struct list_node *node;

    for (node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node))
        if (!thread_ring_is_idle(list_entry(node, struct thread, sibling)))
            return false;
    return true;
}

// Other CPUs may still be delivering messages to its rings; what they deliver is held then.
static enum reap_result reap_calls(struct cpu *cpu, struct process *process) {
    return rings_are_idle(process) &&
                   endpoint_end_held(cpu, process, NULL, &process->reap_position, REAP_BUDGET)
               ? REAP_NEXT
               : REAP_AGAIN;
}

static enum reap_result reap_table(struct cpu *cpu, struct process *process) {
    return captable_clear(cpu, &process->table, &process->reap_position, REAP_BUDGET) ? REAP_NEXT
                                                                                      : REAP_AGAIN;
}

static enum reap_result reap_thread(struct cpu *cpu, struct process *process) {
    struct list_node *node;
    struct thread *thread;

    lock_take(&process->lock);
    node = list_pop_front(&process->threads);
    lock_drop(&process->lock);
    if (node == NULL) {
        (void)ring_spare_drop(cpu, process);
        return REAP_NEXT;
    }
    thread = list_entry(node, struct thread, sibling);
    thread_release(cpu, thread);
    object_put(cpu, &thread->object);
    return REAP_AGAIN;
}

static enum reap_result reap_memory(struct cpu *cpu, struct process *process) {
    struct vm *vm = process->vm;

    if (!vm_reap(cpu, vm, REAP_BUDGET))
        return REAP_AGAIN;
    process->vm = NULL;
    vm_destroy(cpu, vm);
    return REAP_NEXT;
}

static void reap_waited(struct cpu *cpu, struct reclaim_node *node) {
    struct process *process =
        (struct process *)(void *)((char *)node - offsetof(struct process, reap_wait));

    work_resume(cpu, &process->reaping);
}

// Whoever waits for the process's end is to find what it had used given back, so its end comes
// after the memory that other CPUs may still be looking at has been freed.
static enum reap_result reap_rest(struct cpu *cpu, struct process *process) {
    token_table_fini(cpu, &process->tokens);
    captable_fini(cpu, &process->table);
    sched_unbind(cpu, process);
    process->reap_step = REAP_CLOSE;
    reclaim_retire(cpu, &process->reap_wait, reap_waited);
    return REAP_AWAY;
}

static enum reap_result reap_close(struct cpu *cpu, struct process *process) {
    struct kernel *kernel = cpu->kernel;

    if (atomic_load(&process->ledger->under_way) != 0)
        return REAP_AGAIN;

    ledger_close(cpu, process->ledger);
    process->ledger = NULL;
    session_leave(cpu, process);
    lock_take(&kernel->processes_lock);
    list_remove(&process->sibling);
    kernel->process_count--;
    lock_drop(&kernel->processes_lock);
    lock_take(&process->lock);
    process->state = PROCESS_ENDED;
    lock_drop(&process->lock);
    debug_process_ended(kernel);
    return REAP_NEXT;
}

static enum reap_result reap_answer(struct cpu *cpu, struct process *process) {
    for (unsigned i = 0; call_queue_answer(cpu, &process->waiters, CAPOS_STATUS_OK); i++)
        if (i == REAP_BUDGET)
            return REAP_AGAIN;
    object_put(cpu, &process->object);
    return REAP_DONE;
}

typedef enum reap_result reap_fn(struct cpu *cpu, struct process *process);

static reap_fn *const reap_steps[REAP_STEPS] = {
    [REAP_CALLS] = reap_calls,   [REAP_TABLE] = reap_table, [REAP_THREADS] = reap_thread,
    [REAP_MEMORY] = reap_memory, [REAP_REST] = reap_rest,   [REAP_CLOSE] = reap_close,
    [REAP_ANSWER] = reap_answer,
};

static enum work_result process_reap(struct cpu *cpu, struct work *work) {
    struct process *process = list_entry(work, struct process, reaping);
    enum reap_result result = reap_steps[process->reap_step](cpu, process);

    if (result == REAP_NEXT) {
        process->reap_step++;
        process->reap_position = 0;
    }
    if (result == REAP_AWAY)
        return WORK_AWAY;
    return result == REAP_DONE ? WORK_DONE : WORK_AGAIN;
}

void process_discard(struct cpu *cpu, struct process *process) {
    kassert(list_is_empty(&process->threads));
    process->state = PROCESS_ENDING;
    while (reap_table(cpu, process) != REAP_NEXT)
        continue;
    while (reap_memory(cpu, process) != REAP_NEXT)
        continue;
    token_table_fini(cpu, &process->tokens);
    captable_fini(cpu, &process->table);
    sched_unbind(cpu, process);
    reap_close(cpu, process);
    object_put(cpu, &process->object); // the list's
    object_put(cpu, &process->object);
}

const struct object_type process_type = {
    .name = "process",
    .size = sizeof(struct process),
    .kind = OBJECT_KERNEL,
};
