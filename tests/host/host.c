// SPDX-License-Identifier: MIT
//
// The world of tests of kernel/core: see host.h.
#include "tests/host/host.h"

#include "core/audit.h"
#include "core/frame.h"
#include "core/memory.h"
#include "tests/host/frames.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLE_ROUNDS = 10000 };

const struct ledger_limits host_limits = {{
    [LEDGER_SLOTS] = 64,
    [LEDGER_FRAMES] = 64,
    [LEDGER_RESERVED_PAGES] = 1024,
    [LEDGER_THREADS] = 4,
    [LEDGER_ENDPOINTS] = 8,
    [LEDGER_FACETS] = 64,
    [LEDGER_CALLS_HELD] = 32,
    [LEDGER_KERNEL_MEMORY] = 128 << 10,
}};

static const struct ledger_limits everything = {{
    [LEDGER_SLOTS] = 1 << 20,
    [LEDGER_FRAMES] = 1 << 20,
    [LEDGER_RESERVED_PAGES] = UINT64_C(1) << 36,
    [LEDGER_THREADS] = 1 << 12,
    [LEDGER_ENDPOINTS] = 1 << 12,
    [LEDGER_FACETS] = 1 << 16,
    [LEDGER_CALLS_HELD] = 1 << 16,
    [LEDGER_KERNEL_MEMORY] = 1 << 30,
}};

const struct object_type host_endpoint_type = {
    .name = "Endpoint",
    .interface = UINT64_C(0x9feddfb151e2dd68),
    .size = sizeof(struct endpoint),
    .kind = OBJECT_KERNEL,
    .close = endpoint_close,
};

const struct object_type host_memory_type = {
    .name = "MemoryObject",
    .interface = 5,
    .size = sizeof(struct memory),
    .kind = OBJECT_KERNEL,
    .close = memory_close,
};

struct host *host_create(uint32_t cpus) {
    struct host *host = calloc(1, sizeof(*host));

    host->frames = host_frames_create();
    host->now = 1000;
    kernel_init(&host->kernel, host->frames, &everything);
    for (uint32_t i = 0; i < cpus; i++) {
        host->cpus[i].machine.host = host;
        host->cpus[i].machine.timer = UINT64_MAX;
        ck_assert_int_eq(kernel_add_cpu(&host->kernel, &host->cpus[i]), CAPOS_STATUS_OK);
    }
    host->kernel_bytes = ledger_used(&host->kernel.root, LEDGER_KERNEL_MEMORY);
    return host;
}

static bool has_work(struct host *host) {
    bool work = !list_is_empty(&host->kernel.work);

    for (uint32_t i = 0; i < host->kernel.cpu_count; i++)
        work |= host->cpus[i].closing != NULL || host->cpus[i].moved != NULL ||
                reclaim_is_pending(&host->cpus[i].reclaim);
    return work;
}

static void settle_some(struct host *host) {
    for (uint32_t i = 0; i < host->kernel.cpu_count; i++) {
        struct cpu *cpu = &host->cpus[i];

        kernel_enter(cpu);
        timers_run(cpu);
        work_step(cpu);
        object_close_pending(cpu);
        kernel_leave(cpu);
    }
}

void host_settle(struct host *host) {
    int rounds = 0;

    do {
        settle_some(host);
        ck_assert_int_lt(rounds++, SETTLE_ROUNDS);
    } while (has_work(host));
    host_audit(host);
}

void host_audit(struct host *host) {
    const char *broken = audit(&host->cpus[0]);

    if (broken != NULL)
        ck_abort_msg("audit: %s", broken);
}

static bool someone_dies(struct host *host) {
    const struct list *processes = &host->kernel.processes;

    for (struct list_node *node = list_first(processes); node != NULL;
         node = list_next(processes, node)) {
        const struct process *process = list_entry(node, struct process, sibling);

        if (process->state == PROCESS_ENDING && process->threads_left > 0)
            return true;
    }
    return false;
}

