// SPDX-License-Identifier: MIT
//
// UNPARK and PARK in one step, in which one thread passes its CPU to another one that was parked,
// against all that can come between. The second thread is parked on the first word; the client's
// thread wakes it and parks on the second word; a third thread, or a killer, is on another CPU.
#include "core/process.h"
#include "tests/host/run.h"
#include "tests/race/world.h"

uint64_t hand_over_passes;

enum { SLOT = 3, WORDS = 2, PARKED = WORLD_CALL }; // PARKED: the second thread's park

static uint64_t address[WORDS];
static uint32_t *word[WORDS];
static struct actor third; // of the same process

static struct capos_sqe park(unsigned n, uint64_t user_data) {
    return (struct capos_sqe){.opcode = CAPOS_OP_PARK,
                              .slot = SLOT,
                              .interface = address[n],
                              .user_data = user_data,
                              .deadline = CAPOS_NO_DEADLINE};
}

static struct capos_sqe unpark(unsigned n, uint8_t flags) {
    return (struct capos_sqe){.opcode = CAPOS_OP_UNPARK,
                              .flags = flags,
                              .interface = address[n],
                              .params = 1,
                              .user_data = WORLD_UNPARK};
}

static void wait(struct actor *actor, struct capos_sqe sqe, uint32_t what) {
    uint64_t result;

    *ring_user_next(&actor->ring) = sqe;
    world_require(!actor_enter(actor, 1, what, CAPOS_NO_DEADLINE, &result), "the thread waits");
}

// On CPU 0, where the client's thread then runs.
static void one_is_parked(void) {
    world_begin();
    wait(&world.pair.server, pair_recv(&world.pair), 1);
    world_add_second();
    third = actor_thread(&world.pair.client, ring_small);
    for (unsigned n = 0; n < WORDS; n++) {
        uint32_t offset = WORLD_WORD + n * (uint32_t)sizeof(uint32_t);

        address[n] = world.pair.client.thread->ring.address.value + offset;
        word[n] = actor_at(&world.pair.client, offset);
        *word[n] = 0;
    }
    wait(&world.second, park(0, PARKED), CAPOS_WAIT_SLOT | SLOT);
    actor_run(&world.pair.client, world_cpu(0));
    actor_run(&third, world_cpu(2));
    for (uint32_t n = 0; n < WORLD_CPUS; n++)
        world_cpu(n)->counters.passes = 0;
}

// Wakes who is parked on one word, and parks on the other.
static void hand_over(struct actor *actor, uint32_t cpu, unsigned wake, uint64_t user_data) {
    struct capos_sqe sqe = park(1 - wake, user_data);

    if (world_cpu(cpu)->current != actor->thread)
        return;
    *word[wake] = 1;
    *ring_user_next(&actor->ring) = unpark(wake, CAPOS_SQE_SKIP_CQE);
    world_enter(actor, cpu, &sqe, CAPOS_WAIT_SLOT | SLOT);
}

static void wake_from_third(unsigned n) {
    struct capos_sqe sqe = unpark(n, 0);

    *word[n] = 1;
    world_enter(&third, 2, &sqe, 0);
}

