// SPDX-License-Identifier: MIT
//
// The world of the scenarios of tests/race: a server and a client on CPUs of their own, a third
// thread or a killer on another, and what each operation came to.
#ifndef TESTS_RACE_WORLD_H
#define TESTS_RACE_WORLD_H

#include "core/lock.h"
#include "tests/host/pair.h"
#include "tests/race/atomics.h"
#include "tests/race/explore.h"

#include <check.h>

#include <stdbool.h>
#include <stdint.h>

enum { WORLD_CPUS = 3, WORLD_NONE = INT32_MAX, WORLD_WORD = 3072 };

// A scenario, and the guard that it is about: without it it must fail.
struct race {
    const char *name;
    struct race_scenario scenario;
    enum race_broken broken;
    enum lock_rank lock; // of RACE_NO_LOCK
};

// Of each file, one after the other, up to one without a name.
extern const struct race call_races[], cap_races[], direct_races[], hand_over_races[], park_races[],
    session_races[], thread_races[];

// What direct_races and hand_over_races are about: how often a thread has passed its CPU on, in all
// schedules.
extern uint64_t direct_passes, hand_over_passes;

struct world {
    struct pair pair;
    struct actor second; // another thread of the client's
    bool client_dies, server_dies;
};
extern struct world world;

// What the operations came to, by the user_data of their submissions; WORLD_NONE: nothing yet.
enum world_operation {
    WORLD_CALL = 200,
    WORLD_CALL_2 = 201,
    WORLD_LINKED = 210,
    WORLD_LINKED_2 = 220,
    WORLD_ANSWER = 300,
    WORLD_CANCEL = 400,
    WORLD_RELEASE = 500,
    WORLD_PARK = 600,
    WORLD_UNPARK = 700,
    WORLD_OPERATIONS = 701,
};
extern int32_t ended[WORLD_OPERATIONS];

void world_require(bool condition, const char *what);
struct cpu *world_cpu(uint32_t number);

// A new world, and its end, which finds what is left over.
void world_begin(void);
void world_add_second(void);
void world_finish(void);

// One cap_enter of the thread that runs on the CPU, with this SQE behind those that are there
// already, and the interrupts that came meanwhile. Nothing
// if the thread was killed before it got here.
void world_enter(struct actor *actor, uint32_t cpu, const struct capos_sqe *sqe, uint32_t wait);

// Kills the process, from a CPU that runs nothing of it.
void world_kill(uint32_t cpu, struct process *process);

// Everything that is under way comes to its end.
void world_settle(void);

// Notes the completions that are there.
void world_take(struct actor *actor);

// Notes what a thread that still runs finds when it looks.
void world_look(struct actor *actor);

#endif
