// SPDX-License-Identifier: MIT
//
// kernel/core/thread: birth, and the end of one thread of a process that goes on.
#include "core/ring_spare.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/run.h"

enum { MS = 1000000 };

static void kill_thread(struct cpu *cpu, struct thread *thread) {
    kernel_enter(cpu);
    thread_kill(cpu, thread);
    kernel_leave(cpu);
}

static void let_go(struct cpu *cpu, struct object *object) {
    kernel_enter(cpu);
    object_put(cpu, object);
    kernel_leave(cpu);
}

START_TEST(begins_as_it_was_told) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    const struct process_start process_start_ = {.name = "p", .limits = host_limits};
    const struct thread_start start = {.entry = {0x401000},
                                       .stack = {0x7000},
                                       .argument = 17,
                                       .thread_base = {0x9000},
                                       .capset = {0x20000},
                                       .ring = ring_standard};
    struct process *process;
    struct thread *thread;

    kernel_enter(cpu);
    ck_assert_int_eq(process_create(cpu, &host->kernel.root, &process_start_, &process),
                     CAPOS_STATUS_OK);
    ck_assert_int_eq(thread_create(cpu, process, &start, &thread), CAPOS_STATUS_OK);
    ck_assert_uint_eq(thread->context.entry, 0x401000);
    ck_assert_uint_eq(thread->context.stack, 0x7000);
    ck_assert_uint_eq(thread->context.argument[0], thread->ring.address.value);
    ck_assert_uint_eq(thread->context.argument[1], 0x20000);
    ck_assert_uint_eq(thread->context.argument[2], 17);
    ck_assert_uint_eq(thread->context.thread_base, 0x9000);
    ck_assert_int_eq(thread->state, THREAD_NEW);
    ck_assert_uint_eq(cpu->queue.count, 0);
    thread_start(cpu, thread);
    kernel_leave(cpu);
    ck_assert_uint_eq(cpu->queue.count, 1);
    host_serve(cpu);
    ck_assert_ptr_eq(cpu->current, thread);
    process_exit(cpu, 0);
    let_go(cpu, &process->object);
    host_destroy(host);
}
END_TEST

// A process with two threads.
struct two {
    struct host *host;
    struct cpu *cpu;
    struct actor first, second;
    uint64_t used[LEDGER_CLASSES]; // by the process before it had the second
};

static struct two two_create(uint32_t cpus) {
    struct two two = {.host = host_create(cpus)};

    two.cpu = &two.host->cpus[0];
    two.first = actor_create(two.host, "two", 1);
    for (unsigned i = 0; i < LEDGER_CLASSES; i++)
        two.used[i] = ledger_used(two.first.process->ledger, (enum ledger_class)i);
    two.second = actor_thread(&two.first, ring_standard);
    ck_assert_uint_eq(ledger_used(two.first.process->ledger, LEDGER_THREADS), 2);
    return two;
}

static void two_destroy(struct two *two) {
    let_go(two->cpu, &two->second.process->object);
    actor_destroy(&two->first);
    host_destroy(two->host);
}

// The process goes on, and has no more than before it had the second thread, but the ring's block.
static void expect_one_left(struct two *two) {
    struct process *process = two->first.process;

    host_run(two->host, 20 * MS, MS);
    host_settle(two->host);
    kernel_enter(two->cpu);
    ck_assert(ring_spare_drop(two->cpu, process));
    kernel_leave(two->cpu);
    ck_assert_int_eq(process->state, PROCESS_RUNNING);
    ck_assert_uint_eq(process->threads_left, 1);
    ck_assert_uint_eq(list_count(&process->threads), 1);
    for (unsigned i = 0; i < LEDGER_CLASSES; i++)
        ck_assert_uint_eq(ledger_used(process->ledger, (enum ledger_class)i), two->used[i]);
    ck_assert_int_eq(two->first.thread->state, THREAD_RUNNING);
}

START_TEST(one_of_two_ends_ready) {
    struct two two = two_create((uint32_t)_i);

    kill_thread(two.cpu, two.second.thread);
    expect_one_left(&two);
    two_destroy(&two);
}
END_TEST

START_TEST(one_of_two_ends_running) {
    struct two two = two_create((uint32_t)_i);

    actor_run(&two.second, two.cpu);
    kernel_enter(two.cpu);
    thread_kill(two.cpu, two.second.thread);
    sched_leave(two.cpu);
    ck_assert_ptr_ne(two.cpu->current, two.second.thread);
    expect_one_left(&two);
    two_destroy(&two);
}
END_TEST

START_TEST(one_of_two_ends_waiting) {
    struct two two = two_create((uint32_t)_i);
    uint64_t result;

    ck_assert(!actor_enter(&two.second, 0, 1, two.host->now + 500 * (uint64_t)MS, &result));
    kill_thread(two.cpu, two.second.thread);
    expect_one_left(&two);
    two_destroy(&two);
}
END_TEST

