// SPDX-License-Identifier: MIT
//
// kernel/core/process: how processes end, whatever their threads and their calls are doing, and
// that all they had used is given back, step by step.
#include "core/debug.h"
#include "core/dispatch.h"
#include "core/frame.h"
#include "core/kmem.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/run.h"

#include <string.h>

enum { MS = 1000000 };

static const struct process_end killed = {.kind = PROCESS_KILLED};

// A handle to a process as a kernel object may be: `wait` is its only method.
struct handle {
    struct object object;
    struct process *process; // a reference
    struct ledger *lender;   // whose books must be balanced when a wait is answered
};

static int answers;

static int handle_serve(void *self, struct capos_invocation *invocation) {
    const struct target *target = self;
    struct process *process = ((struct handle *)(void *)target->object)->process;
    struct cpu *cpu = target->cpu;
    bool ended;

    lock_take(&process->lock);
    ended = process->state == PROCESS_ENDED;
    if (!ended)
        call_hold(cpu, invocation, &process->waiters, CAPOS_NO_DEADLINE);
    lock_drop(&process->lock);
    return ended ? CAPOS_DONE : CAPOS_PENDING;
}

static bool handle_close(struct cpu *cpu, struct object *object) {
    object_put(cpu, &((struct handle *)(void *)object)->process->object);
    return true;
}

static const struct object_type handle_type = {
    .name = "handle",
    .interface = 99,
    .size = sizeof(struct handle),
    .kind = OBJECT_KERNEL,
    .serve = handle_serve,
    .close = handle_close,
};

static void answer_wait(struct cpu *cpu, struct call *call, enum capos_status status) {
    const struct handle *handle = (const struct handle *)(const void *)call->target;

    ck_assert_int_eq(status, CAPOS_STATUS_OK);
    ck_assert_int_eq(handle->process->state, PROCESS_ENDED);
    if (handle->lender != NULL)
        for (unsigned i = 0; i < LEDGER_CLASSES; i++)
            ck_assert_uint_eq(handle->lender->lent[i], 0);
    answers++;
    call_reply(cpu, call_reply_begin(cpu, call), CAPOS_DONE);
}

static struct host *host_with_handles(uint32_t cpus) {
    struct host *host = host_create(cpus);

    host->kernel.process_answer = answer_wait;
    answers = 0;
    return host;
}

// Gives `holder` a handle to `victim`; the CapId.
static uint64_t grant_handle(struct actor *holder, struct process *victim, struct ledger *lender) {
    struct cpu *cpu = &holder->host->cpus[0];
    struct object *object;
    struct handle *handle;

    ck_assert_int_eq(object_create(cpu, &handle_type, &holder->host->kernel.root, &object),
                     CAPOS_STATUS_OK);
    handle = (struct handle *)(void *)object;
    handle->process = victim;
    handle->lender = lender;
    object_get(&victim->object);
    return actor_grant(holder, object, 99, CAPOS_SCOPE_ANY);
}

static struct capos_sqe wait_sqe(uint64_t handle) {
    return (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .slot = 5,
                              .cap = handle,
                              .interface = 99,
                              .user_data = 500,
                              .params = PAIR_PARAMS,
                              .results = PAIR_RESULTS,
                              .results_capacity = 64};
}

static void kill_from(struct cpu *cpu, struct process *process) {
    kernel_enter(cpu);
    process_kill(cpu, process, &killed);
    kernel_leave(cpu);
}

static void let_go(struct host *host, struct process *process) {
    struct cpu *cpu = &host->cpus[0];

    kernel_enter(cpu);
    object_put(cpu, &process->object);
    kernel_leave(cpu);
}

