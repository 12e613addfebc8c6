// SPDX-License-Identifier: MIT
//
// Calls and answers that are made in one go, in which one thread passes the CPU to the other,
// against all that can come between.
#include "core/call.h"
#include "core/endpoint.h"
#include "core/process.h"
#include "core/token.h"
#include "tests/race/world.h"

uint64_t direct_passes;
static uint64_t foreseen; // the token that the call will have, or has

static void enter_alone(struct actor *actor, const struct capos_sqe *sqe) {
    uint64_t result;

    *ring_user_next(&actor->ring) = *sqe;
    (void)actor_enter(actor, 1, 1, CAPOS_NO_DEADLINE, &result);
    world_take(&world.pair.server);
    world_take(&world.pair.client);
}

static struct capos_sqe usual_answer(uint64_t token) {
    struct capos_sqe sqe = pair_return(token);

    sqe.flags = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
    return sqe;
}

// The server waits, on no CPU; the client, which has called once, runs on CPU 0.
static void waiting_server(void) {
    struct capos_sqe sqe;

    world_begin();
    sqe = pair_recv(&world.pair);
    enter_alone(&world.pair.server, &sqe);
    sqe = pair_call(&world.pair);
    enter_alone(&world.pair.client, &sqe);
    sqe = usual_answer(pair_message(&world.pair)->token);
    enter_alone(&world.pair.server, &sqe);
    ended[WORLD_CALL] = WORLD_NONE;
    foreseen = token_id(
        token_at(&world.pair.server.process->tokens, world.pair.server.process->tokens.free));
    for (uint32_t n = 0; n < WORLD_CPUS; n++)
        world_cpu(n)->counters.passes = 0;
}

static void waiting_server_and_second_caller(void) {
    waiting_server();
    world.second = actor_thread(&world.pair.client, ring_small);
    actor_run(&world.second, world_cpu(2));
}

static void waiting_server_and_its_second(void) {
    waiting_server();
    world.second = actor_thread(&world.pair.server, ring_small);
    actor_run(&world.second, world_cpu(2));
}

// The client waits for its answer, the server runs on CPU 0.
static void make_call(void) {
    struct capos_sqe call = pair_call(&world.pair);

    world_enter(&world.pair.client, 0, &call, 1);
    world_take(&world.pair.server);
    world_require(world_cpu(0)->current == world.pair.server.thread, "the server has the call");
    world_cpu(0)->counters.passes = 0;
}

static void waiting_caller(void) {
    waiting_server();
    make_call();
}

static void waiting_caller_and_second(void) {
    waiting_server_and_second_caller();
    make_call();
}

static void waiting_caller_and_second_server(void) {
    waiting_server_and_its_second();
    make_call();
}

static void call_from(struct actor *actor, uint32_t cpu) {
    struct capos_sqe call = pair_call(&world.pair);

    call.user_data = actor == &world.second ? 400 : 200;
    world_enter(actor, cpu, &call, 1);
}

static void direct_answer(void) {
    struct capos_sqe sqe = usual_answer(foreseen);

    world_enter(&world.pair.server, 0, &sqe, 1);
}

static void answer_from_second(void) {
    struct capos_sqe sqe = pair_return(foreseen);

    sqe.user_data = 500;
    world_enter(&world.second, 2, &sqe, 0);
}

static void call_or_kill_server(unsigned number) {
    if (number == 0)
        call_from(&world.pair.client, 0);
    else
        world_kill(2, world.pair.server.process);
}

static void call_or_kill_caller(unsigned number) {
    if (number == 0)
        call_from(&world.pair.client, 0);
    else
        world_kill(2, world.pair.client.process);
}

static void two_calls(unsigned number) {
    call_from(number == 0 ? &world.pair.client : &world.second, number * 2);
}

static void call_or_early_answer(unsigned number) {
    if (number == 0)
        call_from(&world.pair.client, 0);
    else
        answer_from_second();
}

static void answer_or_kill_caller(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        world_kill(2, world.pair.client.process);
}

static void answer_or_kill_server(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        world_kill(2, world.pair.server.process);
}

static void answer_or_call(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        call_from(&world.second, 2);
}

static void two_answers(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        answer_from_second();
}

// Whoever waits has not got what it waits for, and all others have looked.
static void all_look(void) {
    struct actor *actors[] = {&world.pair.server, &world.pair.client, &world.second};

    world_settle();
    for (unsigned i = 0; i < 3; i++) {
        const struct thread *thread = actors[i]->thread;

        if (thread == NULL)
            continue;
        world_look(actors[i]);
        world_require(thread->state != THREAD_WAITING ||
                          thread->ring.cq_tail - thread->ring.cq_head < thread->ring.waits,
                      "a wake-up is lost");
    }
    for (uint32_t n = 0; n < WORLD_CPUS; n++)
        direct_passes += world_cpu(n)->counters.passes;
}

