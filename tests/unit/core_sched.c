// SPDX-License-Identifier: MIT
//
// kernel/core/sched on CPUs that the test moves by hand: shares, slices, wake-ups, handoff,
// stealing, and what happens when two CPUs meet at one thread.
#include "tests/harness.h"
#include "tests/host/run.h"

#include <stdlib.h>

enum { MS = 1000000, ROOM = 16 };

static const struct ledger_limits many_threads = {{
    [LEDGER_SLOTS] = 64,
    [LEDGER_FRAMES] = 128,
    [LEDGER_RESERVED_PAGES] = 256,
    [LEDGER_THREADS] = 32,
    [LEDGER_KERNEL_MEMORY] = 1 << 20,
}};

// Threads of one process.
struct world {
    struct host *host;
    struct actor actor[ROOM];
    unsigned count;
};

static struct world world_create(uint32_t cpus, unsigned threads) {
    struct world world = {.host = host_create(cpus), .count = threads};

    for (unsigned i = 0; i < threads; i++)
        if (i == 0)
            ck_assert_int_eq(
                actor_try(world.host, "threads", 1, &many_threads, ring_small, &world.actor[i]),
                CAPOS_STATUS_OK);
        else
            world.actor[i] = actor_thread(&world.actor[0], ring_small);
    return world;
}

static void world_audit(const struct world *world) {
    const char *broken = sched_audit(&world->host->cpus[0]);

    ck_assert_msg(broken == NULL, "%s", broken);
}

static void world_destroy(struct world *world) {
    struct cpu *cpu = &world->host->cpus[0];

    world_audit(world);
    for (unsigned i = 1; i < world->count; i++) { // each actor holds the process
        kernel_enter(cpu);
        object_put(cpu, &world->actor[i].process->object);
        kernel_leave(cpu);
    }
    actor_destroy(&world->actor[0]);
    host_destroy(world->host);
}

static struct thread *thread_at(const struct world *world, unsigned i) {
    return world->actor[i].thread;
}

static void run(struct world *world, uint64_t ns) {
    host_run(world->host, ns, MS / 4);
    world_audit(world);
}

// cap_enter by the thread that runs on the CPU.
static void enter(struct cpu *cpu, uint32_t wait, uint64_t deadline) {
    ringserve_enter(cpu, 0, wait, deadline);
}

static uint64_t cycles_of(const struct world *world, unsigned i) {
    return sched_cycles(&world->host->cpus[0], thread_at(world, i));
}

static void set_weight(const struct world *world, unsigned i, uint32_t weight) {
    ck_assert_int_eq(sched_set_thread_weight(&world->host->cpus[0], thread_at(world, i), weight),
                     CAPOS_STATUS_OK);
}

// Within a tenth of what is expected.
static void check_share(uint64_t cycles, uint64_t expected) {
    ck_assert_uint_ge(cycles, expected - expected / 10);
    ck_assert_uint_le(cycles, expected + expected / 10);
}

START_TEST(shares_go_by_weight) {
    struct world world = world_create(1, 3);

    set_weight(&world, 2, 2 * SCHED_WEIGHT_NORMAL);
    run(&world, 800 * MS);
    check_share(cycles_of(&world, 0), 200 * MS);
    check_share(cycles_of(&world, 1), 200 * MS);
    check_share(cycles_of(&world, 2), 400 * MS);
    world_destroy(&world);
}
END_TEST

START_TEST(two_share_by_weight) {
    struct world world = world_create(1, 2);

    set_weight(&world, 1, 3 * SCHED_WEIGHT_NORMAL);
    run(&world, 800 * MS);
    check_share(cycles_of(&world, 0), 200 * MS);
    check_share(cycles_of(&world, 1), 600 * MS);
    world_destroy(&world);
}
END_TEST

START_TEST(threads_spread_over_idle_cpus) {
    struct world world = world_create(4, 4);

    run(&world, 2 * MS);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(world.host->cpus[i].current);
    world_destroy(&world);
}
END_TEST

START_TEST(shares_are_equal_over_cpus) {
    struct world world = world_create(4, 8);

    run(&world, 400 * MS);
    for (unsigned i = 0; i < 8; i++)
        check_share(cycles_of(&world, i), 200 * MS);
    world_destroy(&world);
}
END_TEST