// All CPUs do what they can; the process must have ended then.
static void expect_ended(struct host *host, const struct process *process) {
    for (int i = 0; i < 3; i++)
        host_run(host, 10 * MS, MS);
    host_settle(host);
    ck_assert_int_eq(process->state, PROCESS_ENDED);
    ck_assert_ptr_null(process->vm);
    ck_assert_ptr_null(process->ledger);
    ck_assert_msg(sched_audit(&host->cpus[0]) == NULL, "%s", sched_audit(&host->cpus[0]));
}

// Kill, in each state ----------------------------------------------------------------------------

START_TEST(killed_when_new) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    const struct process_start start = {.name = "new", .limits = host_limits};
    const struct thread_start thread_start_ = {.ring = ring_small};
    struct process *process;
    struct thread *thread;

    kernel_enter(cpu);
    ck_assert_int_eq(process_create(cpu, &host->kernel.root, &start, &process), CAPOS_STATUS_OK);
    ck_assert_int_eq(thread_create(cpu, process, &thread_start_, &thread), CAPOS_STATUS_OK);
    process_kill(cpu, process, &killed);
    thread_start(cpu, thread);
    kernel_leave(cpu);
    ck_assert_uint_eq(cpu->queue.count, 0);
    expect_ended(host, process);
    let_go(host, process);
    host_destroy(host);
}
END_TEST

START_TEST(killed_when_ready) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "ready", 1);

    ck_assert_int_eq(actor.thread->state, THREAD_READY);
    kill_from(&host->cpus[0], actor.process);
    expect_ended(host, actor.process);
    let_go(host, actor.process);
    host_destroy(host);
}
END_TEST

START_TEST(killed_when_running_elsewhere) {
    struct host *host = host_create(2);
    struct actor a = actor_create(host, "a", 1), b = actor_create(host, "b", 1);
    struct cpu *here = &host->cpus[0], *there = &host->cpus[1];
    struct process *victim;
    uint64_t ipis;

    host_run(host, MS, MS);
    ck_assert_ptr_nonnull(there->current);
    victim = there->current->process;
    ipis = there->machine.ipis;
    kill_from(here, victim);
    ck_assert_uint_eq(there->machine.ipis, ipis + 1);
    ck_assert_int_eq(victim->state, PROCESS_ENDING);
    ck_assert_ptr_eq(there->current->process, victim);
    host_serve(there);
    ck_assert_ptr_null(there->current);
    expect_ended(host, victim);
    kill_from(here, a.process == victim ? b.process : a.process);
    let_go(host, a.process);
    let_go(host, b.process);
    host_destroy(host);
}
END_TEST

START_TEST(killed_when_waiting) {
    struct host *host = host_create(2);
    struct actor actor = actor_create(host, "waiting", 1);
    uint64_t result, deadline = _i == 0 ? CAPOS_NO_DEADLINE : host->now + 1000 * (uint64_t)MS;

    ck_assert(!actor_enter(&actor, 0, 1, deadline, &result));
    ck_assert_int_eq(actor.thread->state, THREAD_WAITING);
    ck_assert_int_eq(actor.thread->deadline.state, _i == 0 ? TIMER_IDLE : TIMER_ARMED);
    kill_from(&host->cpus[1], actor.process);
    expect_ended(host, actor.process);
    ck_assert_ptr_null(host->cpus[0].timers.heap.root);
    let_go(host, actor.process);
    host_destroy(host);
}
END_TEST

// Killed between two SQEs of the cap_enter in which it then waits: by another CPU, or by its own
// doing.
static struct process *victim_in_window;

static void kill_in_window(struct cpu *cpu) {
    struct host *host = cpu->machine.host;

    if (victim_in_window == NULL)
        return;
    kill_from(host->kernel.cpu_count > 1 ? &host->cpus[1] : cpu, victim_in_window);
    victim_in_window = NULL;
}

