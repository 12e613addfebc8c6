// SPDX-License-Identifier: MIT
//
// Where a thread goes on that is woken while the CPUs that it may run on change.
#include "core/process.h"
#include "core/sched.h"
#include "core/sched_policy.h"
#include "tests/race/world.h"

enum { SLOT = 3, ALLOWED = 0 }; // the CPU that remains to it

static struct thread *sleeper;

// The client's thread waits, having run on CPU 1, which is now idle.
static void a_sleeper(void) {
    struct capos_sqe park = {.opcode = CAPOS_OP_PARK,
                             .slot = SLOT,
                             .user_data = WORLD_PARK,
                             .deadline = CAPOS_NO_DEADLINE};
    bool worked;

    world_begin();
    world_add_second();
    sleeper = world.pair.client.thread;
    park.interface = sleeper->ring.address.value + WORLD_WORD;
    actor_run(&world.pair.server, world_cpu(0));
    actor_run(&world.pair.client, world_cpu(1));
    actor_run(&world.second, world_cpu(2));
    world_enter(&world.pair.client, 1, &park, CAPOS_WAIT_SLOT | SLOT);
    world_require(sched_idle_round(world_cpu(1), &worked) == NULL, "the sleeper does not sleep");
}

static void run_idle(uint32_t number) {
    struct cpu *cpu = world_cpu(number);
    bool worked;

    for (int i = 0; i < 2 && cpu->current == NULL; i++)
        (void)sched_idle_round(cpu, &worked);
    while (cpu->pending != 0 && cpu->current != NULL)
        sched_interrupt(cpu);
}

static void wake_or_move(unsigned number) {
    struct capos_sqe unpark = {.opcode = CAPOS_OP_UNPARK,
                               .interface = sleeper->ring.address.value + WORLD_WORD,
                               .params = 1,
                               .user_data = WORLD_UNPARK};
    struct cpu *cpu = world_cpu(0);

    if (number == 0) {
        world_enter(&world.second, 2, &unpark, 0);
    } else if (number == 1) {
        kernel_enter(cpu);
        world_require(sched_set_thread_affinity(cpu, sleeper, 1 << ALLOWED) == CAPOS_STATUS_OK,
                      "the affinity can't be set");
        kernel_leave(cpu);
    } else {
        run_idle(1);
    }
}

// Wakes the sleeper and waits itself, so that it is to run on CPU 2.
static void hand_over_or_move(unsigned number) {
    struct capos_sqe unpark = {.opcode = CAPOS_OP_UNPARK,
                               .flags = CAPOS_SQE_SKIP_CQE,
                               .interface = sleeper->ring.address.value + WORLD_WORD,
                               .params = 1};
    struct capos_sqe park = {.opcode = CAPOS_OP_PARK,
                             .slot = SLOT,
                             .interface = unpark.interface + sizeof(uint32_t),
                             .user_data = WORLD_UNPARK,
                             .deadline = CAPOS_NO_DEADLINE};

    if (number == 1) {
        wake_or_move(1);
        return;
    }
    *ring_user_next(&world.second.ring) = unpark;
    world_enter(&world.second, 2, &park, CAPOS_WAIT_SLOT | SLOT);
}

static void check_moved(void) {
    world_settle();
    for (uint32_t n = 0; n < WORLD_CPUS; n++)
        world_require(world_cpu(n)->current != sleeper || n == ALLOWED, "it runs where it may not");
    world_require(sleeper->queued != 0 || world_cpu(ALLOWED)->current == sleeper, "it is nowhere");
    world_require(sleeper->queued == 0 || sleeper->queued == ALLOWED + 1,
                  "it waits where it may not run");
    world_finish();
}

const struct race thread_races[] = {
    {"a wake-up against a change of affinity",
     {3, a_sleeper, wake_or_move, check_moved},
     RACE_NO_LOCK,
     LOCK_RUN_QUEUE},
    {"a hand-over against a change of affinity",
     {2, a_sleeper, hand_over_or_move, check_moved},
     RACE_NO_DEATH,
     0},
    {0},
};
