// SPDX-License-Identifier: MIT
//
// PARK and UNPARK on CPUs that are threads of the host: pairs of threads hand a word to and fro,
// each parking until it is its turn. A wake-up that is lost stops a pair for ever, which the test
// notices. (Memory that is unmapped under a parked thread: tests/race/parks.c.)
#include "core/panic.h"
#include "core/vm.h"
#include "tests/harness.h"
#include "tests/host/host.h"
#include "tests/host/smp.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLAYERS = 8, TURNS_DEFAULT = 50000, WORD = 3072, WAIT_MS = 60000 };

// One of two threads that share a word, which says whose turn it is: `side` or not.
struct player {
    struct thread *thread;
    struct ring_user ring;
    uint32_t side;
    _Atomic uint32_t *word;
    uint64_t address;
    _Atomic uint64_t turns;
};

struct game {
    struct host *host;
    struct actor actor;
    struct player player[PLAYERS];
    uint64_t turns;
    _Atomic uint64_t slept, changed;
};

static struct game game;

static void require(bool condition, const char *what) {
    if (!condition)
        panic("core_park_smp: %s", what);
}

// Gives the turn to the other one, if it is ours, else parks until it is. These are two steps, so
// that the other one, woken on another CPU, is often quicker than the parking.
static void step(struct cpu *cpu, void *user) {
    struct player *player = user;
    struct capos_cqe cqe;
    struct capos_sqe *sqe;
    bool ours;

    while (ring_user_take(&player->ring, &cqe)) {
        require(cqe.user_data != 1 || cqe.result == 0 || cqe.result == -CAPOS_STATUS_CHANGED,
                "parking ended otherwise");
        if (cqe.user_data == 1 && cqe.result == 0)
            atomic_fetch_add(&game.slept, 1);
        else if (cqe.user_data == 1)
            atomic_fetch_add(&game.changed, 1);
    }
    if (player->turns >= game.turns && *player->word != player->side) {
        sched_yield();
        ring_user_publish(&player->ring);
        ringserve_enter(cpu, 0, 1, CAPOS_NO_DEADLINE); // done: for ever
        return;
    }
    ours = *player->word == player->side;
    sqe = ring_user_next(&player->ring);
    sqe->interface = player->address;
    if (ours) {
        atomic_store(player->word, !player->side);
        player->turns++;
        sqe->opcode = CAPOS_OP_UNPARK;
        sqe->params = 1;
        sqe->flags = CAPOS_SQE_SKIP_CQE;
    } else {
        sqe->opcode = CAPOS_OP_PARK;
        sqe->slot = 1;
        sqe->params = !player->side;
        sqe->user_data = 1;
        sqe->deadline = CAPOS_NO_DEADLINE;
    }
    ring_user_publish(&player->ring);
    ringserve_enter(cpu, 1, ours ? 0 : CAPOS_WAIT_SLOT | 1, CAPOS_NO_DEADLINE);
}

static void make_player(struct cpu *cpu, unsigned index, uint32_t cpus) {
    struct player *player = &game.player[index];
    struct player *first = &game.player[index & ~1u];
    const struct thread_start start = {.argument = (uint64_t)player, .ring = ring_small};

    require(thread_create(cpu, game.actor.process, &start, &player->thread) == CAPOS_STATUS_OK,
            "no thread");
    require(ring_user_attach(&player->ring, player->thread->ring.base), "no ring");
    player->side = index & 1;
    player->word = (_Atomic uint32_t *)(void *)(first->thread->ring.base + WORD);
    player->address = first->thread->ring.address.value + WORD;
    player->thread->cpu = index % cpus;
}

static bool all_done(void) {
    for (unsigned i = 0; i < PLAYERS; i++)
        if (game.player[i].turns < game.turns)
            return false;
    return true;
}

START_TEST(no_wake_up_is_lost) {
    uint32_t cpus = (uint32_t)_i;
    const char *turns = getenv("PARK_TURNS");
    struct ledger_limits limits = host_limits;
    struct cpu *own;

    memset(&game, 0, sizeof game);
    game.turns = turns == NULL ? TURNS_DEFAULT : strtoull(turns, NULL, 10);
    game.host = host_create(cpus + 1);
    own = &game.host->cpus[cpus];
    own->idle = 0;
    limits.limit[LEDGER_THREADS] = PLAYERS + 1;
    kernel_enter(own);
    const struct process_start start = {.name = "players", .limits = limits};
    require(process_create(own, &game.host->kernel.root, &start, &game.actor.process) ==
                CAPOS_STATUS_OK,
            "no process");
    for (unsigned i = 0; i < PLAYERS; i++)
        make_player(own, i, cpus);
    for (unsigned i = 0; i < PLAYERS; i++)
        thread_start(own, game.player[i].thread);
    kernel_leave(own);
    smp_start(game.host, cpus, step);
    for (unsigned ms = 0; !all_done(); ms++) {
        require(ms < WAIT_MS, "a wake-up was lost");
        usleep(1000);
    }
    kernel_enter(own);
    static const struct process_end killed = {.kind = PROCESS_KILLED};
    process_kill(own, game.actor.process, &killed);
    kernel_leave(own);
    while (game.host->kernel.process_count != 0)
        usleep(1000);
    smp_stop();
    printf("# %lu turns each, %lu times woken, %lu times too late to park\n",
           (unsigned long)game.turns, (unsigned long)game.slept, (unsigned long)game.changed);
    ck_assert_uint_gt(game.slept, 10);
    kernel_enter(own);
    object_put(own, &game.actor.process->object);
    object_close_pending(own);
    kernel_leave(own);
    host_destroy(game.host);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("park on several CPUs");
    TCase *tcase = tcase_create("CPUs");

    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, no_wake_up_is_lost, 1, HOST_CPUS_EACH);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