START_TEST(one_of_two_ends_new) {
    struct two two = two_create(1);
    const struct thread_start start = {.ring = ring_small};
    struct thread *thread;

    kernel_enter(two.cpu);
    ck_assert_int_eq(thread_create(two.cpu, two.first.process, &start, &thread), CAPOS_STATUS_OK);
    thread_kill(two.cpu, thread);
    thread_start(two.cpu, thread);
    thread_kill(two.cpu, two.second.thread);
    kernel_leave(two.cpu);
    expect_one_left(&two);
    two_destroy(&two);
}
END_TEST

START_TEST(the_last_thread_ends_the_process) {
    struct two two = two_create(1);

    kill_thread(two.cpu, two.first.thread);
    kill_thread(two.cpu, two.second.thread);
    host_run(two.host, 20 * MS, MS);
    ck_assert_int_eq(two.first.process->state, PROCESS_ENDED);
    ck_assert_int_eq(two.first.process->end.kind, PROCESS_EXITED);
    ck_assert_int_eq(two.first.process->end.status, 0);
    two_destroy(&two);
}
END_TEST

START_TEST(limits_hold) {
    struct two two = two_create(1);
    const struct thread_start start = {.ring = ring_small};
    struct thread *thread;
    unsigned made = 2;
    enum capos_status status;

    kernel_enter(two.cpu);
    while ((status = thread_create(two.cpu, two.first.process, &start, &thread)) == CAPOS_STATUS_OK)
        made++;
    kernel_leave(two.cpu);
    ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
    ck_assert_uint_eq(made, host_limits.limit[LEDGER_THREADS]);
    two_destroy(&two);
}
END_TEST

START_TEST(an_ending_process_gets_no_thread) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct actor actor = actor_create(host, "ending", 1);
    const struct process_end end = {.kind = PROCESS_KILLED};
    const struct thread_start start = {.ring = ring_small};
    struct thread *thread;

    kernel_enter(cpu);
    process_kill(cpu, actor.process, &end);
    ck_assert_int_eq(thread_create(cpu, actor.process, &start, &thread), CAPOS_STATUS_DISCONNECTED);
    kernel_leave(cpu);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

// What others hold stays charged to whom the process was lent by.
START_TEST(a_name_outlives_the_thread) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct actor actor = actor_create(host, "named", 1);
    struct thread *thread = actor.thread;

    object_get(&thread->object);
    actor_destroy(&actor);
    ck_assert_int_eq(thread->state, THREAD_DEAD);
    ck_assert_ptr_null(thread->ring.calls);
    ck_assert_uint_ne(host->kernel.root.lent[LEDGER_KERNEL_MEMORY], 0);
    ck_assert_uint_eq(host->kernel.root.lent[LEDGER_THREADS], 0);
    ck_assert_uint_eq(host->kernel.root.lent[LEDGER_FRAMES], 0);
    let_go(cpu, &thread->object);
    host_settle(host);
    ck_assert_uint_eq(host->kernel.root.lent[LEDGER_KERNEL_MEMORY], 0);
    host_destroy(host);
}
END_TEST

// What one thread has received, another one answers; but it can't arm the first one's RECV. When
// the thread that received it ends, the call is still the process's.
START_TEST(any_thread_answers) {
    struct pair pair = pair_create();
    struct actor other = actor_thread(&pair.server, ring_small);
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    uint64_t result, token;

    for (int i = 0; i < 2; i++) {
        actor_submit(&pair.client, &call);
        ck_assert_int_gt(actor_do(&pair.server, &recv).result, 0);
        token = pair_message(&pair)->token;
        sqe = pair_return(token);
        sqe.flags = CAPOS_SQE_REARM;
        ck_assert_int_eq(actor_do(&other, &sqe).result, -CAPOS_STATUS_REFUSED);
        host_audit(pair.host);
        if (i == 1) {
            kill_thread(&pair.host->cpus[0], pair.server.thread);
            host_run(pair.host, 20 * MS, MS);
            host_settle(pair.host);
            host_audit(pair.host);
        }
        sqe.flags = 0;
        ck_assert_int_eq(actor_do(&other, &sqe).result, 0);
        ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
        ck_assert_int_eq(actor_take(&pair.client).result, 24);
        ck_assert_int_eq(actor_do(&other, &sqe).result, -CAPOS_STATUS_REFUSED);
    }
    let_go(&pair.host->cpus[0], &other.process->object);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("thread");
    TCase *ends = tcase_create("end");

    harness_add(suite, "begins as it was told", begins_as_it_was_told);
    tcase_add_loop_test(ends, one_of_two_ends_ready, 1, HOST_CPUS_EACH + 1);
    tcase_add_loop_test(ends, one_of_two_ends_running, 1, HOST_CPUS_EACH + 1);
    tcase_add_loop_test(ends, one_of_two_ends_waiting, 1, HOST_CPUS_EACH + 1);
    suite_add_tcase(suite, ends);
    harness_add(suite, "one of two ends before it began", one_of_two_ends_new);
    harness_add(suite, "the last thread ends the process", the_last_thread_ends_the_process);
    harness_add(suite, "limits hold", limits_hold);
    harness_add(suite, "any thread answers", any_thread_answers);
    harness_add(suite, "an ending process", an_ending_process_gets_no_thread);
    harness_add(suite, "a name outlives the thread", a_name_outlives_the_thread);
    return harness_run(suite);
}