// Lets threads run, slice by slice, until those that are to die have died.
static void let_die(struct host *host) {
    bool worked;

    for (int rounds = 0; someone_dies(host); rounds++) {
        struct cpu *cpu = &host->cpus[(unsigned)rounds % host->kernel.cpu_count];

        ck_assert_int_lt(rounds, SETTLE_ROUNDS);
        if (cpu->current == NULL) {
            sched_idle_round(cpu, &worked);
            continue;
        }
        cpu->timers.slice_end = 0;
        host_cycles += SCHED_SLICE_NS; // so that whoever runs falls behind
        cpu_interrupt_pending(cpu, PENDING_TIMER);
        sched_interrupt(cpu);
    }
}

void host_settle_deaths(struct host *host) {
    int rounds = 0;

    do {
        let_die(host);
        settle_some(host);
        ck_assert_int_lt(rounds++, SETTLE_ROUNDS);
    } while (has_work(host) || someone_dies(host));
    host_audit(host);
}

void host_destroy(struct host *host) {
    struct cpu *cpu = &host->cpus[0];

    for (int i = 0; i < 4; i++) {
        let_die(host);
        host_settle(host);
    }
    ck_assert_uint_eq(host->kernel.process_count, 0);
    ck_assert_uint_eq(ledger_used(&host->kernel.root, LEDGER_KERNEL_MEMORY), host->kernel_bytes);
    for (unsigned i = 0; i < LEDGER_CLASSES; i++)
        ck_assert_uint_eq(host->kernel.root.lent[i], 0);
    kernel_fini(&host->kernel);
    ck_assert_uint_eq(host->kernel.kmem.used_bytes, 0);
    ck_assert_uint_eq(frame_count(cpu).free, frame_count(cpu).total);
    host_frames_destroy(host->frames);
    free(host);
}

static enum capos_status start_thread(struct actor *actor, struct ring_geometry ring) {
    struct cpu *cpu = &actor->host->cpus[0];
    const struct thread_start start = {
        .entry = {0x400000}, .stack = {0x7ffff000}, .capset = {0x20000}, .ring = ring};
    enum capos_status status = thread_create(cpu, actor->process, &start, &actor->thread);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (!ring_user_attach(&actor->ring, actor->thread->ring.base))
        ck_abort_msg("the ring's header is not what the user's end expects");
    thread_start(cpu, actor->thread);
    return CAPOS_STATUS_OK;
}

enum capos_status actor_try(struct host *host, const char *name, uint64_t session,
                            const struct ledger_limits *limits, struct ring_geometry ring,
                            struct actor *actor) {
    struct cpu *cpu = &host->cpus[0];
    const struct process_start start = {
        .name = name, .session = {.id = session, .epoch = 1}, .limits = *limits};
    enum capos_status status;

    *actor = (struct actor){.host = host};
    kernel_enter(cpu);
    status = process_create(cpu, &host->kernel.root, &start, &actor->process);
    if (status == CAPOS_STATUS_OK) {
        status = start_thread(actor, ring);
        if (status != CAPOS_STATUS_OK)
            process_discard(cpu, actor->process);
    }
    object_close_pending(cpu);
    kernel_leave(cpu);
    return status;
}

struct actor actor_create(struct host *host, const char *name, uint64_t session) {
    struct actor actor;

    ck_assert_int_eq(actor_try(host, name, session, &host_limits, ring_small, &actor),
                     CAPOS_STATUS_OK);
    return actor;
}

struct actor actor_thread(struct actor *actor, struct ring_geometry ring) {
    struct actor other = {.host = actor->host, .process = actor->process};
    struct cpu *cpu = &actor->host->cpus[0];

    kernel_enter(cpu);
    object_get(&actor->process->object);
    ck_assert_int_eq(start_thread(&other, ring), CAPOS_STATUS_OK);
    kernel_leave(cpu);
    return other;
}

void actor_destroy(struct actor *actor) {
    const struct process_end end = {.kind = PROCESS_KILLED};
    struct cpu *cpu = &actor->host->cpus[0];

    kernel_enter(cpu);
    process_kill(cpu, actor->process, &end);
    object_put(cpu, &actor->process->object);
    kernel_leave(cpu);
    let_die(actor->host);
    host_settle(actor->host);
}

