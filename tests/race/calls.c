// SPDX-License-Identifier: MIT
//
// Who ends a call: RETURN, CANCEL or death; and what follows for what waits for it.
#include "core/captable.h"
#include "core/process.h"
#include "tests/race/world.h"

static const struct capos_sqe cancel_call = {
    .opcode = CAPOS_OP_CANCEL, .source = 2, .interface = WORLD_CALL, .user_data = WORLD_CANCEL};

static void held_call(void) {
    struct capos_sqe call, recv;

    world_begin();
    call = pair_call(&world.pair);
    recv = pair_recv(&world.pair);
    actor_submit(&world.pair.client, &call);
    actor_do(&world.pair.server, &recv);
    actor_run(&world.pair.client, world_cpu(1));
    actor_run(&world.pair.server, world_cpu(0));
}

static void answer(uint8_t flags) {
    struct capos_sqe answer = pair_return(pair_message(&world.pair)->token);

    answer.flags = flags;
    world_enter(&world.pair.server, 0, &answer, 0);
}

static void end_held_call(unsigned number) {
    if (number == 0) {
        answer(0);
    } else if (number == 1) {
        world_enter(&world.pair.client, 1, &cancel_call, 0);
    } else {
        world.client_dies = true;
        world_kill(2, world.pair.client.process);
    }
}

static void check_held_call(void) {
    const int32_t *call = &ended[WORLD_CALL], *answer = &ended[WORLD_ANSWER];

    world_settle();
    world_look(&world.pair.server);
    world_require(*answer == 0 || *answer == -CAPOS_STATUS_CANCELLED, "RETURN's result");
    world_require(world.pair.server.process->tokens.live == 0, "a token is left");
    if (!world.client_dies) {
        world_look(&world.pair.client);
        world_require(*call != WORLD_NONE && ended[WORLD_CANCEL] != WORLD_NONE,
                      "a completion is missing");
        world_require((*answer == 0) == (*call == 24), "RETURN and the call disagree");
        world_require((ended[WORLD_CANCEL] == 0) == (*call == -CAPOS_STATUS_CANCELLED),
                      "CANCEL and the call disagree");
        world_require(*answer != 0 || ended[WORLD_CANCEL] == -CAPOS_STATUS_REFUSED,
                      "both have won");
    }
    world_finish();
}

// A server that answers and arms its RECV again, and is killed.
static void answer_or_kill(unsigned number) {
    if (number == 0) {
        answer(CAPOS_SQE_REARM);
    } else {
        world.server_dies = true;
        world_kill(2, world.pair.server.process);
    }
}

static void check_server_dead(void) {
    world_settle();
    world_look(&world.pair.client);
    world_require(ended[WORLD_CALL] == 24 || ended[WORLD_CALL] == -CAPOS_STATUS_DISCONNECTED,
                  "the call's result");
    world_require(world.pair.endpoint->receiver == NULL, "the receiver is left");
    world_require(list_is_empty(&world.pair.endpoint->idle), "a dead server's RECV is offered");
    world_finish();
}

// The same against the loss of the Receiver, by another thread of the server.
static void held_call_of_two(void) {
    held_call();
    world.second = actor_thread(&world.pair.server, ring_small);
    actor_run(&world.second, world_cpu(2));
}

static void answer_or_release(unsigned number) {
    struct capos_sqe release = {
        .opcode = CAPOS_OP_RELEASE, .cap = world.pair.receiver, .user_data = WORLD_RELEASE};

    if (number == 0)
        answer(CAPOS_SQE_REARM);
    else
        world_enter(&world.second, 2, &release, 0);
}

