// SPDX-License-Identifier: MIT
//
// Scheduling contexts on a clock that the test moves: budgets, periods, debts, who pays for a call,
// and what becomes of those who wait when they are killed, bound anew or let go.
#include "core/audit.h"
#include "core/sched_context.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/run.h"

enum { MS = 1000000, BUDGET = 10 * MS, PERIOD = 40 * MS, STEP = MS / 4 };

static const struct object_type context_type = {
    .name = "SchedulingContext",
    .size = sizeof(struct sched_context),
    .kind = OBJECT_KERNEL,
    .close = sched_context_close,
};

static struct sched_context *make(struct host *host) {
    struct cpu *cpu = &host->cpus[0];
    struct sched_context *context;

    kernel_enter(cpu);
    ck_assert_int_eq(
        sched_context_create(cpu, &context_type, &host->kernel.root, BUDGET, PERIOD, &context),
        CAPOS_STATUS_OK);
    kernel_leave(cpu);
    return context;
}

static void put(struct host *host, struct sched_context *context) {
    kernel_enter(&host->cpus[0]);
    object_put(&host->cpus[0], &context->object);
    object_close_pending(&host->cpus[0]);
    kernel_leave(&host->cpus[0]);
}

static void bind(struct host *host, struct actor *actor, struct sched_context *context) {
    struct cpu *cpu = &host->cpus[0];

    kernel_enter(cpu);
    ck_assert_int_eq(sched_bind(cpu, actor->process, context), CAPOS_STATUS_OK);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static struct sched_context_info look(struct host *host, struct sched_context *context) {
    return sched_context_info(&host->cpus[0], context);
}

static void run(struct host *host, uint64_t ns) {
    host_run(host, ns, STEP);
    host_audit(host);
}

static uint64_t cycles(struct host *host, const struct actor *actor) {
    return sched_cycles(&host->cpus[0], actor->thread);
}

static void check_near(uint64_t got, uint64_t expected, uint64_t within) {
    ck_assert_uint_ge(got + within, expected);
    ck_assert_uint_le(got, expected + within);
}

START_TEST(bounds) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    static const uint64_t wrong[][2] = {{0, PERIOD},
                                        {SCHED_BUDGET_MIN - 1, PERIOD},
                                        {PERIOD + 1, PERIOD},
                                        {SCHED_BUDGET_MIN, SCHED_PERIOD_MIN - 1},
                                        {BUDGET, SCHED_PERIOD_MAX + 1},
                                        {BUDGET, UINT64_MAX},
                                        {UINT64_MAX, UINT64_MAX}};
    struct sched_context *context;

    kernel_enter(cpu);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_int_eq(sched_context_create(cpu, &context_type, &host->kernel.root, wrong[i][0],
                                              wrong[i][1], &context),
                         CAPOS_STATUS_MALFORMED);
    kernel_leave(cpu);
    host_destroy(host);
}
END_TEST

// Alone or not, a thread gets its budget in each period and no more.
START_TEST(a_budget_is_kept) {
    struct host *host = host_create((uint32_t)_i);
    struct actor bound = actor_create(host, "bound", 1), hog = actor_create(host, "hog", 1);
    struct sched_context *context = make(host);
    uint64_t start;

    bind(host, &bound, context);
    for (int n = 0; n < 10; n++) {
        start = cycles(host, &bound);
        run(host, PERIOD);
        check_near(cycles(host, &bound) - start, BUDGET, 2 * STEP);
    }
    check_near(look(host, context).total, 10 * BUDGET, 2 * STEP);
    ck_assert_uint_ge(look(host, context).exhausted, 9);
    check_near(cycles(host, &hog), (uint64_t)10 * PERIOD - (_i == 1 ? 10 * BUDGET : 0), 4 * STEP);
    actor_destroy(&bound);
    actor_destroy(&hog);
    put(host, context);
    host_destroy(host);
}
END_TEST

START_TEST(threads_share_a_budget) {
    struct host *host = host_create(2);
    struct actor a = actor_create(host, "a", 1), b = actor_create(host, "b", 1);
    struct sched_context *context = make(host);

    bind(host, &a, context);
    bind(host, &b, context);
    run(host, 20 * PERIOD);
    // Each may be a step beyond what is left, on its own CPU.
    check_near(look(host, context).total, 20 * BUDGET, 20 * MS);
    check_near(cycles(host, &a), 10 * BUDGET, 40 * MS);
    actor_destroy(&a);
    actor_destroy(&b);
    put(host, context);
    host_destroy(host);
}
END_TEST