static void add_cpu(struct host *host) {
    struct cpu *cpu = &host->cpus[host->kernel.cpu_count];
    uint64_t before = ledger_used(&host->kernel.root, LEDGER_KERNEL_MEMORY);

    cpu->machine.host = host;
    cpu->machine.timer = UINT64_MAX;
    ck_assert_int_eq(kernel_add_cpu(&host->kernel, cpu), CAPOS_STATUS_OK);
    host->kernel_bytes += ledger_used(&host->kernel.root, LEDGER_KERNEL_MEMORY) - before;
}

// More threads than CPUs, but not a multiple: who has a CPU alone is always somebody else.
START_TEST(odd_threads_share_evenly) {
    static const unsigned threads[] = {3, 5, 5, 7, 9, 9, 11, 13, 15};
    static const uint32_t cpus[] = {2, 3, 4, 4, 4, 8, 8, 8, 8};
    struct world world = world_create(cpus[_i], threads[_i]);
    uint64_t shares = 0;

    run(&world, 1000 * MS);
    for (unsigned i = 0; i < threads[_i]; i++)
        check_share(cycles_of(&world, i), (uint64_t)1000 * MS * cpus[_i] / threads[_i]);
    for (uint32_t i = 0; i < cpus[_i]; i++)
        shares += world.host->cpus[i].counters.shares;
    ck_assert_uint_lt(shares, 1000 / 4 * cpus[_i]); // no more than one a slice
    world_destroy(&world);
}
END_TEST

// Weights hold between CPUs, too: what one thread can't use of its share, the others divide.
START_TEST(weights_hold_over_cpus) {
    struct world world = world_create(2, 4);

    set_weight(&world, 0, 3 * SCHED_WEIGHT_NORMAL); // 3/6 of 2 CPUs: one of its own
    run(&world, 1200 * MS);
    check_share(cycles_of(&world, 0), 1200 * MS);
    for (unsigned i = 1; i < 4; i++)
        check_share(cycles_of(&world, i), 400 * MS);
    world_destroy(&world);
}
END_TEST

// One whose weight asks for more than a CPU gets one; the others are none the worse.
START_TEST(a_weight_beyond_a_cpu) {
    struct world world = world_create(2, 4);

    set_weight(&world, 0, 60 * SCHED_WEIGHT_NORMAL);
    run(&world, 1200 * MS);
    ck_assert_uint_ge(cycles_of(&world, 0), 1000 * MS);
    for (unsigned i = 1; i < 4; i++)
        ck_assert_uint_ge(cycles_of(&world, i), 300 * MS);
    world_destroy(&world);
}
END_TEST

// What each of the threads gets from now on, one more than CPUs, is the same.
static void check_equal_from_now(struct world *world, uint32_t cpus) {
    uint64_t before[ROOM];

    for (unsigned i = 0; i < world->count; i++)
        before[i] = cycles_of(world, i);
    run(world, 900 * MS);
    for (unsigned i = 0; i < world->count; i++)
        check_share(cycles_of(world, i) - before[i], (uint64_t)900 * MS * cpus / world->count);
}

// CPUs whose clocks have gone apart, because some had nothing to do for long while others ran one
// thread each, share all the same.
START_TEST(an_idle_past_is_no_debt) {
    static const uint32_t cpus[] = {2, 4, 8};
    static const unsigned awake[] = {1, 2, 3};
    struct world world = world_create(cpus[_i], cpus[_i] + 1);

    run(&world, MS);
    for (unsigned asleep = 0; asleep < world.count - awake[_i];) // all but some sleep for long
        for (uint32_t i = 0; i < cpus[_i] && asleep < world.count - awake[_i]; i++)
            if (world.host->cpus[i].current != NULL) {
                enter(&world.host->cpus[i], 1, world.host->now + 20000 * (uint64_t)MS);
                asleep++;
            }
    host_run(world.host, 20001 * (uint64_t)MS, 10 * MS);
    check_equal_from_now(&world, cpus[_i]);
    world_destroy(&world);
}
END_TEST

// The same where one had a thread that deserved more than a CPU.
START_TEST(a_heavy_past_is_no_claim) {
    static const uint32_t cpus[] = {2, 4, 8};
    struct world world = world_create(cpus[_i], cpus[_i] + 1);

    set_weight(&world, 0, SCHED_WEIGHT_MAX);
    run(&world, 1000 * MS);
    set_weight(&world, 0, SCHED_WEIGHT_NORMAL);
    run(&world, 300 * MS);
    check_equal_from_now(&world, cpus[_i]);
    world_destroy(&world);
}
END_TEST