static void kill_thread(struct thread *thread) {
    struct cpu *cpu = world_cpu(1);

    kernel_enter(cpu);
    thread_kill(cpu, thread);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void or_wake_its_own(unsigned number) {
    if (number == 0)
        hand_over(&world.pair.client, 0, 0, WORLD_PARK);
    else
        wake_from_third(1);
}

static void or_wake_the_same(unsigned number) {
    if (number == 0)
        hand_over(&world.pair.client, 0, 0, WORLD_PARK);
    else
        wake_from_third(0);
}

static void or_kill_woken(unsigned number) {
    if (number == 0)
        hand_over(&world.pair.client, 0, 0, WORLD_PARK);
    else
        kill_thread(world.second.thread);
}

static void or_kill_waker(unsigned number) {
    if (number == 0)
        hand_over(&world.pair.client, 0, 0, WORLD_PARK);
    else
        kill_thread(world.pair.client.thread);
}

static void or_the_other_way_round(unsigned number) {
    if (number == 0)
        hand_over(&world.pair.client, 0, 0, WORLD_PARK);
    else
        hand_over(&third, 2, 1, WORLD_CALL_2);
}

static bool is_waiting(const struct actor *actor) {
    return actor->thread->state == THREAD_WAITING;
}

// All but one that has been killed.
static void all_look_but(const struct actor *dead) {
    struct actor *actors[] = {&world.pair.client, &world.second, &third};

    world_settle();
    for (unsigned i = 0; i < 3; i++)
        if (actors[i] != dead)
            world_look(actors[i]);
    for (uint32_t n = 0; n < WORLD_CPUS; n++)
        hand_over_passes += world_cpu(n)->counters.passes;
}

static void finish(void) {
    struct cpu *cpu = world_cpu(0);

    kernel_enter(cpu);
    object_put(cpu, &third.process->object);
    object_close_pending(cpu);
    kernel_leave(cpu);
    world_finish();
}

static void all_look(void) {
    all_look_but(NULL);
}

static void check_own_wake(void) {
    all_look();
    world_require(ended[PARKED] == 0, "the parked thread is not woken");
    world_require(ended[WORLD_PARK] == 0 || ended[WORLD_PARK] == -CAPOS_STATUS_CHANGED,
                  "a wake-up is lost");
    world_require(ended[WORLD_UNPARK] == (ended[WORLD_PARK] == 0), "UNPARK has counted wrongly");
    finish();
}

static void check_same_wake(void) {
    all_look();
    world_require(ended[PARKED] == 0, "the parked thread is not woken");
    world_require(ended[WORLD_UNPARK] == 0 || ended[WORLD_UNPARK] == 1, "UNPARK's result");
    world_require(is_waiting(&world.pair.client) && ended[WORLD_PARK] == WORLD_NONE,
                  "nobody has woken the waker");
    finish();
}

static void check_woken_gone(void) {
    all_look_but(&world.second);
    world_require(world.pair.client.process->threads_left == 2, "the thread does not end");
    world_require(is_waiting(&world.pair.client) && ended[WORLD_PARK] == WORLD_NONE,
                  "nobody has woken the waker");
    finish();
}

// Who is killed when others run everywhere dies at the end of a slice.
static void check_waker_gone(void) {
    world_settle();
    host_run(world.pair.host, 3 * SCHED_SLICE_NS, SCHED_SLICE_NS);
    all_look_but(&world.pair.client);
    world_require(world.pair.client.process->threads_left == 2, "the thread does not end");
    world_require(ended[PARKED] == 0 || is_waiting(&world.second), "a thread is lost");
    finish();
}

// Either parks before the other one's UNPARK, or finds its word changed.
static void check_both_ways(void) {
    int32_t client, other;

    all_look();
    client = ended[WORLD_PARK];
    other = ended[WORLD_CALL_2];
    world_require(ended[PARKED] == 0, "the parked thread is not woken");
    world_require(client == 0 || client == -CAPOS_STATUS_CHANGED, "a wake-up is lost");
    world_require(other == -CAPOS_STATUS_CHANGED || other == WORLD_NONE || other == 0,
                  "the other one's park");
    finish();
}

const struct race hand_over_races[] = {
    {"hand-over against its own wake-up",
     {2, one_is_parked, or_wake_its_own, check_own_wake},
     RACE_NO_LOCK,
     LOCK_QUEUE},
    {"hand-over against another wake-up of the same",
     {2, one_is_parked, or_wake_the_same, check_same_wake},
     RACE_NO_LOCK,
     LOCK_QUEUE},
    {"hand-over against the woken thread's end",
     {2, one_is_parked, or_kill_woken, check_woken_gone},
     RACE_NO_LOCK,
     LOCK_RING},
    {"hand-over against its own thread's end",
     {2, one_is_parked, or_kill_waker, check_waker_gone},
     RACE_NO_DEATH,
     0},
    {"two hand-overs, each on the other's word",
     {2, one_is_parked, or_the_other_way_round, check_both_ways},
     RACE_NO_LOCK,
     LOCK_QUEUE},
    {0},
};
