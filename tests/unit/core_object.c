// SPDX-License-Identifier: MIT
//
// Calls to kernel objects: params and results, gifts, exceptions, calls that are held and how they
// end.
#include "core/audit.h"
#include "core/call.h"
#include "core/dispatch.h"
#include "tests/harness.h"
#include "tests/host/host.h"
#include "tests/host/thing.h"

#include <string.h>

enum { PARAMS = 2048, RESULTS = 2304, DESCRIPTORS = 3072 };

struct world {
    struct host *host;
    struct actor actor;
    struct thing *thing; // borrowed from the table
    uint64_t cap;
    uint64_t *params;
    const uint64_t *results;
};

static struct world world_create(void) {
    struct world world = {.host = host_create(2)};

    things = 0;
    world.actor = actor_create(world.host, "a", 1);
    world.thing = thing_create(&world.host->cpus[0], &world.host->kernel.root);
    world.cap = actor_grant(&world.actor, &world.thing->object, 9, CAPOS_SCOPE_ANY);
    world.params = actor_at(&world.actor, PARAMS);
    world.results = actor_at(&world.actor, RESULTS);
    return world;
}

static void world_destroy(struct world *world) {
    actor_destroy(&world->actor);
    ck_assert_int_eq(things, 0);
    host_destroy(world->host);
}

static struct capos_sqe sqe_of(const struct world *world, uint16_t method) {
    return (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .method = method,
                              .slot = 3,
                              .cap = world->cap,
                              .interface = 9,
                              .user_data = 5,
                              .params = PARAMS,
                              .params_bytes = 8,
                              .results = RESULTS,
                              .results_capacity = 256,
                              .descriptors = DESCRIPTORS};
}

START_TEST(params_and_results) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, ADD_ONE);
    struct capos_cqe cqe;

    world.params[0] = 41;
    cqe = actor_do(&world.actor, &sqe);
    ck_assert_int_eq(cqe.result, 16);
    ck_assert_uint_eq(cqe.flags, 0);
    ck_assert_uint_eq(cqe.slot, 3);
    ck_assert_uint_eq(world.results[1], 42);
    sqe.params_bytes = 4104;
    ck_assert_int_eq(actor_do(&world.actor, &sqe).result, -CAPOS_STATUS_MALFORMED);
    world_destroy(&world);
}
END_TEST

START_TEST(more_than_4_kib_is_too_big) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, ADD_ONE);
    struct actor big = actor_thread(&world.actor, ring_standard);

    sqe.params = 6400;
    sqe.params_bytes = 4104;
    sqe.results = 12000;
    ck_assert_int_eq(actor_do(&big, &sqe).result, -CAPOS_STATUS_TOO_BIG);
    sqe.params_bytes = 4096;
    ck_assert_int_eq(actor_do(&big, &sqe).result, 16);
    kernel_enter(&world.host->cpus[0]);
    object_put(&world.host->cpus[0], &big.process->object);
    kernel_leave(&world.host->cpus[0]);
    world_destroy(&world);
}
END_TEST

START_TEST(exceptions) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, 99);
    struct capos_cqe cqe = actor_do(&world.actor, &sqe);

    ck_assert_uint_eq(cqe.flags, CAPOS_CQE_EXCEPTION);
    ck_assert_uint_eq(world.results[1] & 0xffff, CAPOS_UNIMPLEMENTED - 1);
    ck_assert_str_eq((const char *)&world.results[3], "no such method");
    sqe = sqe_of(&world, ADD_ONE);
    sqe.interface = 10;
    ck_assert_uint_eq(actor_do(&world.actor, &sqe).flags, CAPOS_CQE_EXCEPTION);
    sqe = sqe_of(&world, OVERFLOW_);
    ck_assert_uint_eq(actor_do(&world.actor, &sqe).flags, CAPOS_CQE_EXCEPTION);
    ck_assert_str_eq((const char *)&world.results[3], "the results do not fit");
    sqe.results_capacity = 8;
    cqe = actor_do(&world.actor, &sqe);
    ck_assert_uint_eq(cqe.flags, CAPOS_CQE_EXCEPTION);
    ck_assert_int_eq(cqe.result, 8);
    sqe = sqe_of(&world, FAIL);
    sqe.room = 1;
    ck_assert_uint_eq(actor_do(&world.actor, &sqe).flags, CAPOS_CQE_EXCEPTION);
    host_settle(world.host);
    ck_assert_int_eq(things, 1);
    world_destroy(&world);
}
END_TEST