// A client whose time is limited calls a server that takes long: the server is not stopped, the
// client pays.
struct lending {
    struct pair pair;
    struct sched_context *context;
};

static struct lending begin(void) {
    struct lending lending = {.pair = pair_create()};
    struct capos_sqe recv = pair_recv(&lending.pair);
    uint64_t result;

    lending.context = make(lending.pair.host);
    *ring_user_next(&lending.pair.server.ring) = recv;
    ck_assert(!actor_enter(&lending.pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
    return lending;
}

static void end(struct lending *lending) {
    put(lending->pair.host, lending->context);
    pair_destroy(&lending->pair);
}

static void call(struct lending *lending, uint32_t wait) {
    struct capos_sqe sqe = pair_call(&lending->pair);
    uint64_t result;

    *ring_user_next(&lending->pair.client.ring) = sqe;
    ck_assert_int_eq(actor_enter(&lending->pair.client, 1, wait, CAPOS_NO_DEADLINE, &result),
                     wait == 0);
}

static void answer(struct lending *lending) {
    struct capos_sqe sqe = pair_return(pair_message(&lending->pair)->token);

    uint64_t result;

    ck_assert_uint_eq(actor_take(&lending->pair.server).user_data, 100);
    *ring_user_next(&lending->pair.server.ring) = sqe;
    (void)actor_enter(&lending->pair.server, 1, 0, 0, &result);
}

START_TEST(the_caller_pays) {
    struct lending lending = begin();
    struct host *host = lending.pair.host;
    struct thread *server = lending.pair.server.thread, *client = lending.pair.client.thread;
    struct sched_context_info info;
    uint64_t start, result;

    bind(host, &lending.pair.client, lending.context);
    start = lending.context->start;
    call(&lending, 1);
    ck_assert_ptr_eq(host->cpus[0].current, server);
    ck_assert_ptr_eq(server->payer, lending.context);
    ck_assert_uint_eq(server->account.serving, pair_message(&lending.pair)->token);
    ck_assert_uint_eq(lending.context->object.references, 4); // ours, process, client, server
    run(host, 25 * MS);
    ck_assert_ptr_eq(host->cpus[0].current, server); // beyond the budget
    answer(&lending);
    ck_assert_ptr_null(server->payer);
    ck_assert_uint_eq(lending.context->object.references, 3);
    info = look(host, lending.context);
    ck_assert_uint_eq(info.used, BUDGET);
    check_near(info.debt, 15 * MS, MS);
    // Two periods pay for 25 ms, all but 5 ms of the third's budget.
    ck_assert(!actor_enter(&lending.pair.server, 0, 2, CAPOS_NO_DEADLINE, &result));
    host_serve(&host->cpus[0]);
    ck_assert_int_eq(client->state, THREAD_THROTTLED);
    host_audit(host);
    while (host->now < start + 2 * (uint64_t)PERIOD - STEP) {
        run(host, STEP);
        ck_assert_int_eq(client->state, THREAD_THROTTLED);
    }
    run(host, 2 * STEP);
    ck_assert_int_eq(client->state, THREAD_RUNNING);
    check_near(look(host, lending.context).used, 5 * MS, MS);
    ck_assert(actor_has_cqe(&lending.pair.client));
    end(&lending);
}
END_TEST

START_TEST(who_does_not_wait_lends_nothing) {
    struct lending lending = begin();
    struct thread *server = lending.pair.server.thread;

    bind(lending.pair.host, &lending.pair.client, lending.context);
    call(&lending, 0);
    ck_assert_ptr_null(server->payer);
    actor_run(&lending.pair.server, &lending.pair.host->cpus[0]);
    run(lending.pair.host, 20 * MS);
    ck_assert_uint_lt(look(lending.pair.host, lending.context).total, 12 * MS); // the client's own
    end(&lending);
}
END_TEST

// A call that waited in the queue lends when it is taken.
START_TEST(a_queued_call_lends_when_it_is_taken) {
    struct pair pair = pair_create();
    struct lending lending = {.pair = pair, .context = make(pair.host)};
    struct capos_sqe recv = pair_recv(&pair);

    bind(pair.host, &lending.pair.client, lending.context);
    call(&lending, 1);
    ck_assert_ptr_null(lending.pair.server.thread->payer);
    actor_submit(&lending.pair.server, &recv);
    ck_assert_ptr_eq(lending.pair.server.thread->payer, lending.context);
    answer(&lending);
    ck_assert_ptr_null(lending.pair.server.thread->payer);
    end(&lending);
}
END_TEST

// What a server has of its own comes back when it has answered, however much of it is spent.
START_TEST(own_and_lent) {
    struct lending lending = begin();
    struct host *host = lending.pair.host;
    struct thread *server = lending.pair.server.thread;
    struct sched_context *own = make(host);

    bind(host, &lending.pair.client, lending.context);
    bind(host, &lending.pair.server, own);
    own->used = own->total = 3 * (uint64_t)BUDGET;
    ck_assert_ptr_eq(server->payer, own);
    call(&lending, 1);
    ck_assert_ptr_eq(server->payer, lending.context);
    ck_assert_ptr_eq(host->cpus[0].current, server); // though its own is spent
    bind(host, &lending.pair.server, NULL);          // changes nothing before it has answered
    ck_assert_ptr_eq(server->payer, lending.context);
    bind(host, &lending.pair.server, own);
    run(host, 5 * MS);
    ck_assert_uint_eq(look(host, own).total, 3 * (uint64_t)BUDGET);
    answer(&lending);
    ck_assert_ptr_eq(server->payer, own);
    host_serve(&host->cpus[0]);
    ck_assert_int_eq(server->state, THREAD_THROTTLED);
    put(host, own);
    end(&lending);
}
END_TEST

// The caller's end leaves the server with the time of a context that nobody else has any more.
START_TEST(a_caller_dies) {
    struct lending lending = begin();
    struct host *host = lending.pair.host;

    bind(host, &lending.pair.client, lending.context);
    call(&lending, 1);
    kernel_enter(&host->cpus[0]);
    process_kill(&host->cpus[0], lending.pair.client.process,
                 &(struct process_end){.kind = PROCESS_KILLED});
    kernel_leave(&host->cpus[0]);
    run(host, 20 * MS);
    ck_assert_ptr_eq(lending.pair.server.thread->payer, lending.context);
    ck_assert_uint_eq(lending.context->object.references, 2);
    end(&lending);
}
END_TEST

START_TEST(who_waits_is_killed) {
    struct host *host = host_create(1);
    struct actor bound = actor_create(host, "bound", 1);
    struct sched_context *context = make(host);

    bind(host, &bound, context);
    run(host, 20 * MS);
    ck_assert_int_eq(bound.thread->state, THREAD_THROTTLED);
    kernel_enter(&host->cpus[0]);
    thread_kill(&host->cpus[0], bound.thread);
    kernel_leave(&host->cpus[0]);
    host_serve(&host->cpus[0]);
    ck_assert_uint_eq(bound.process->threads_left, 0);
    ck_assert_uint_eq(look(host, context).waiting, 0);
    actor_destroy(&bound);
    put(host, context);
    host_destroy(host);
}
END_TEST

START_TEST(who_waits_is_bound_anew) {
    struct host *host = host_create(1);
    struct actor bound = actor_create(host, "bound", 1);
    struct sched_context *context = make(host), *other = make(host);

    bind(host, &bound, context);
    run(host, 20 * MS);
    ck_assert_int_eq(bound.thread->state, THREAD_THROTTLED);
    bind(host, &bound, other);
    host_serve(&host->cpus[0]);
    ck_assert_int_eq(bound.thread->state, THREAD_RUNNING);
    ck_assert_uint_eq(context->object.references, 1);
    put(host, context); // its timer is still set
    run(host, 15 * MS);
    ck_assert_int_eq(bound.thread->state, THREAD_THROTTLED);
    bind(host, &bound, NULL);
    host_serve(&host->cpus[0]);
    ck_assert_int_eq(bound.thread->state, THREAD_RUNNING);
    run(host, PERIOD);
    ck_assert_int_eq(bound.thread->state, THREAD_RUNNING);
    put(host, other);
    actor_destroy(&bound);
    host_destroy(host);
}
END_TEST

// The last to hold a context may be what is bound to it.
START_TEST(a_bound_context_lives) {
    struct host *host = host_create(1);
    struct actor bound = actor_create(host, "bound", 1);
    struct sched_context *context = make(host);

    bind(host, &bound, context);
    put(host, context);
    run(host, 4 * PERIOD);
    check_near(cycles(host, &bound), 4 * BUDGET, MS);
    actor_destroy(&bound);
    host_destroy(host);
}
END_TEST

// New threads and spawned processes have no budget of their own.
START_TEST(children_share_the_context) {
    struct host *host = host_create(2);
    struct cpu *cpu = &host->cpus[0];
    struct actor parent = actor_create(host, "parent", 1);
    struct sched_context *context = make(host);
    struct process_start start = {.name = "child", .parent = parent.process, .limits = host_limits};
    struct process *child;
    struct actor second;

    bind(host, &parent, context);
    ck_assert_int_eq(sched_set_weight(&host->cpus[0], parent.process, 128), CAPOS_STATUS_OK);
    second = actor_thread(&parent, ring_small);
    ck_assert_ptr_eq(second.thread->payer, context);
    ck_assert_uint_eq(second.thread->pace, 1 << 25);
    kernel_enter(cpu);
    ck_assert_int_eq(process_create(cpu, &host->kernel.root, &start, &child), CAPOS_STATUS_OK);
    ck_assert_ptr_eq(child->share.context, context);
    ck_assert_uint_eq(child->share.weight, 128);
    process_discard(cpu, child);
    kernel_leave(cpu);
    run(host, 10 * PERIOD);
    check_near(look(host, context).total, 10 * BUDGET, 10 * MS);
    kernel_enter(cpu);
    object_put(cpu, &second.process->object);
    kernel_leave(cpu);
    actor_destroy(&parent);
    ck_assert_uint_eq(context->object.references, 1);
    put(host, context);
    host_destroy(host);
}
END_TEST

// A debt of any size, and a clock that goes on by any amount.
START_TEST(long_debts) {
    struct host *host = host_create(1);
    struct sched_context *context = make(host);
    uint64_t periods = 0;

    sched_context_charge(&host->cpus[0], context, UINT64_C(1000) * BUDGET + MS);
    ck_assert_uint_eq(look(host, context).debt, UINT64_C(999) * BUDGET + MS);
    for (; look(host, context).used == BUDGET; periods++)
        host_advance(host, PERIOD);
    ck_assert_uint_eq(periods, 1000);
    ck_assert_uint_eq(look(host, context).used, MS);
    host_advance(host, UINT64_C(1) << 60);
    ck_assert_uint_eq(look(host, context).used, 0);
    put(host, context);
    host_destroy(host);
}
END_TEST

// However many timers are due, an interrupt is short; none is forgotten.
START_TEST(an_interrupt_serves_some_timers) {
    enum { TIMERS = 150 };
    struct host *host = host_create(1);
    struct sched_context *contexts[TIMERS];
    struct cpu *cpu = &host->cpus[0];
    unsigned left = TIMERS, rounds = 0;

    for (unsigned i = 0; i < TIMERS; i++) {
        contexts[i] = make(host);
        timer_arm(cpu, &contexts[i]->timer, host->now + MS + i);
    }
    host_advance(host, 2 * MS);
    for (; left > 0; rounds++) {
        unsigned before = left;

        ck_assert_uint_ne(cpu->pending & PENDING_TIMER, 0);
        atomic_store(&cpu->pending, 0);
        kernel_enter(cpu);
        timers_run(cpu);
        kernel_leave(cpu);
        left = 0;
        for (unsigned i = 0; i < TIMERS; i++)
            left += timer_is_set(&contexts[i]->timer);
        ck_assert_uint_le(before - left, 64);
    }
    ck_assert_uint_eq(rounds, 3);
    for (unsigned i = 0; i < TIMERS; i++)
        put(host, contexts[i]);
    host_destroy(host);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context");
    TCase *budgets = tcase_create("budgets");

    harness_add(suite, "bounds", bounds);
    harness_add(suite, "threads share a budget", threads_share_a_budget);
    harness_add(suite, "the caller pays", the_caller_pays);
    harness_add(suite, "who does not wait lends nothing", who_does_not_wait_lends_nothing);
    harness_add(suite, "a queued call", a_queued_call_lends_when_it_is_taken);
    harness_add(suite, "own and lent", own_and_lent);
    harness_add(suite, "a caller dies", a_caller_dies);
    harness_add(suite, "who waits is killed", who_waits_is_killed);
    harness_add(suite, "who waits is bound anew", who_waits_is_bound_anew);
    harness_add(suite, "a bound context lives", a_bound_context_lives);
    harness_add(suite, "children share the context", children_share_the_context);
    harness_add(suite, "long debts", long_debts);
    harness_add(suite, "an interrupt serves some timers", an_interrupt_serves_some_timers);
    tcase_add_loop_test(budgets, a_budget_is_kept, 1, 3);
    suite_add_tcase(suite, budgets);
    return harness_run(suite);
}
