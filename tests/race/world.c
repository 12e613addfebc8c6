// SPDX-License-Identifier: MIT
//
// See world.h. Fibers share one thread of the host, so nothing here is locked.
#include "tests/race/world.h"

#include "core/sched.h"
#include "tests/host/run.h"

#include <stdio.h>
#include <stdlib.h>

struct world world;
int32_t ended[WORLD_OPERATIONS];

void world_require(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "race: %s\n", what);
        abort();
    }
}

struct cpu *world_cpu(uint32_t number) {
    return &world.pair.host->cpus[number];
}

void world_take(struct actor *actor) {
    struct capos_cqe cqe;

    while (ring_user_take(&actor->ring, &cqe))
        if (cqe.user_data < WORLD_OPERATIONS)
            ended[cqe.user_data] = cqe.result;
}

void world_enter(struct actor *actor, uint32_t cpu, const struct capos_sqe *sqe, uint32_t wait) {
    struct cpu *on = world_cpu(cpu);

    if (on->current != actor->thread)
        return;
    *ring_user_next(&actor->ring) = *sqe;
    ring_user_publish(&actor->ring);
    ringserve_enter(on, ring_user_pending(&actor->ring), wait, CAPOS_NO_DEADLINE);
    while (on->pending != 0 && on->current != NULL)
        sched_interrupt(on);
}

void world_kill(uint32_t number, struct process *process) {
    static const struct process_end killed = {.kind = PROCESS_KILLED};
    struct cpu *cpu = world_cpu(number);

    kernel_enter(cpu);
    process_kill(cpu, process, &killed);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

void world_settle(void) {
    for (int i = 0; i < 4; i++) {
        for (uint32_t n = 0; n < WORLD_CPUS; n++) {
            struct cpu *cpu = world_cpu(n);
            bool worked;

            if (cpu->current != NULL && cpu->pending != 0)
                sched_interrupt(cpu);
            if (cpu->current == NULL)
                sched_idle_round(cpu, &worked);
        }
        host_settle(world.pair.host);
    }
}

void world_look(struct actor *actor) {
    uint64_t result;

    if (actor->thread->state != THREAD_READY && actor->thread->state != THREAD_RUNNING)
        return;
    for (uint32_t n = 0; n < WORLD_CPUS; n++)
        if (world_cpu(n)->current == actor->thread) {
            ring_user_publish(&actor->ring);
            ringserve_enter(world_cpu(n), 0, 0, 0);
            world_take(actor);
            return;
        }
    world_require(actor_enter(actor, 0, 0, 0, &result), "a look waits");
    world_take(actor);
}

void world_begin(void) {
    world = (struct world){.pair = pair_create_on(WORLD_CPUS, &host_limits)};
    for (unsigned i = 0; i < WORLD_OPERATIONS; i++)
        ended[i] = WORLD_NONE;
}

void world_add_second(void) {
    world.second = actor_thread(&world.pair.client, ring_small);
}

void world_finish(void) {
    world_settle();
    if (world.second.thread != NULL) {
        kernel_enter(world_cpu(0));
        object_put(world_cpu(0), &world.second.process->object);
        object_close_pending(world_cpu(0));
        kernel_leave(world_cpu(0));
    }
    pair_destroy(&world.pair);
}