// Takes a ready thread out of whatever queue it is in.
static void unqueue(struct actor *actor) {
    struct thread *thread = actor->thread;

    for (uint32_t i = 0; i < actor->host->kernel.cpu_count; i++)
        if (actor->host->cpus[i].handoff == thread) {
            actor->host->cpus[i].handoff = NULL;
            return;
        }
    ck_assert(run_queue_remove(&actor->host->cpus[0], thread));
}

void actor_run(struct actor *actor, struct cpu *cpu) {
    struct thread *thread = actor->thread;
    bool worked;

    if (cpu->current == thread)
        return;
    ck_assert_int_eq(thread->state, THREAD_READY);
    unqueue(actor);
    if (cpu->handoff != NULL) { // it goes where it would when nobody waits
        struct thread *other = cpu->handoff;

        cpu->handoff = NULL;
        sched_ready(cpu, other);
    }
    if (cpu->current == NULL) {
        run_queue_rebase(cpu, thread, cpu);
        cpu->handoff = thread;
        sched_idle_round(cpu, &worked);
    } else { // it comes first in the queue when the running thread's slice ends
        run_queue_add_first(cpu, thread, cpu);
        for (int n = 0; n < 64 && cpu->current != thread; n++) { // others may be as far behind
            host_cycles += SCHED_SLICE_NS;
            cpu->timers.slice_end = 0;
            cpu_interrupt_pending(cpu, PENDING_TIMER);
            sched_interrupt(cpu);
        }
    }
    ck_assert_ptr_eq(cpu->current, thread);
}

bool actor_enter(struct actor *actor, uint32_t to_submit, uint32_t wait, uint64_t deadline,
                 uint64_t *result) {
    struct cpu *cpu = &actor->host->cpus[0];

    actor_run(actor, cpu);
    ring_user_publish(&actor->ring);
    ringserve_enter(cpu, to_submit, wait, deadline);
    *result = actor->thread->context.result;
    return actor->thread->state == THREAD_RUNNING || actor->thread->state == THREAD_READY;
}

static void fill(struct actor *actor, const struct capos_sqe *sqe) {
    struct capos_sqe *next = ring_user_next(&actor->ring);

    ck_assert_ptr_nonnull(next);
    *next = *sqe;
}

void actor_submit(struct actor *actor, const struct capos_sqe *sqe) {
    uint64_t result;

    fill(actor, sqe);
    ck_assert(actor_enter(actor, 1, 0, 0, &result));
    ck_assert_uint_eq(CAPOS_ENTER_TAKEN(result), 1);
    ck_assert_uint_eq(CAPOS_ENTER_REASON(result), CAPOS_ENTER_DONE);
}

struct capos_cqe actor_do(struct actor *actor, const struct capos_sqe *sqe) {
    struct capos_cqe cqe;

    actor_submit(actor, sqe);
    cqe = actor_take(actor);
    ck_assert_uint_eq(cqe.user_data, sqe->user_data);
    return cqe;
}

struct capos_cqe actor_take(struct actor *actor) {
    struct capos_cqe cqe = {0};

    ck_assert(ring_user_take(&actor->ring, &cqe));
    return cqe;
}

bool actor_has_cqe(struct actor *actor) {
    return __atomic_load_n(&actor->ring.header->cq_tail, __ATOMIC_ACQUIRE) != actor->ring.cq_head;
}

void *actor_at(struct actor *actor, uint32_t offset) {
    return actor->thread->ring.base + offset;
}

uint64_t actor_grant(struct actor *actor, struct object *object, uint64_t interface,
                     uint8_t scope) {
    const struct captable_view view = {.object = object,
                                       .interface = interface,
                                       .kind = (uint8_t)object->type->kind,
                                       .scope = scope};
    struct cpu *cpu = &actor->host->cpus[0];
    uint64_t cap;

    kernel_enter(cpu);
    ck_assert_int_eq(captable_insert(cpu, &actor->process->table, &view, &cap), CAPOS_STATUS_OK);
    kernel_leave(cpu);
    return cap;
}

enum capos_status actor_holds(struct actor *actor, uint64_t cap) {
    struct captable_view view;

    return captable_lookup(&actor->process->table, cap, &view);
}