static bool is_waiting(const struct actor *actor) {
    return actor->thread->state == THREAD_WAITING;
}

static void check_call_and_dead_server(void) {
    all_look();
    world_require(ended[WORLD_CALL] == -CAPOS_STATUS_DISCONNECTED,
                  "a call has not ended with its server");
    world_finish();
}

static void check_call_of_dead_caller(void) {
    all_look();
    world_require(is_waiting(&world.pair.server) == (world.pair.server.process->tokens.live == 0),
                  "a cancelled call's server");
    world_finish();
}

static void check_two_calls(void) {
    all_look();
    world_require(world.pair.server.process->tokens.live == 1 &&
                      list_count(&world.pair.endpoint->calls) == 1 &&
                      !is_waiting(&world.pair.server) && is_waiting(&world.pair.client) &&
                      is_waiting(&world.second),
                  "one of two calls is delivered, the other one waits");
    world_finish();
}

static void check_early_answer(void) {
    all_look();
    world_require(!is_waiting(&world.pair.server), "the call has not come");
    world_require(ended[WORLD_RELEASE] == 0 || ended[WORLD_RELEASE] == -CAPOS_STATUS_REFUSED,
                  "RETURN's result");
    world_require((ended[WORLD_CALL] == 24) == (ended[WORLD_RELEASE] == 0),
                  "RETURN and the call disagree");
    world_require(world.pair.server.process->tokens.live == (ended[WORLD_RELEASE] != 0),
                  "the token");
    world_finish();
}

static void check_answer_to_dead_caller(void) {
    all_look();
    world_require(ended[WORLD_ANSWER] == WORLD_NONE ||
                      ended[WORLD_ANSWER] == -CAPOS_STATUS_CANCELLED,
                  "RETURN's result");
    world_require(world.pair.server.process->tokens.live == 0, "a token is left");
    world_require(is_waiting(&world.pair.server) == (ended[WORLD_ANSWER] == WORLD_NONE),
                  "the server's wait");
    world_finish();
}

static void check_answer_of_dead_server(void) {
    all_look();
    world_require(ended[WORLD_CALL] == 24 || ended[WORLD_CALL] == -CAPOS_STATUS_DISCONNECTED,
                  "the call's result");
    world_finish();
}

static void check_answer_and_call(void) {
    all_look();
    world_require(ended[WORLD_CALL] == 24, "the call's result");
    world_require(world.pair.server.process->tokens.live == 1 && !is_waiting(&world.pair.server) &&
                      list_is_empty(&world.pair.endpoint->calls),
                  "the next call is delivered");
    world_finish();
}

static void check_two_answers(void) {
    all_look();
    world_require(ended[WORLD_CALL] == 24, "the call's result");
    world_require((ended[WORLD_ANSWER] == WORLD_NONE) != (ended[WORLD_RELEASE] == 0),
                  "one of two has won");
    world_require(is_waiting(&world.pair.server) == (ended[WORLD_ANSWER] == WORLD_NONE),
                  "the server's wait");
    world_finish();
}

const struct race direct_races[] = {
    {"direct call against its server's death",
     {2, waiting_server, call_or_kill_server, check_call_and_dead_server},
     RACE_NO_LOCKS,
     0},
    {"direct call against its caller's death",
     {2, waiting_server, call_or_kill_caller, check_call_of_dead_caller},
     RACE_NO_LOCKS,
     0},
    {"two direct calls",
     {2, waiting_server_and_second_caller, two_calls, check_two_calls},
     RACE_NO_LOCKS,
     0},
    {"direct call against its early answer",
     {2, waiting_server_and_its_second, call_or_early_answer, check_early_answer},
     RACE_NO_LOCKS,
     0},
    {"direct answer against the caller's death",
     {2, waiting_caller, answer_or_kill_caller, check_answer_to_dead_caller},
     RACE_NO_LOCKS,
     0},
    {"direct answer against the server's death",
     {2, waiting_caller, answer_or_kill_server, check_answer_of_dead_server},
     RACE_NO_LOCKS,
     0},
    {"direct answer against the next call",
     {2, waiting_caller_and_second, answer_or_call, check_answer_and_call},
     RACE_NO_LOCKS,
     0},
    {"two answers, one of them direct",
     {2, waiting_caller_and_second_server, two_answers, check_two_answers},
     RACE_NO_LOCKS,
     0},
    {0},
};