START_TEST(killed_in_the_kernel) {
    struct host *host = host_create((uint32_t)_i);
    struct actor actor = actor_create(host, "inside", 1);
    uint64_t result;

    ring_user_next(&actor.ring)->opcode = CAPOS_OP_NOP;
    ring_user_next(&actor.ring)->opcode = CAPOS_OP_NOP;
    victim_in_window = actor.process;
    host->window = kill_in_window;
    actor_enter(&actor, 2, 3, CAPOS_NO_DEADLINE, &result);
    host->window = NULL;
    ck_assert_ptr_null(victim_in_window);
    expect_ended(host, actor.process);
    let_go(host, actor.process);
    host_destroy(host);
}
END_TEST

// The ways to end
// ----------------------------------------------------------------------------------

enum way { EXIT, CRASH, KILL, WAYS };

// Ends the actor, which is made to run for that where it must.
static void end_actor(struct actor *actor, enum way way) {
    struct cpu *cpu = &actor->host->cpus[0];
    const struct crash_record crash = {.cause = 3, .address = 0x1234, .registers = {[14] = 15}};

    switch (way) {
    case EXIT:
        actor_run(actor, cpu);
        process_exit(cpu, -7);
        break;
    case CRASH:
        actor_run(actor, cpu);
        process_crash(cpu, &crash);
        break;
    case KILL:
    case WAYS:
        kill_from(cpu, actor->process);
        break;
    }
}

START_TEST(the_end_is_told) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "ending", 1);

    end_actor(&actor, (enum way)_i);
    kill_from(&host->cpus[0], actor.process); // too late to count
    expect_ended(host, actor.process);
    switch ((enum way)_i) {
    case EXIT:
        ck_assert_int_eq(actor.process->end.kind, PROCESS_EXITED);
        ck_assert_int_eq(actor.process->end.status, -7);
        break;
    case CRASH:
        ck_assert_int_eq(actor.process->end.kind, PROCESS_CRASHED);
        ck_assert_uint_eq(actor.process->end.crash.cause, 3);
        ck_assert_uint_eq(actor.process->end.crash.address, 0x1234);
        ck_assert_uint_eq(actor.process->end.crash.registers[14], 15);
        break;
    case KILL:
    case WAYS:
        ck_assert_int_eq(actor.process->end.kind, PROCESS_KILLED);
    }
    let_go(host, actor.process);
    host_destroy(host);
}
END_TEST

// A wait is answered once, when everything has been given back to the lender.
START_TEST(a_wait_is_answered_at_the_very_end) {
    struct host *host = host_with_handles((uint32_t)_i);
    struct cpu *cpu = &host->cpus[0];
    struct actor parent = actor_create(host, "parent", 1), child = {.host = host};
    const struct process_start start = {.name = "child", .limits = host_limits};
    struct thread_start first = {.ring = ring_standard};
    struct ledger_limits limits = host_limits;
    struct ledger *lender;
    struct capos_sqe sqe;
    struct capos_cqe cqe;
    uint64_t result;

    limits.limit[LEDGER_KERNEL_MEMORY] *= 2;
    kernel_enter(cpu);
    ck_assert_int_eq(ledger_create(cpu, &host->kernel.root, &limits, &lender), CAPOS_STATUS_OK);
    ck_assert_int_eq(process_create(cpu, lender, &start, &child.process), CAPOS_STATUS_OK);
    ck_assert_int_eq(thread_create(cpu, child.process, &first, &child.thread), CAPOS_STATUS_OK);
    thread_start(cpu, child.thread);
    kernel_leave(cpu);
    sqe = wait_sqe(grant_handle(&parent, child.process, lender));
    *ring_user_next(&parent.ring) = sqe;
    ck_assert(!actor_enter(&parent, 1, 1, CAPOS_NO_DEADLINE, &result));
    ck_assert_int_eq(parent.thread->state, THREAD_WAITING);
    kill_from(cpu, child.process);
    expect_ended(host, child.process);
    ck_assert_int_eq(answers, 1);
    cqe = actor_take(&parent);
    ck_assert_uint_eq(cqe.user_data, 500);
    ck_assert_int_ge(cqe.result, 0);
    cqe = actor_do(&parent, &sqe); // and afterwards at once
    ck_assert_int_ge(cqe.result, 0);
    let_go(host, child.process);
    actor_destroy(&parent);
    kernel_enter(cpu);
    ledger_close(cpu, lender);
    kernel_leave(cpu);
    host_destroy(host);
}
END_TEST

