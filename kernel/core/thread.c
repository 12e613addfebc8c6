// SPDX-License-Identifier: MIT
// Threads: birth and death (thread.h).
#include "core/thread.h"

#include "core/kernel.h"
#include "core/panic.h"
#include "core/park.h"
#include "core/process.h"
#include "core/sched.h"
#include "machine/cpu.h"

enum { JOINERS_BATCH = 32 }; // answers between two interrupt windows

static enum capos_status adopt(struct cpu *cpu, struct process *process, struct thread *thread) {
    bool running;

    lock_take(&process->lock);
    running = process->state == PROCESS_RUNNING;
    if (running) {
        list_push_back(&process->threads, &thread->sibling);
        sched_inherit_locked(cpu, thread);
        process->threads_left++;
    }
    lock_drop(&process->lock);
    return running ? CAPOS_STATUS_OK : CAPOS_STATUS_DISCONNECTED;
}

// `maker`: the running thread, or NULL.
static void init_context(struct thread *thread, const struct thread_start *start,
                         const struct thread *maker) {
    const struct machine_start machine = {
        .entry = start->entry,
        .stack = start->stack,
        .argument = {thread->ring.address.value, start->capset.value, start->argument},
        .thread_base = start->thread_base,
        .state = ring_machine_state(&thread->ring),
        .like = maker != NULL && maker->process == thread->process ? &maker->context : NULL,
    };

    machine_context_init(&thread->context, &machine);
}

enum capos_status thread_create(struct cpu *cpu, struct process *process,
                                const struct thread_start *start, struct thread **out) {
    struct ledger *ledger = process->ledger;
    struct object *object;
    struct thread *thread;
    enum capos_status status = ledger_take(cpu, ledger, LEDGER_THREADS, 1);

    if (status != CAPOS_STATUS_OK)
        return status;
    status = object_create(cpu, &thread_type, ledger, &object);
    if (status != CAPOS_STATUS_OK)
        goto no_object;
    thread = (struct thread *)(void *)object;
    thread->process = process;
    thread->end_word = start->end_word.value;
    thread->cpu = cpu->index;
    thread->id = atomic_fetch_add(&cpu->kernel->next_id, 1);
    list_node_init(&thread->sibling);
    list_node_init(&thread->throttled);
    lock_init(&thread->account.lock, LOCK_ACCOUNT);
    timer_init(&thread->deadline, TIMER_THREAD);
    call_queue_init(&thread->joiners, cpu->kernel->thread_answer);
    status = ring_create(cpu, thread, &start->ring);
    if (status != CAPOS_STATUS_OK)
        goto no_ring;
    init_context(thread, start, cpu->current);
    status = adopt(cpu, process, thread);
    if (status != CAPOS_STATUS_OK)
        goto ending;
    object_get(&process->object);
    *out = thread;
    return CAPOS_STATUS_OK;

ending:
    machine_context_fini(cpu, &thread->context);
    ring_destroy(cpu, &thread->ring);
no_ring:
    object_discard(cpu, object);
no_object:
    ledger_give(cpu, ledger, LEDGER_THREADS, 1);
    return status;
}

void thread_start(struct cpu *cpu, struct thread *thread) {
    struct process *process = thread->process;
    bool starts;

    lock_take(&process->lock);
    starts = thread->state == THREAD_NEW;
    if (starts)
        sched_ready(cpu, thread);
    lock_drop(&process->lock);
}

void thread_kill(struct cpu *cpu, struct thread *thread) {
    struct process *process = thread->process;
    bool gone = false;

    lock_take(&process->lock);
    if (thread->state != THREAD_DEAD)
        gone = thread_stop_locked(cpu, thread);
    lock_drop(&process->lock);
    if (gone)
        thread_gone(cpu, thread);
}

void thread_exit(struct cpu *cpu, struct thread *thread, int32_t status) {
    thread->exit_status = status;
    thread->exited = true;
    thread_kill(cpu, thread);
}