START_TEST(gifts) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, GIVE);
    const struct capos_descriptor *got = actor_at(&world.actor, DESCRIPTORS);
    struct capos_cqe cqe;

    sqe.room = 2;
    cqe = actor_do(&world.actor, &sqe);
    ck_assert_uint_eq(cqe.flags, 0);
    ck_assert_uint_eq(cqe.caps, 1);
    ck_assert_int_eq(actor_holds(&world.actor, got[0].cap), CAPOS_STATUS_OK);
    ck_assert_uint_eq(got[0].interface, 9);
    ck_assert_uint_eq(got[0].scope, CAPOS_SCOPE_SESSION);
    host_settle(world.host);
    ck_assert_int_eq(things, 2);
    sqe.room = 1;
    cqe = actor_do(&world.actor, &sqe);
    ck_assert_uint_eq(cqe.flags, CAPOS_CQE_EXCEPTION);
    ck_assert_uint_eq(world.actor.process->table.reserved, 0);
    world_destroy(&world);
}
END_TEST

// Has a call bring a copy of another thing, whose CapId is returned.
static uint64_t send_other(struct world *world, struct capos_sqe *sqe) {
    struct capos_descriptor *sent = actor_at(&world->actor, DESCRIPTORS);
    struct thing *thing = thing_create(&world->host->cpus[0], &world->host->kernel.root);
    uint64_t other =
        actor_grant(&world->actor, &thing->object, THING_INTERFACE, CAPOS_SCOPE_SERVER);

    sqe->sent = 1;
    *sent = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = other};
    return other;
}

START_TEST(capabilities_of_params) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, TAKE);
    struct capos_descriptor *sent = actor_at(&world.actor, DESCRIPTORS);
    uint64_t other = send_other(&world, &sqe);

    ck_assert_uint_eq(actor_do(&world.actor, &sqe).flags, 0);
    ck_assert_int_eq(actor_holds(&world.actor, other), CAPOS_STATUS_OK);
    sent->cap = other ^ UINT64_C(1) << 33;
    ck_assert_uint_eq(actor_do(&world.actor, &sqe).flags, CAPOS_CQE_EXCEPTION);
    sent->zero[2] = 1;
    ck_assert_int_eq(actor_do(&world.actor, &sqe).result, -CAPOS_STATUS_MALFORMED);
    *sent = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MOVE, .cap = other};
    ck_assert_uint_eq(actor_do(&world.actor, &sqe).flags, 0);
    ck_assert_int_eq(actor_holds(&world.actor, other), CAPOS_STATUS_REFUSED);
    host_settle(world.host);
    ck_assert_int_eq(things, 1);
    world_destroy(&world);
}
END_TEST

// What a method has found in the caller's table is there until it is over.
START_TEST(released_during_the_call) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, LOSE);

    (void)send_other(&world, &sqe);
    ck_assert_int_eq(actor_do(&world.actor, &sqe).result, 0);
    host_settle(world.host);
    ck_assert_int_eq(things, 1);
    world_destroy(&world);
}
END_TEST