static void check_receiver_lost(void) {
    const int32_t *call = &ended[WORLD_CALL], *answer = &ended[WORLD_ANSWER];

    world_settle();
    world_look(&world.pair.client);
    world_look(&world.pair.server);
    world_look(&world.second);
    world_require(ended[WORLD_RELEASE] == 0, "RELEASE's result");
    world_require(*call == 24 || *call == -CAPOS_STATUS_DISCONNECTED, "the call's result");
    world_require((*answer == 0) == (*call == 24), "RETURN and the call disagree");
    world_require(world.pair.server.process->tokens.live == 0, "a token is left");
    world_require(world.pair.endpoint->receiver == NULL, "the receiver is left");
    world_require(list_is_empty(&world.pair.endpoint->idle), "a RECV is offered");
    world_finish();
}

// A caller with two calls that follow the first, each linked to the one before.
static void linked_calls(void) {
    struct capos_sqe linked;

    held_call();
    linked = pair_call(&world.pair);
    linked.flags = CAPOS_SQE_LINK;
    linked.slot = 4;
    linked.source = 2;
    linked.user_data = WORLD_LINKED;
    world_enter(&world.pair.client, 1, &linked, 0);
    linked.slot = 5;
    linked.source = 4;
    linked.user_data = WORLD_LINKED_2;
    world_enter(&world.pair.client, 1, &linked, 0);
}

static void answer_or_cancel_link(unsigned number) {
    static const struct capos_sqe cancel_link = {.opcode = CAPOS_OP_CANCEL,
                                                 .source = 4,
                                                 .interface = WORLD_LINKED,
                                                 .user_data = WORLD_CANCEL};

    if (number == 0)
        answer(0);
    else
        world_enter(&world.pair.client, 1, &cancel_link, 0);
}

static void check_link_cancelled(void) {
    world_settle();
    world_look(&world.pair.client);
    world_require(ended[WORLD_CALL] == 24, "the call's result");
    world_require(ended[WORLD_CANCEL] == 0, "CANCEL's result");
    world_require(ended[WORLD_LINKED] == -CAPOS_STATUS_CANCELLED, "the linked call's result");
    world_require(ended[WORLD_LINKED_2] == -CAPOS_STATUS_SOURCE_FAILED, "the last call's result");
    world_require(list_is_empty(&world.pair.endpoint->calls), "a cancelled call is queued");
    world_finish();
}

static void check_source_cancelled(void) {
    bool answered;

    world_settle();
    world_look(&world.pair.client);
    answered = ended[WORLD_CALL] == 24;
    world_require(answered || ended[WORLD_CALL] == -CAPOS_STATUS_CANCELLED, "the call's result");
    world_require(ended[WORLD_CANCEL] == (answered ? -CAPOS_STATUS_REFUSED : 0), "CANCEL's result");
    world_require(ended[WORLD_LINKED] == (answered ? WORLD_NONE : -CAPOS_STATUS_SOURCE_FAILED) &&
                      ended[WORLD_LINKED_2] == ended[WORLD_LINKED],
                  "the linked calls' results");
    world_require(list_is_empty(&world.pair.endpoint->calls) == !answered, "who is queued");
    world_finish();
}

const struct race call_races[] = {
    {"RETURN against CANCEL", {2, held_call, end_held_call, check_held_call}, RACE_NO_CLAIM, 0},
    {"RETURN against CANCEL against death",
     {3, held_call, end_held_call, check_held_call},
     RACE_NO_CLAIM,
     0},
    {"RETURN that arms its RECV again against the server's death",
     {2, held_call, answer_or_kill, check_server_dead},
     RACE_NO_DEATH,
     0},
    {"RETURN that arms its RECV again against the loss of the Receiver",
     {2, held_call_of_two, answer_or_release, check_receiver_lost},
     RACE_NO_LOCKS,
     0},
    {"RETURN against CANCEL of a call that is linked to it",
     {2, linked_calls, answer_or_cancel_link, check_link_cancelled},
     RACE_NO_LOCK,
     LOCK_RING},
    {"RETURN against CANCEL, with calls linked to it",
     {2, linked_calls, end_held_call, check_source_cancelled},
     RACE_NO_CLAIM,
     0},
    {0},
};