START_TEST(who_waits_may_end_first) {
    struct host *host = host_with_handles(1);
    struct actor parent = actor_create(host, "parent", 1), child = actor_create(host, "child", 1);
    struct capos_sqe sqe = wait_sqe(grant_handle(&parent, child.process, NULL));
    uint64_t result;

    *ring_user_next(&parent.ring) = sqe;
    ck_assert(!actor_enter(&parent, 1, 1, CAPOS_NO_DEADLINE, &result));
    actor_destroy(&parent);
    ck_assert(list_is_empty(&child.process->waiters.calls));
    actor_destroy(&child);
    ck_assert_int_eq(answers, 0);
    host_destroy(host);
}
END_TEST

// Nobody gives up the CPU, and yet the dead process is taken apart.
START_TEST(the_reaper_gets_its_time) {
    struct host *host = host_with_handles((uint32_t)_i);
    struct actor hogs[HOST_CPUS_EACH + 1], victim = actor_create(host, "victim", 1);

    for (int i = 0; i <= _i; i++)
        hogs[i] = actor_create(host, "hog", 1);
    host_run(host, 20 * MS, MS);
    kill_from(&host->cpus[0], victim.process);
    for (int i = 0; i < 200 && victim.process->state != PROCESS_ENDED; i++)
        host_run(host, MS, MS);
    ck_assert_int_eq(victim.process->state, PROCESS_ENDED);
    for (int i = 0; i < _i; i++)
        ck_assert_ptr_nonnull(host->cpus[i].current);
    let_go(host, victim.process);
    for (int i = 0; i <= _i; i++)
        actor_destroy(&hogs[i]);
    host_destroy(host);
}
END_TEST

// The same when the victim's is the only other thread, so that no slice would end for anybody else.
START_TEST(a_lone_hog_does_not_stop_the_reaper) {
    struct host *host = host_create(1);
    struct actor hog = actor_create(host, "hog", 1), victim = actor_create(host, "victim", 1);

    host_run(host, 20 * MS, MS);
    kill_from(&host->cpus[0], victim.process);
    host_run(host, 100 * MS, MS);
    ck_assert_int_eq(victim.process->state, PROCESS_ENDED);
    ck_assert_ptr_eq(host->cpus[0].current, hog.thread);
    let_go(host, victim.process);
    actor_destroy(&hog);
    host_destroy(host);
}
END_TEST

START_TEST(steps_are_bounded) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct ledger_limits limits = host_limits;
    struct actor actor, other = actor_create(host, "other", 1);
    unsigned steps = 0;
    uint32_t used;

    limits.limit[LEDGER_SLOTS] = 1000;
    limits.limit[LEDGER_KERNEL_MEMORY] = 1 << 20;
    ck_assert_int_eq(actor_try(host, "many", 1, &limits, ring_small, &actor), CAPOS_STATUS_OK);
    for (int i = 0; i < 1000; i++)
        grant_handle(&actor, other.process, NULL);
    actor_run(&actor, cpu);
    process_exit(cpu, 0);
    while (actor.process->state != PROCESS_ENDED) {
        used = actor.process->table.used;
        kernel_enter(cpu);
        work_step(cpu);
        object_close_pending(cpu);
        kernel_leave(cpu);
        ck_assert_uint_le(used - actor.process->table.used, 32);
        ck_assert_uint_lt(steps++, 200);
    }
    ck_assert_uint_ge(steps, 1000 / 32);
    let_go(host, actor.process);
    actor_destroy(&other);
    host_destroy(host);
}
END_TEST

// Calls in flight
// ----------------------------------------------------------------------------------