START_TEST(held_until_answered) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, HOLD);
    struct cpu *cpu = &world.host->cpus[0];
    uint64_t result;

    world.params[0] = CAPOS_NO_DEADLINE;
    *ring_user_next(&world.actor.ring) = sqe;
    ck_assert(!actor_enter(&world.actor, 1, 1, CAPOS_NO_DEADLINE, &result));
    host_audit(world.host);
    kernel_enter(cpu);
    ck_assert(call_queue_answer(cpu, &world.thing->queue, CAPOS_STATUS_OK));
    ck_assert(!call_queue_answer(cpu, &world.thing->queue, CAPOS_STATUS_OK));
    kernel_leave(cpu);
    actor_run(&world.actor, cpu);
    ck_assert_int_eq(actor_take(&world.actor).result, 16);
    ck_assert_uint_eq(world.results[1], 77);
    world_destroy(&world);
}
END_TEST

START_TEST(held_until_its_time) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, HOLD);
    struct cpu *cpu = &world.host->cpus[0];
    uint64_t result;

    world.params[0] = 5000;
    *ring_user_next(&world.actor.ring) = sqe;
    ck_assert(!actor_enter(&world.actor, 1, 1, CAPOS_NO_DEADLINE, &result));
    ck_assert_uint_eq(cpu->machine.timer, 5000);
    world.host->now = 4999;
    host_settle(world.host);
    ck_assert_int_eq(world.actor.thread->state, THREAD_WAITING);
    world.host->now = 5000;
    host_settle(world.host);
    actor_run(&world.actor, cpu);
    ck_assert_uint_eq(actor_take(&world.actor).flags, CAPOS_CQE_EXCEPTION);
    ck_assert_str_eq((const char *)&world.results[3], "too late");
    ck_assert(!call_queue_answer(cpu, &world.thing->queue, CAPOS_STATUS_OK));
    world_destroy(&world);
}
END_TEST

START_TEST(held_until_its_caller_dies) {
    struct world world = world_create();
    struct actor other = actor_create(world.host, "b", 1);
    struct capos_sqe sqe = sqe_of(&world, HOLD);

    object_get(&world.thing->object);
    sqe.cap = actor_grant(&other, &world.thing->object, 9, CAPOS_SCOPE_ANY);
    for (uint16_t slot = 0; slot < 10; slot++) {
        sqe.slot = slot;
        *(uint64_t *)actor_at(&other, PARAMS) = 5000 + slot;
        actor_submit(&other, &sqe);
    }
    actor_destroy(&other);
    ck_assert(list_is_empty(&world.thing->queue.calls));
    ck_assert_ptr_null(heap_first(&world.host->cpus[0].timers.heap));
    world_destroy(&world);
}
END_TEST

// The object's last capability is released while it holds a call: the call keeps it.
START_TEST(a_held_call_keeps_its_object) {
    struct world world = world_create();
    struct capos_sqe sqe = sqe_of(&world, HOLD);
    uint64_t result;

    world.params[0] = 5000;
    actor_submit(&world.actor, &sqe);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_RELEASE, .cap = world.cap};
    ck_assert_int_eq(actor_do(&world.actor, &sqe).result, 0);
    host_settle(world.host);
    ck_assert_int_eq(things, 1);
    world.host->now = 6000;
    host_settle(world.host);
    ck_assert(actor_enter(&world.actor, 0, 0, 0, &result));
    actor_take(&world.actor);
    host_settle(world.host);
    ck_assert_int_eq(things, 0);
    world_destroy(&world);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: kernel objects");

    harness_add(suite, "params and results", params_and_results);
    harness_add(suite, "more than 4 KiB is too big", more_than_4_kib_is_too_big);
    harness_add(suite, "exceptions", exceptions);
    harness_add(suite, "gifts", gifts);
    harness_add(suite, "capabilities of params", capabilities_of_params);
    harness_add(suite, "released during the call", released_during_the_call);
    harness_add(suite, "held until answered", held_until_answered);
    harness_add(suite, "held until its time", held_until_its_time);
    harness_add(suite, "held until its caller dies", held_until_its_caller_dies);
    harness_add(suite, "a held call keeps its object", a_held_call_keeps_its_object);
    return harness_run(suite);
}