START_TEST(affinity_is_kept) {
    struct world world = world_create(4, 6);

    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(
            sched_set_thread_affinity(&world.host->cpus[3], thread_at(&world, i), 1 << 1),
            CAPOS_STATUS_OK);
    for (int n = 0; n < 300; n++) {
        run(&world, MS);
        for (unsigned i = 0; i < 4; i++)
            for (unsigned j = 0; j < 3; j++)
                if (i != 1)
                    ck_assert_ptr_ne(world.host->cpus[i].current, thread_at(&world, j));
    }
    for (unsigned i = 0; i < 3; i++)
        check_share(cycles_of(&world, i), 100 * MS);
    for (unsigned i = 3; i < 6; i++)
        check_share(cycles_of(&world, i), 300 * MS);
    world_destroy(&world);
}
END_TEST

// A running thread leaves a CPU that it may no longer run on, and one that waits wakes elsewhere.
START_TEST(affinity_changes) {
    struct world world = world_create(2, 2);
    struct cpu *a = &world.host->cpus[0], *b = &world.host->cpus[1];
    struct thread *running, *waiting;

    run(&world, 10 * MS);
    running = a->current;
    waiting = b->current;
    enter(b, 1, world.host->now + 20 * MS);
    ck_assert_int_eq(sched_set_thread_affinity(a, running, 2), CAPOS_STATUS_OK);
    ck_assert_int_eq(sched_set_thread_affinity(a, waiting, 1), CAPOS_STATUS_OK);
    run(&world, MS);
    ck_assert_ptr_eq(b->current, running);
    run(&world, 30 * MS);
    ck_assert_ptr_eq(a->current, waiting);
    ck_assert_int_eq(sched_set_thread_affinity(a, waiting, 0), CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(sched_set_thread_affinity(a, waiting, 4), CAPOS_STATUS_MALFORMED);
    world_destroy(&world);
}
END_TEST

START_TEST(weights_have_bounds) {
    struct world world = world_create(1, 2);

    ck_assert_int_eq(sched_set_weight(&world.host->cpus[0], world.actor[0].process, 63),
                     CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(sched_set_weight(&world.host->cpus[0], world.actor[0].process, 65537),
                     CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(sched_set_weight(&world.host->cpus[0], world.actor[0].process, 64),
                     CAPOS_STATUS_OK);
    ck_assert_uint_eq(thread_at(&world, 1)->pace, 1 << 26);
    ck_assert_uint_eq(world.actor[0].process->share.weight, 64);
    world_destroy(&world);
}
END_TEST

// Six threads, all queued on CPU 0 while it is alone, are spread by stealing and by its slices'
// ends.
START_TEST(a_long_queue_is_spread) {
    struct world world = world_create(1, 6);

    add_cpu(world.host);
    add_cpu(world.host);
    run(&world, 600 * MS);
    for (unsigned i = 0; i < 6; i++)
        check_share(cycles_of(&world, i), 300 * MS);
    world_destroy(&world);
}
END_TEST

START_TEST(a_thread_alone_is_not_interrupted) {
    struct world world = world_create(2, 1);
    uint64_t armed;

    run(&world, 20 * MS);
    armed = world.host->cpus[0].machine.armed;
    run(&world, 100 * MS);
    ck_assert_uint_eq(world.host->cpus[0].machine.timer, UINT64_MAX);
    ck_assert_uint_eq(world.host->cpus[0].machine.armed, armed);
    ck_assert_ptr_eq(world.host->cpus[0].current, thread_at(&world, 0));
    world_destroy(&world);
}
END_TEST

START_TEST(a_second_thread_ends_the_slice) {
    struct world world = world_create(1, 2);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *first;

    host_serve(cpu);
    first = cpu->current;
    ck_assert_uint_eq(cpu->machine.timer, world.host->now + SCHED_SLICE_NS);
    host_run(world.host, SCHED_SLICE_NS - 1, SCHED_SLICE_NS - 1);
    ck_assert_ptr_eq(cpu->current, first);
    host_run(world.host, 1, 1);
    ck_assert_ptr_ne(cpu->current, first);
    ck_assert_int_eq(first->state, THREAD_READY);
    world_destroy(&world);
}
END_TEST

// The slice that was set for a thread that another CPU then stole must not be set again for ever.
START_TEST(a_stolen_threads_slice_passes_once) {
    struct world world = world_create(2, 3);
    struct cpu *cpu = &world.host->cpus[0];
    uint64_t armed;

    run(&world, 10 * MS);
    // The CPU that has one thread loses it, and takes the other's second one.
    struct cpu *poor = cpu->queue.count == 0 ? cpu : &world.host->cpus[1];
    struct cpu *rich = cpu->queue.count == 0 ? &world.host->cpus[1] : cpu;
    ck_assert_uint_eq(rich->queue.count, 1);
    kernel_enter(poor);
    thread_kill(poor, poor->current);
    kernel_leave(poor);
    cpu_interrupt_pending(poor, PENDING_IPI);
    host_serve(poor);
    ck_assert_ptr_nonnull(poor->current);
    ck_assert_uint_eq(rich->queue.count, 0);
    run(&world, 10 * MS);
    armed = rich->machine.armed;
    run(&world, 10 * MS);
    ck_assert_uint_eq(rich->machine.timer, UINT64_MAX);
    ck_assert_uint_eq(rich->machine.armed, armed);
    world_destroy(&world);
}
END_TEST

START_TEST(a_deadline_wakes) {
    struct world world = world_create(1, 1);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *thread = thread_at(&world, 0);

    host_serve(cpu);
    enter(cpu, 1, world.host->now + 5 * MS);
    ck_assert_ptr_null(cpu->current);
    ck_assert_int_eq(thread->state, THREAD_WAITING);
    run(&world, 4 * MS);
    ck_assert_int_eq(thread->state, THREAD_WAITING);
    run(&world, MS);
    ck_assert_ptr_eq(cpu->current, thread);
    ck_assert_int_eq(thread->deadline.state, TIMER_IDLE);
    world_destroy(&world);
}
END_TEST

// Who slept is behind those who ran, so it comes first, but doesn't take what it did not use.
START_TEST(a_woken_thread_runs_before_a_hog) {
    struct world world = world_create(1, 2);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *sleeper;

    host_serve(cpu);
    sleeper = cpu->current;
    enter(cpu, 1, world.host->now + 50 * MS);
    run(&world, 49 * MS);
    ck_assert_ptr_ne(cpu->current, sleeper);
    run(&world, MS);
    ck_assert_ptr_eq(cpu->current, sleeper);
    run(&world, 200 * MS);
    check_share(sleeper->cycles, 100 * MS);
    world_destroy(&world);
}
END_TEST

// A hog that has been alone for long owes nothing to one that comes later.
START_TEST(a_newcomer_does_not_starve_a_hog) {
    struct world world = world_create(1, 2);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *late;
    uint64_t before;

    host_serve(cpu);
    late = cpu->current;
    enter(cpu, 1, world.host->now + 1000 * MS);
    run(&world, 1000 * MS);
    before = late->cycles;
    run(&world, 200 * MS);
    check_share(late->cycles - before, 100 * MS);
    world_destroy(&world);
}
END_TEST

// The clocks of two queues are not the same: what counts is how far a thread is ahead of its own.
START_TEST(a_thread_takes_its_lead_to_another_queue) {
    struct world world = world_create(2, 2);
    struct cpu *a = &world.host->cpus[0], *b = &world.host->cpus[1];
    struct thread *mover;

    host_serve(a);
    mover = a->current;
    enter(a, 1, UINT64_MAX);
    ck_assert_ptr_nonnull(a->current);
    host_serve(b);
    ck_assert_ptr_null(b->current);
    a->queue.virtual_time = 5000 * (uint64_t)MS;
    mover->virtual_time = 5003 * (uint64_t)MS;
    b->queue.virtual_time = 7 * (uint64_t)MS;
    kernel_enter(a);
    ck_assert(ring_interrupt_wait(&mover->ring));
    sched_ready(a, mover);
    kernel_leave(a);
    ck_assert_uint_eq(mover->cpu, 1);
    ck_assert_uint_eq(mover->virtual_time, 10 * (uint64_t)MS);
    run(&world, MS);
    ck_assert_ptr_eq(b->current, mover);
    world_destroy(&world);
}
END_TEST

START_TEST(two_wakers_choose_two_cpus) {
    struct world world = world_create(4, 4);

    run(&world, MS);
    for (unsigned i = 1; i < 4; i++)
        enter(&world.host->cpus[i], 1, UINT64_MAX);
    run(&world, MS);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(world.host->cpus[i].idle, i != 0);
    // CPU 0 wakes all three; nobody else has done anything yet.
    kernel_enter(&world.host->cpus[0]);
    for (unsigned i = 0; i < 4; i++)
        if (thread_at(&world, i)->state == THREAD_WAITING) {
            ck_assert(ring_interrupt_wait(&thread_at(&world, i)->ring));
            sched_ready(&world.host->cpus[0], thread_at(&world, i));
        }
    kernel_leave(&world.host->cpus[0]);
    for (unsigned i = 1; i < 4; i++) {
        ck_assert_uint_eq(world.host->cpus[i].queue.count, 1);
        ck_assert_uint_eq(world.host->cpus[i].idle, 0);
        ck_assert_uint_ne(world.host->cpus[i].pending, 0);
    }
    run(&world, MS);
    for (unsigned i = 1; i < 4; i++)
        ck_assert_ptr_nonnull(world.host->cpus[i].current);
    world_destroy(&world);
}
END_TEST

// A thread that is woken by another CPU while its own is just about to leave it.
static struct thread *met;

static void wake_when_left(struct cpu *cpu, struct thread *previous, struct thread *thread) {
    struct cpu *other = cpu->kernel->cpus[1];

    (void)thread;
    if (previous == NULL || previous != met)
        return;
    met = NULL;
    kernel_enter(other);
    ck_assert(ring_interrupt_wait(&previous->ring));
    sched_ready(other, previous);
    kernel_leave(other);
    host_serve(other); // it finds nothing to steal yet
    ck_assert_ptr_null(other->current);
}

START_TEST(a_wake_meets_the_leaving) {
    struct world world = world_create(2, 1);
    struct cpu *cpu = &world.host->cpus[0];

    host_serve(cpu);
    ck_assert_ptr_eq(cpu->current, thread_at(&world, 0));
    met = cpu->current;
    world.host->switching = wake_when_left;
    enter(cpu, 1, UINT64_MAX);
    world.host->switching = NULL;
    ck_assert_ptr_null(met);
    world_audit(&world);
    run(&world, MS);
    ck_assert_int_eq(thread_at(&world, 0)->state, THREAD_RUNNING);
    world_destroy(&world);
}
END_TEST

// The same moment, but it is killed.
static void kill_when_left(struct cpu *cpu, struct thread *previous, struct thread *thread) {
    struct cpu *other = cpu->kernel->cpus[1];

    (void)thread;
    if (previous == NULL || previous != met)
        return;
    met = NULL;
    kernel_enter(other);
    thread_kill(other, previous);
    kernel_leave(other);
}

START_TEST(a_kill_meets_the_leaving) {
    struct world world = world_create(2, 2);
    struct cpu *cpu = &world.host->cpus[0];

    run(&world, MS);
    met = cpu->current;
    world.host->switching = kill_when_left;
    enter(cpu, 1, UINT64_MAX);
    world.host->switching = NULL;
    ck_assert_ptr_null(met);
    run(&world, MS);
    ck_assert_uint_eq(world.actor[0].process->threads_left, 1);
    world_destroy(&world);
}
END_TEST

// And the moment when it is about to run.
static void kill_when_taken(struct cpu *cpu, struct thread *previous, struct thread *thread) {
    struct cpu *other = cpu->kernel->cpus[1];

    (void)previous;
    if (thread == NULL || thread != met)
        return;
    met = NULL;
    kernel_enter(other);
    thread_kill(other, thread);
    kernel_leave(other);
}

START_TEST(a_kill_meets_the_taking) {
    struct world world = world_create(2, 2);
    struct cpu *cpu = &world.host->cpus[0];

    met = thread_at(&world, 0);
    world.host->switching = kill_when_taken;
    host_serve(cpu);
    world.host->switching = NULL;
    ck_assert_ptr_null(met);
    host_serve(cpu);
    ck_assert_uint_eq(world.actor[0].process->threads_left, 1);
    world_destroy(&world);
}
END_TEST

// One that waits behind others is not left to its turn.
START_TEST(a_ready_thread_is_killed_at_once) {
    struct world world = world_create(1, 12);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *victim, *running;

    run(&world, 20 * MS);
    running = cpu->current;
    victim = thread_at(&world, 3) == running ? thread_at(&world, 4) : thread_at(&world, 3);
    ck_assert_int_eq(victim->state, THREAD_READY);
    kernel_enter(cpu);
    object_get(&victim->object);
    thread_kill(cpu, victim);
    kernel_leave(cpu);
    ck_assert_uint_eq(world.actor[0].process->threads_left, 12);
    host_serve(cpu);
    ck_assert_uint_eq(world.actor[0].process->threads_left, 11);
    ck_assert_int_eq(victim->state, THREAD_DEAD);
    object_put(cpu, &victim->object);
    run(&world, 20 * MS);
    world_destroy(&world);
}
END_TEST

// What a thread has woken without waiting for it runs all the same.
START_TEST(an_unused_handoff_is_queued) {
    struct world world = world_create(1, 2);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *sleeper;

    host_serve(cpu);
    sleeper = cpu->current;
    enter(cpu, 1, UINT64_MAX);
    ck_assert_ptr_nonnull(cpu->current);
    kernel_enter(cpu);
    ck_assert(ring_interrupt_wait(&sleeper->ring));
    sched_ready_handoff(cpu, sleeper);
    ck_assert_ptr_eq(cpu->handoff, sleeper);
    world_audit(&world);
    sched_leave(cpu);
    ck_assert_ptr_null(cpu->handoff);
    world_audit(&world);
    run(&world, 10 * MS);
    ck_assert_uint_gt(sleeper->cycles, 0);
    world_destroy(&world);
}
END_TEST

START_TEST(a_handoff_runs_next_and_keeps_the_slice) {
    struct world world = world_create(1, 3);
    struct cpu *cpu = &world.host->cpus[0];
    struct thread *sleeper;
    uint64_t end;

    host_serve(cpu);
    sleeper = cpu->current;
    enter(cpu, 1, UINT64_MAX);
    end = cpu->timers.slice_end;
    host_advance(world.host, MS);
    kernel_enter(cpu);
    ck_assert(ring_interrupt_wait(&sleeper->ring));
    sched_ready_handoff(cpu, sleeper);
    ring_begin(&cpu->current->ring);
    cpu->current->ring.waits = 1;
    ck_assert(ring_wait(&cpu->current->ring));
    ck_assert_ptr_eq(sched_leave_waiting(cpu), sleeper);
    ck_assert_uint_eq(cpu->timers.slice_end, end);
    world_audit(&world);
    world_destroy(&world);
}
END_TEST

// Input of a serial port leads to whoever asked for it, whatever the CPU was doing.
static int inputs;

static void count_input(struct cpu *cpu) {
    (void)cpu;
    inputs++;
}

START_TEST(serial_input_is_passed_on) {
    struct world world = world_create(1, 1);
    struct cpu *cpu = &world.host->cpus[0];

    world.host->kernel.serial_input = count_input;
    inputs = 0;
    host_serve(cpu);
    cpu_interrupt_pending(cpu, PENDING_SERIAL); // in user mode
    host_serve(cpu);
    ck_assert_int_eq(inputs, 1);
    cpu_interrupt_pending(cpu, PENDING_SERIAL); // in the kernel
    enter(cpu, 1, UINT64_MAX);
    ck_assert_int_eq(inputs, 2);
    ck_assert_ptr_null(cpu->current);
    cpu_interrupt_pending(cpu, PENDING_SERIAL | PENDING_IPI); // and idle
    host_serve(cpu);
    ck_assert_int_eq(inputs, 3);
    world_destroy(&world);
}
END_TEST

// Random operations on random CPUs; the audit after each, and all is well at the end.
struct walk {
    struct world world;
    struct harness_random random;
};

static struct cpu *random_cpu(struct walk *walk) {
    return &walk->world.host
                ->cpus[harness_random_below(&walk->random, walk->world.host->kernel.cpu_count)];
}

static void walk_wait(struct walk *walk) {
    struct cpu *cpu = random_cpu(walk);
    uint64_t ns = harness_random_below(&walk->random, 10 * MS);

    if (cpu->current != NULL)
        enter(cpu, 1, walk->world.host->now + ns);
}

static void walk_time(struct walk *walk) {
    host_advance(walk->world.host, harness_random_below(&walk->random, 3 * MS));
}

static void walk_serve(struct walk *walk) {
    host_serve(random_cpu(walk));
}

static void walk_round(struct walk *walk) {
    struct cpu *cpu = random_cpu(walk);
    bool worked;

    if (cpu->current == NULL)
        sched_idle_round(cpu, &worked);
    else
        sched_interrupt(cpu);
}

static void walk_wake(struct walk *walk) {
    struct cpu *cpu = random_cpu(walk);
    unsigned i = (unsigned)harness_random_below(&walk->random, walk->world.count);
    struct thread *thread = thread_at(&walk->world, i);

    kernel_enter(cpu);
    if (thread->state != THREAD_DEAD && ring_interrupt_wait(&thread->ring)) {
        if (harness_random_below(&walk->random, 2) == 0)
            sched_ready(cpu, thread);
        else
            sched_ready_handoff(cpu, thread);
    }
    if (cpu->current != NULL)
        sched_leave(cpu);
    else
        kernel_leave(cpu);
}

START_TEST(random_walk) {
    static void (*const operations[])(struct walk *) = {
        walk_wait, walk_wait, walk_time, walk_serve, walk_round, walk_wake, walk_serve};
    struct walk walk = {.world = world_create((uint32_t)_i, 9), .random = harness_random_start()};

    for (unsigned i = 0; i < 20000; i++) {
        operations[harness_random_below(&walk.random, 7)](&walk);
        world_audit(&walk.world);
    }
    for (unsigned i = 0; i < walk.world.count; i++)
        ck_assert_uint_gt(thread_at(&walk.world, i)->cycles, 0);
    world_destroy(&walk.world);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sched");
    TCase *walks = tcase_create("walks");

    harness_add(suite, "shares go by weight", shares_go_by_weight);
    harness_add(suite, "two share by weight", two_share_by_weight);
    harness_add(suite, "threads spread over idle CPUs", threads_spread_over_idle_cpus);
    harness_add(suite, "shares are equal over CPUs", shares_are_equal_over_cpus);
    harness_add(suite, "weights hold over CPUs", weights_hold_over_cpus);
    harness_add(suite, "a weight beyond a CPU", a_weight_beyond_a_cpu);
    harness_add(suite, "affinity is kept", affinity_is_kept);
    harness_add(suite, "affinity changes", affinity_changes);
    harness_add(suite, "weights have bounds", weights_have_bounds);
    harness_add(suite, "a long queue is spread", a_long_queue_is_spread);
    harness_add(suite, "a thread alone is not interrupted", a_thread_alone_is_not_interrupted);
    harness_add(suite, "a second thread ends the slice", a_second_thread_ends_the_slice);
    harness_add(suite, "a stolen thread's slice", a_stolen_threads_slice_passes_once);
    harness_add(suite, "a deadline wakes", a_deadline_wakes);
    harness_add(suite, "a woken thread runs before a hog", a_woken_thread_runs_before_a_hog);
    harness_add(suite, "a newcomer", a_newcomer_does_not_starve_a_hog);
    harness_add(suite, "another queue", a_thread_takes_its_lead_to_another_queue);
    harness_add(suite, "two wakers choose two CPUs", two_wakers_choose_two_cpus);
    harness_add(suite, "a wake meets the leaving", a_wake_meets_the_leaving);
    harness_add(suite, "a kill meets the leaving", a_kill_meets_the_leaving);
    harness_add(suite, "a kill meets the taking", a_kill_meets_the_taking);
    harness_add(suite, "a ready thread is killed at once", a_ready_thread_is_killed_at_once);
    harness_add(suite, "an unused handoff is queued", an_unused_handoff_is_queued);
    harness_add(suite, "a handoff keeps the slice", a_handoff_runs_next_and_keeps_the_slice);
    harness_add(suite, "serial input is passed on", serial_input_is_passed_on);
    tcase_add_loop_test(walks, odd_threads_share_evenly, 0, 9);
    tcase_add_loop_test(walks, an_idle_past_is_no_debt, 0, 3);
    tcase_add_loop_test(walks, a_heavy_past_is_no_claim, 0, 3);
    tcase_add_loop_test(walks, random_walk, 1, HOST_CPUS_EACH + 1);
    suite_add_tcase(suite, walks);
    return harness_run(suite);
}