// How far a call has come when one of the two ends.
enum moment {
    RECV_WAITS, // no call, the server waits
    QUEUED,     // the server has not asked for it
    DELIVERED,  // the server has it and runs
    BOTH_WAIT,  // the server has it and waits for the next
    ANSWERED,   // the answer waits for the client's cap_enter
    MOMENTS,
};

static void come_to(struct pair *pair, enum moment moment) {
    struct capos_sqe call = pair_call(pair), recv = pair_recv(pair), sqe;
    uint64_t result;

    if (moment == RECV_WAITS) {
        *ring_user_next(&pair->server.ring) = recv;
        ck_assert(!actor_enter(&pair->server, 1, 1, CAPOS_NO_DEADLINE, &result));
        return;
    }
    actor_submit(&pair->client, &call);
    if (moment == QUEUED)
        return;
    actor_do(&pair->server, &recv);
    if (moment == BOTH_WAIT) {
        recv.slot = 2;
        *ring_user_next(&pair->server.ring) = recv;
        ck_assert(!actor_enter(&pair->server, 1, 1, CAPOS_NO_DEADLINE, &result));
        ck_assert(!actor_enter(&pair->client, 0, 1, CAPOS_NO_DEADLINE, &result));
    } else if (moment == ANSWERED) {
        sqe = pair_return(pair_message(pair)->token);
        ck_assert_int_eq(actor_do(&pair->server, &sqe).result, 0);
    }
}

// What the client is told when the server has ended.
static void check_client(struct pair *pair, enum moment moment) {
    struct capos_sqe call = pair_call(pair);
    uint64_t result;

    if (moment != RECV_WAITS) {
        if (moment != BOTH_WAIT)
            ck_assert(actor_enter(&pair->client, 0, 0, 0, &result));
        ck_assert_int_eq(actor_take(&pair->client).result,
                         moment == ANSWERED ? 24 : -CAPOS_STATUS_DISCONNECTED);
    }
    ck_assert_int_eq(actor_do(&pair->client, &call).result, -CAPOS_STATUS_DISCONNECTED);
}

// What the server finds when the client has ended: a notice for a call that it holds, no call that
// it doesn't.
static void check_server(struct pair *pair, enum moment moment) {
    struct capos_sqe recv = pair_recv(pair), sqe;
    uint64_t result, token = pair_message(pair)->token;
    bool told = moment == DELIVERED || moment == BOTH_WAIT;

    if (moment != BOTH_WAIT && moment != RECV_WAITS) {
        *ring_user_next(&pair->server.ring) = recv;
        actor_enter(&pair->server, 1, 1, pair->host->now + 1, &result);
    }
    host_run(pair->host, 10 * MS, MS);
    ck_assert_int_eq(actor_has_cqe(&pair->server), told);
    if (told) {
        actor_take(&pair->server);
        ck_assert_uint_eq(pair_message(pair)->kind, CAPOS_MESSAGE_CANCELLED);
        ck_assert_uint_eq(pair_message(pair)->token, token);
        sqe = pair_return(token);
        ck_assert_int_eq(actor_do(&pair->server, &sqe).result, -CAPOS_STATUS_CANCELLED);
        ck_assert_uint_eq(pair->server.process->tokens.live, 0);
    }
}

START_TEST(calls_end_with_the_server) {
    struct pair pair = pair_create();
    enum moment moment = (enum moment)(_i / WAYS);
    enum way way = (enum way)(_i % WAYS);

    come_to(&pair, moment);
    if (way == KILL || (moment != RECV_WAITS && moment != BOTH_WAIT)) {
        end_actor(&pair.server, way);
        expect_ended(pair.host, pair.server.process);
        actor_run(&pair.client, &pair.host->cpus[0]);
        check_client(&pair, moment);
    }
    pair_destroy(&pair);
}
END_TEST

