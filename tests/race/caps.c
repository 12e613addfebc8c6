// SPDX-License-Identifier: MIT
//
// Where a capability is when two threads of its holder dispose of it, and whether a use survives
// its revocation.
#include "core/captable.h"
#include "core/process.h"
#include "core/revoke.h"
#include "tests/host/thing.h"
#include "tests/race/world.h"

enum { OTHER_MESSAGE = PAIR_MESSAGE - 512, OTHER_RECEIVED = PAIR_RECEIVED - 64 };

static struct thing *thing;
static uint64_t moved;

// A capability of the client, and a server that waits with so many RECVs.
static void one_capability(unsigned receives) {
    struct capos_sqe recv;
    uint64_t result;

    world_begin();
    world_add_second();
    kernel_enter(world_cpu(0));
    thing = thing_create(world_cpu(0), &world.pair.host->kernel.root);
    kernel_leave(world_cpu(0));
    moved = actor_grant(&world.pair.client, &thing->object, 9, CAPOS_SCOPE_ANY);
    recv = pair_recv(&world.pair);
    recv.room = 1;
    recv.descriptors = PAIR_RECEIVED;
    actor_run(&world.pair.client, world_cpu(1));
    actor_run(&world.second, world_cpu(2));
    for (unsigned i = 0; i < receives; i++) {
        *ring_user_next(&world.pair.server.ring) = recv;
        recv.slot = 3;
        recv.results = OTHER_MESSAGE;
        recv.descriptors = OTHER_RECEIVED;
    }
    ck_assert(!actor_enter(&world.pair.server, receives, 1, CAPOS_NO_DEADLINE, &result));
}

static void one_receive(void) {
    one_capability(1);
}

static void two_receives(void) {
    one_capability(2);
}

static void move(struct actor *actor, uint32_t cpu, uint64_t user_data) {
    struct capos_sqe call = pair_call(&world.pair);
    struct capos_descriptor *sent = actor_at(actor, PAIR_DESCRIPTORS);

    *sent = (struct capos_descriptor){.cap = moved, .kind = CAPOS_TRANSFER_MOVE};
    call.sent = 1;
    call.descriptors = PAIR_DESCRIPTORS;
    call.user_data = user_data;
    world_enter(actor, cpu, &call, 0);
}

static void move_or_release(unsigned number) {
    struct capos_sqe release = {
        .opcode = CAPOS_OP_RELEASE, .cap = moved, .user_data = WORLD_RELEASE};

    if (number == 0)
        move(&world.pair.client, 1, WORLD_CALL);
    else
        world_enter(&world.second, 2, &release, 0);
}

static void check_gone(bool delivered) {
    world_require(actor_holds(&world.pair.client, moved) != CAPOS_STATUS_OK, "it is still held");
    world_require((int)world.pair.server.process->table.used == 1 + delivered,
                  "the server's table");
    world_require(things == delivered, "the object's life");
    world_finish();
}

static void look_all(void) {
    world_settle();
    world_look(&world.pair.client);
    world_look(&world.second);
    world_look(&world.pair.server);
}

static void check_disposed(void) {
    const int32_t *release = &ended[WORLD_RELEASE];
    bool delivered, released;

    look_all();
    delivered = world.pair.server.process->tokens.live == 1;
    released = *release == 0;
    world_require(*release == 0 || *release == -CAPOS_STATUS_REFUSED, "RELEASE's result");
    world_require(delivered != released, "a capability went both ways or neither");
    world_require(delivered || ended[WORLD_CALL] == -CAPOS_STATUS_REFUSED, "the call's result");
    check_gone(delivered);
}

static void move_twice(unsigned number) {
    if (number == 0)
        move(&world.pair.client, 1, WORLD_CALL);
    else
        move(&world.second, 2, WORLD_CALL_2);
}

static void check_moved_once(void) {
    const int32_t *one = &ended[WORLD_CALL], *other = &ended[WORLD_CALL_2];

    look_all();
    world_require(world.pair.server.process->tokens.live == 1, "it was not moved once");
    world_require((*one == WORLD_NONE && *other == -CAPOS_STATUS_REFUSED) ||
                      (*other == WORLD_NONE && *one == -CAPOS_STATUS_REFUSED),
                  "the calls' results");
    check_gone(true);
}

// Use and revocation -----------------------------------------------------------------------------

static const struct object_type revoker_test_type = {.name = "Revoker",
                                                     .interface = 1,
                                                     .size = sizeof(struct revoker),
                                                     .kind = OBJECT_KERNEL,
                                                     .close = revoker_close};
static struct revoker *revoker;

static void answer_revoke(struct cpu *cpu, struct call *call, enum capos_status status) {
    call_fail(cpu, call, status);
}

static void revocable_copy(void) {
    struct actor *client;
    struct captable_view view;

    world_begin();
    client = &world.pair.client;
    kernel_enter(world_cpu(0));
    ck_assert_int_eq(captable_lookup(&client->process->table, world.pair.facet, &view),
                     CAPOS_STATUS_OK);
    ck_assert_int_eq(revoker_create(world_cpu(0), &revoker_test_type, client->process->ledger, NULL,
                                    answer_revoke, &revoker),
                     CAPOS_STATUS_OK);
    object_get(view.object);
    view.revoker = revoker;
    revoker_get(revoker);
    ck_assert_int_eq(captable_insert(world_cpu(0), &client->process->table, &view, &moved),
                     CAPOS_STATUS_OK);
    object_close_pending(world_cpu(0));
    kernel_leave(world_cpu(0));
    actor_run(client, world_cpu(1));
}

static void use_or_revoke(unsigned number) {
    struct capos_sqe call = pair_call(&world.pair);
    struct cpu *cpu = world_cpu(2);

    if (number == 0) {
        call.cap = moved;
        world_enter(&world.pair.client, 1, &call, 0);
        return;
    }
    kernel_enter(cpu);
    revoker_kill(cpu, revoker);
    for (int i = 0; i < 3; i++) // what is linked when that is done is swept by nobody
        (void)work_step(cpu);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void check_revoked(void) {
    world_settle();
    world_look(&world.pair.client);
    world_require(revoker->state == REVOKER_OVER, "a revocation does not end");
    world_require(ended[WORLD_CALL] == -CAPOS_STATUS_DISCONNECTED,
                  "a use has survived its revocation");
    world_require(list_is_empty(&world.pair.endpoint->calls), "a revoked call is queued");
    kernel_enter(world_cpu(0));
    object_put(world_cpu(0), &revoker->object);
    object_close_pending(world_cpu(0));
    kernel_leave(world_cpu(0));
    world_finish();
}

const struct race cap_races[] = {
    {"a capability that is moved and released",
     {2, one_receive, move_or_release, check_disposed},
     RACE_NO_LOCK,
     LOCK_CAPTABLE},
    {"a capability that two threads move",
     {2, two_receives, move_twice, check_moved_once},
     RACE_NO_LOCK,
     LOCK_ENDPOINT},
    {"use against revocation", {2, revocable_copy, use_or_revoke, check_revoked}, RACE_ONE_LOOK, 0},
    {0},
};