bool thread_has_ended(struct cpu *cpu, struct thread *thread, struct capos_invocation *invocation) {
    bool ended;

    lock_take(&thread->process->lock);
    ended = thread->ended;
    if (!ended)
        call_hold(cpu, invocation, &thread->joiners, CAPOS_NO_DEADLINE);
    lock_drop(&thread->process->lock);
    return ended;
}

bool thread_stop_locked(struct cpu *cpu, struct thread *thread) {
    bool never_ran = thread->state == THREAD_NEW;

    atomic_fetch_or(&thread->attention, ATTENTION_KILLED);
    if (never_ran)
        atomic_store(&thread->state, THREAD_DEAD);
    else if (ring_interrupt_wait(&thread->ring))
        sched_ready(cpu, thread);
    else
        sched_kick(cpu, thread);
    if (!never_ran)
        sched_hasten_end(cpu, thread);
    return never_ran;
}

bool thread_ring_is_idle(const struct thread *thread) {
    return thread->ring.calls == NULL || ring_is_idle(&thread->ring);
}

// Its ring, and what lies with that: it runs no more. Once, whoever comes first: a thread's CPU
// when it dies, or the reaper when no CPU has it.
static void give_back_ring(struct cpu *cpu, struct thread *thread) {
    if (thread->ring.calls == NULL)
        return;
    while (!ring_is_idle(&thread->ring)) // another CPU is just ending a call
        machine_relax();
    machine_context_fini(cpu, &thread->context);
    ring_destroy(cpu, &thread->ring);
    thread->ring.calls = NULL;
    ledger_give(cpu, thread->object.ledger, LEDGER_THREADS, 1);
}

// After this nobody is held on the queue any more.
static void answer_joiners(struct cpu *cpu, struct thread *thread) {
    unsigned count = 0;

    lock_take(&thread->process->lock);
    thread->ended = true;
    lock_drop(&thread->process->lock);
    while (call_queue_answer(cpu, &thread->joiners, CAPOS_STATUS_OK))
        if (++count % JOINERS_BATCH == 0)
            machine_interrupt_window(cpu);
}

static bool dies_alone(struct thread *thread) {
    struct process *process = thread->process;
    bool alone;

    lock_take(&process->lock);
    alone = process->state == PROCESS_RUNNING;
    lock_drop(&process->lock);
    return alone;
}

void thread_die(struct cpu *cpu, struct thread *thread) {
    timer_stop(cpu, &thread->deadline);
    ring_kill(cpu, &thread->ring);
    if (!dies_alone(thread))
        return; // the reaper takes all of them apart
    give_back_ring(cpu, thread);
    answer_joiners(cpu, thread);
    if (thread->end_word != 0)
        park_tell(cpu, thread->process->vm, thread->end_word);
}

void thread_gone(struct cpu *cpu, struct thread *thread) {
    struct process *process = thread->process;
    bool last, alone; // nothing but the thread ends

    kassert(thread->state == THREAD_DEAD && thread->on_cpu == 0);
    lock_take(&process->lock);
    process->cycles += thread->cycles;
    thread->cycles = 0;
    last = process_lose_threads_locked(process, 1);
    alone = process->state == PROCESS_RUNNING;
    if (alone)
        list_remove(&thread->sibling);
    lock_drop(&process->lock);
    if (last)
        process_reap_later(cpu, process);
    if (!alone)
        return; // the reaper finds it
    thread_release(cpu, thread);
    object_put(cpu, &thread->object);
}

void thread_release(struct cpu *cpu, struct thread *thread) {
    give_back_ring(cpu, thread);
    sched_unbind_thread(cpu, thread);
    if (!thread->ended) // nobody else says so any more
        answer_joiners(cpu, thread);
}

static bool thread_close(struct cpu *cpu, struct object *object) {
    struct thread *thread = (struct thread *)(void *)object;

    thread_release(cpu, thread);
    object_put(cpu, &thread->process->object);
    return true;
}

const struct object_type thread_type = {
    .name = "thread",
    .size = sizeof(struct thread),
    .kind = OBJECT_KERNEL,
    .close = thread_close,
};