START_TEST(calls_end_with_the_client) {
    struct pair pair = pair_create();
    enum moment moment = (enum moment)(_i / WAYS);
    enum way way = (enum way)(_i % WAYS);

    come_to(&pair, moment);
    if (way == KILL || moment != BOTH_WAIT) {
        end_actor(&pair.client, way);
        expect_ended(pair.host, pair.client.process);
        check_server(&pair, moment);
    }
    pair_destroy(&pair);
}
END_TEST

// Creation
// -------------------------------------------------------------------------------------------

START_TEST(what_was_never_started_is_discarded) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct actor other = actor_create(host, "other", 1), made = {.host = host};
    const struct process_start start = {.name = "discarded", .limits = host_limits};

    kernel_enter(cpu);
    ck_assert_int_eq(process_create(cpu, &host->kernel.root, &start, &made.process),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    ck_assert_str_eq(made.process->name, "discarded");
    for (int i = 0; i < 50; i++)
        grant_handle(&made, other.process, NULL);
    kernel_enter(cpu);
    process_discard(cpu, made.process);
    kernel_leave(cpu);
    ck_assert_uint_eq(host->kernel.process_count, 1);
    actor_destroy(&other);
    host_destroy(host);
}
END_TEST

START_TEST(a_failure_anywhere_leaves_no_trace) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct actor actor;
    struct frame_counts frames;
    uint64_t n = 1, bytes, random;

    for (;; n++) {
        host_settle(host);
        frames = frame_count(cpu);
        bytes = host->kernel.kmem.used_bytes;
        random = host->kernel.root.lent[LEDGER_SLOTS];
        debug_fail_nth(&host->kernel, n);
        enum capos_status status =
            actor_try(host, "failing", 1, &host_limits, ring_standard, &actor);
        bool failed = debug_failed(&host->kernel);
        debug_fail_nth(&host->kernel, 0);
        if (!failed) {
            ck_assert_int_eq(status, CAPOS_STATUS_OK);
            break;
        }
        ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
        host_settle(host);
        ck_assert_uint_eq(frame_count(cpu).free, frames.free);
        ck_assert_uint_eq(host->kernel.kmem.used_bytes, bytes);
        ck_assert_uint_eq(host->kernel.root.lent[LEDGER_SLOTS], random);
        ck_assert_uint_eq(host->kernel.process_count, 0);
    }
    ck_assert_uint_gt(n, 8);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("process");
    TCase *kills = tcase_create("kill"), *ends = tcase_create("end"),
          *calls = tcase_create("calls");

    tcase_add_test(kills, killed_when_new);
    tcase_add_test(kills, killed_when_ready);
    tcase_add_test(kills, killed_when_running_elsewhere);
    tcase_add_loop_test(kills, killed_when_waiting, 0, 2);
    tcase_add_loop_test(kills, killed_in_the_kernel, 1, 3);
    suite_add_tcase(suite, kills);
    tcase_add_loop_test(ends, the_end_is_told, 0, WAYS);
    tcase_add_loop_test(ends, a_wait_is_answered_at_the_very_end, 1, HOST_CPUS_EACH + 1);
    tcase_add_test(ends, who_waits_may_end_first);
    tcase_add_loop_test(ends, the_reaper_gets_its_time, 1, HOST_CPUS_EACH + 1);
    tcase_add_test(ends, a_lone_hog_does_not_stop_the_reaper);
    tcase_add_test(ends, steps_are_bounded);
    suite_add_tcase(suite, ends);
    tcase_add_loop_test(calls, calls_end_with_the_server, 0, MOMENTS * WAYS);
    tcase_add_loop_test(calls, calls_end_with_the_client, 0, MOMENTS * WAYS);
    suite_add_tcase(suite, calls);
    harness_add(suite, "discard", what_was_never_started_is_discarded);
    harness_add(suite, "a failure anywhere", a_failure_anywhere_leaves_no_trace);
    return harness_run(suite);
}
