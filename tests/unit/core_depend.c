// SPDX-License-Identifier: MIT
//
// PIPELINE and LINK: what waits for another operation, what it is started with, in what order, and
// how failures go down the chain.
#include "core/audit.h"
#include "core/debug.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/thing.h"

#include <string.h>

enum { PIPELINE = CAPOS_SQE_PIPELINE, LINK = CAPOS_SQE_LINK, SKIP = CAPOS_SQE_SKIP_CQE };

// A CALL in `slot`, user_data 200 + slot, with room for one capability, that waits for `source`.
static struct capos_sqe waiting(const struct pair *pair, uint16_t slot, uint8_t flags,
                                uint16_t source) {
    struct capos_sqe sqe = pair_call(pair);

    sqe.slot = slot;
    sqe.user_data = 200u + slot;
    sqe.method = slot;
    sqe.room = 1;
    sqe.descriptors = PAIR_DESCRIPTORS;
    sqe.flags = flags;
    sqe.source = source;
    if ((flags & PIPELINE) != 0)
        sqe.cap = 0;
    return sqe;
}

static struct capos_sqe first(const struct pair *pair, uint16_t slot) {
    return waiting(pair, slot, 0, 0);
}

static void submit(struct pair *pair, struct capos_sqe sqe) {
    *ring_user_next(&pair->client.ring) = sqe;
}

// Lets the client submit what there is, without waiting.
static void go(struct pair *pair) {
    uint64_t result;

    ck_assert(actor_enter(&pair->client, 64, 0, 0, &result));
    ck_assert_uint_eq(CAPOS_ENTER_REASON(result), CAPOS_ENTER_DONE);
}

static void expect(struct pair *pair, uint16_t slot, int32_t result) {
    struct capos_cqe cqe = actor_take(&pair->client);

    ck_assert_uint_eq(cqe.user_data, 200u + slot);
    ck_assert_uint_eq(cqe.slot, slot);
    ck_assert_int_eq(cqe.result, result);
}

static void expect_none(struct pair *pair) {
    ck_assert(!actor_has_cqe(&pair->client));
}

// The server takes the next call, which must be there, and the test that it is the one of `slot`.
static const struct capos_message *take(struct pair *pair, uint16_t slot) {
    struct capos_sqe recv = pair_recv(pair);

    ck_assert_int_gt(actor_do(&pair->server, &recv).result, 0);
    ck_assert_uint_eq(pair_message(pair)->kind, CAPOS_MESSAGE_CALL);
    ck_assert_uint_eq(pair_message(pair)->method, slot);
    return pair_message(pair);
}

static void take_nothing(struct pair *pair) {
    struct capos_sqe recv = pair_recv(pair),
                     cancel = {
                         .opcode = CAPOS_OP_CANCEL, .flags = SKIP, .source = 1, .interface = 100};

    actor_submit(&pair->server, &recv);
    ck_assert(!actor_has_cqe(&pair->server));
    actor_submit(&pair->server, &cancel);
    ck_assert_int_eq(actor_take(&pair->server).result, -CAPOS_STATUS_CANCELLED);
}

static struct capos_descriptor *sent(struct pair *pair) {
    return actor_at(&pair->server, PAIR_SENT);
}

// RETURN of what was taken last, with `caps` of what is in sent().
static void answer(struct pair *pair, uint8_t caps) {
    struct capos_sqe sqe = pair_return(pair_message(pair)->token);

    sqe.sent = caps;
    sqe.descriptors = PAIR_SENT;
    ck_assert_int_eq(actor_do(&pair->server, &sqe).result, 0);
}

// The same with a new facet of that number.
static void answer_minted(struct pair *pair, uint64_t id) {
    *sent(pair) = (struct capos_descriptor){.cap = pair->receiver,
                                            .object_id = id,
                                            .interface = PAIR_INTERFACE,
                                            .kind = CAPOS_TRANSFER_MINT,
                                            .scope = CAPOS_SCOPE_ANY};
    answer(pair, 1);
}

static void answer_exception(struct pair *pair) {
    struct capos_sqe sqe = pair_return(pair_message(pair)->token);

    sqe.flags = CAPOS_SQE_EXCEPTION;
    ck_assert_int_eq(actor_do(&pair->server, &sqe).result, 0);
}

static void expect_malformed(struct pair *pair, struct capos_sqe sqe) {
    uint64_t before = audit_digest(&pair->host->cpus[0]);
    struct capos_cqe cqe = actor_do(&pair->client, &sqe);

    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_MALFORMED);
    ck_assert_uint_eq(cqe.slot, sqe.slot);
    ck_assert_uint_eq(audit_digest(&pair->host->cpus[0]), before);
}

START_TEST(what_no_operation_can_wait_for) {
    struct pair pair = pair_create();
    struct capos_sqe recv = pair_recv(&pair), sqe;

    go(&pair);
    host_settle(pair.host);
    for (uint8_t flags = PIPELINE; flags <= LINK; flags++) {
        expect_malformed(&pair, waiting(&pair, 3, flags, 3));     // itself
        expect_malformed(&pair, waiting(&pair, 3, flags, 4));     // never named
        expect_malformed(&pair, waiting(&pair, 3, flags, 16));    // no slot
        expect_malformed(&pair, waiting(&pair, 3, flags, 65535)); // no slot
    }
    submit(&pair, first(&pair, 4));
    go(&pair);
    expect_malformed(&pair, waiting(&pair, 3, PIPELINE | LINK, 4));
    expect_malformed(&pair, waiting(&pair, 16, LINK, 4));
    sqe = waiting(&pair, 3, PIPELINE, 4);
    sqe.cap = 15; // no answer has as many
    expect_malformed(&pair, sqe);
    sqe = waiting(&pair, 3, PIPELINE, 4);
    sqe.params = 1;
    expect_malformed(&pair, sqe);
    sqe = waiting(&pair, 4, PIPELINE, 4);
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, -CAPOS_STATUS_BUSY);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_NOP, .flags = PIPELINE, .slot = 3, .source = 4};
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, -CAPOS_STATUS_UNSUPPORTED);
    // A capability is of an answer; that of a NOP has none. RECV answers nothing.
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_NOP, .flags = LINK, .slot = 5, .source = 4};
    actor_submit(&pair.client, &sqe);
    expect_malformed(&pair, waiting(&pair, 3, PIPELINE, 5));
    actor_do(&pair.server, &recv);
    for (uint8_t flags = PIPELINE; flags <= LINK; flags++) {
        sqe = waiting(&pair, 3, flags, 1);
        ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_MALFORMED);
    }
    pair_destroy(&pair);
}
END_TEST

// The second goes to the object that the first returns, which the server has not made yet.
START_TEST(a_call_on_an_answer_to_come) {
    struct pair pair = pair_create();

    submit(&pair, first(&pair, 2));
    submit(&pair, waiting(&pair, 3, PIPELINE, 2));
    go(&pair);
    host_audit(pair.host);
    take(&pair, 2);
    take_nothing(&pair);
    pair_message(&pair)->method = 99; // its token is still there
    answer_minted(&pair, 7);
    ck_assert_uint_eq(take(&pair, 3)->object_id, 7);
    expect_none(&pair); // nobody has entered the kernel for it yet
    answer(&pair, 0);
    go(&pair);
    expect(&pair, 2, 24);
    expect(&pair, 3, 24);
    pair_destroy(&pair);
}
END_TEST

// Each on the object that the one before returned, all submitted at once.
static void chain(uint32_t slots) {
    struct pair pair = pair_create();
    struct actor small = pair.client;
    uint64_t result;

    pair.client = actor_thread(&small, ring_standard);
    for (uint16_t slot = 0; slot < slots; slot++) {
        struct capos_sqe sqe = waiting(&pair, slot, slot == 0 ? 0 : PIPELINE, slot - 1);

        sqe.params = sqe.results = 8192;
        sqe.descriptors = 9000 + slot * 32u;
        submit(&pair, sqe);
    }
    while (ring_user_pending(&pair.client.ring) > 0)
        ck_assert(actor_enter(&pair.client, 64, 0, 0, &result));
    host_audit(pair.host);
    for (uint16_t slot = 0; slot < slots; slot++) {
        ck_assert_uint_eq(take(&pair, slot)->object_id, slot == 0 ? 42 : 1000u + slot - 1);
        answer_minted(&pair, 1000u + slot);
    }
    go(&pair);
    for (uint16_t slot = 0; slot < slots; slot++)
        expect(&pair, slot, 24);
    expect_none(&pair);
    kernel_enter(&pair.host->cpus[0]);
    object_put(&pair.host->cpus[0], &pair.client.process->object);
    kernel_leave(&pair.host->cpus[0]);
    pair.client = small;
    pair_destroy(&pair);
}

START_TEST(chains_as_long_as_the_ring_has_slots) {
    for (uint32_t slots = 1; slots <= 8; slots++)
        chain(slots);
    chain(56); // the client's ledger has 64 slots of the table
}
END_TEST

START_TEST(many_on_one_answer_come_in_order) {
    struct pair pair = pair_create();

    submit(&pair, first(&pair, 2));
    for (uint16_t slot = 3; slot < 16; slot++)
        submit(&pair, waiting(&pair, slot, slot % 3 == 0 ? LINK : PIPELINE, 2));
    go(&pair);
    take(&pair, 2);
    answer_minted(&pair, 7);
    host_audit(pair.host);
    for (uint16_t slot = 3; slot < 16; slot++) {
        ck_assert_uint_eq(take(&pair, slot)->object_id, slot % 3 == 0 ? 42 : 7);
        answer(&pair, 0);
    }
    go(&pair);
    for (uint16_t slot = 2; slot < 16; slot++)
        expect(&pair, slot, 24);
    pair_destroy(&pair);
}
END_TEST

// Capability k is descriptor k, and NONE keeps its place.
START_TEST(which_capability) {
    struct pair pair = pair_create();
    struct capos_sqe sqe = first(&pair, 2);

    sqe.room = 3;
    sqe.results_capacity = 64;
    submit(&pair, sqe);
    for (uint16_t slot = 3; slot < 8; slot++) {
        sqe = waiting(&pair, slot, PIPELINE, 2);
        sqe.cap = slot - 3u;
        submit(&pair, sqe);
    }
    go(&pair);
    take(&pair, 2);
    for (uint64_t i = 0; i < 3; i++)
        sent(&pair)[i] = (struct capos_descriptor){.cap = pair.receiver,
                                                   .object_id = 10 + i,
                                                   .interface = PAIR_INTERFACE,
                                                   .kind = CAPOS_TRANSFER_MINT};
    sent(&pair)[1] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_NONE};
    answer(&pair, 3);
    ck_assert_uint_eq(take(&pair, 3)->object_id, 10);
    ck_assert_uint_eq(take(&pair, 5)->object_id, 12);
    take_nothing(&pair);
    go(&pair);
    expect(&pair, 4, -CAPOS_STATUS_REFUSED);
    expect(&pair, 6, -CAPOS_STATUS_REFUSED);
    expect(&pair, 7, -CAPOS_STATUS_REFUSED);
    expect(&pair, 2, 24);
    pair_destroy(&pair);
}
END_TEST

// A facet that comes home is no capability: nothing can be pipelined on it.
START_TEST(a_facet_that_comes_home) {
    struct pair pair = pair_create();
    struct capos_sqe recv = pair_recv(&pair), sqe;
    struct captable_view view;
    uint64_t own;

    ck_assert_int_eq(captable_lookup(&pair.client.process->table, pair.facet, &view), 0);
    object_get(view.object);
    own = actor_grant(&pair.server, view.object, PAIR_INTERFACE, CAPOS_SCOPE_ANY);
    sqe = first(&pair, 2); // the server calls itself, and sends itself what is its own
    sqe.cap = own;
    actor_submit(&pair.server, &sqe);
    sqe = waiting(&pair, 3, PIPELINE, 2);
    actor_submit(&pair.server, &sqe);
    ck_assert_int_gt(actor_do(&pair.server, &recv).result, 0);
    *sent(&pair) = (struct capos_descriptor){.cap = own, .kind = CAPOS_TRANSFER_COPY};
    sqe = pair_return(pair_message(&pair)->token);
    sqe.sent = 1;
    sqe.descriptors = PAIR_SENT;
    actor_submit(&pair.server, &sqe);
    ck_assert_int_eq(actor_take(&pair.server).result, -CAPOS_STATUS_REFUSED); // slot 3
    ck_assert_int_eq(actor_take(&pair.server).result, 24);
    ck_assert_int_eq(actor_take(&pair.server).result, 0);
    pair_destroy(&pair);
}
END_TEST

// Down a chain of every kind of failure; who fails says so itself, even if its successes are
// skipped.
START_TEST(failure_goes_down_the_chain) {
    enum { EXCEPTION, DEAD, CANCELLED, KINDS };
    for (int kind = 0; kind < KINDS; kind++) {
        struct pair pair = pair_create();
        struct capos_sqe sqe;
        uint64_t before;

        go(&pair);
        host_settle(pair.host);
        before = audit_digest(&pair.host->cpus[0]);
        submit(&pair, first(&pair, 2));
        for (uint16_t slot = 3; slot < 14; slot++)
            submit(&pair, waiting(&pair, slot, slot % 2 == 0 ? PIPELINE | SKIP : LINK, slot - 1));
        submit(&pair, waiting(&pair, 14, PIPELINE, 2));
        submit(&pair, waiting(&pair, 15, LINK, 3));
        go(&pair);
        take(&pair, 2);
        if (kind == EXCEPTION) {
            answer_exception(&pair);
        } else if (kind == DEAD) {
            actor_destroy(&pair.server);
        } else {
            sqe = (struct capos_sqe){
                .opcode = CAPOS_OP_CANCEL, .flags = SKIP, .source = 2, .interface = 202};
            submit(&pair, sqe);
        }
        go(&pair);
        host_audit(pair.host);
        // 3's come first, then what had waited for 2 as well.
        for (uint16_t slot = 3; slot < 14; slot++) {
            expect(&pair, slot, -CAPOS_STATUS_SOURCE_FAILED);
            if (slot == 13)
                expect(&pair, 15, -CAPOS_STATUS_SOURCE_FAILED);
        }
        expect(&pair, 14, -CAPOS_STATUS_SOURCE_FAILED);
        expect(&pair, 2,
               kind == EXCEPTION ? 24
               : kind == DEAD    ? -CAPOS_STATUS_DISCONNECTED
                                 : -CAPOS_STATUS_CANCELLED);
        expect_none(&pair);
        host_settle(pair.host);
        if (kind == EXCEPTION)
            ck_assert_uint_eq(audit_digest(&pair.host->cpus[0]), before);
        // What comes later finds the same.
        for (uint16_t slot = 4; slot < 7; slot++) {
            submit(&pair, waiting(&pair, slot, slot % 2 == 0 ? PIPELINE : LINK, 2));
            go(&pair);
            expect(&pair, slot, -CAPOS_STATUS_SOURCE_FAILED);
        }
        if (kind == DEAD)
            pair.server = actor_create(pair.host, "another", 1);
        pair_destroy(&pair);
    }
}
END_TEST

// The slot remembers its answer until it is named again.
START_TEST(after_the_answer) {
    struct pair pair = pair_create();
    struct capos_descriptor got;
    struct capos_sqe sqe;

    submit(&pair, first(&pair, 2));
    go(&pair);
    take(&pair, 2);
    answer_minted(&pair, 7);
    go(&pair);
    expect(&pair, 2, 24);
    memcpy(&got, actor_at(&pair.client, PAIR_DESCRIPTORS), sizeof(got));
    for (uint16_t slot = 3; slot < 6; slot++) {
        submit(&pair, waiting(&pair, slot, PIPELINE, 2));
        go(&pair);
        ck_assert_uint_eq(take(&pair, slot)->object_id, 7);
        answer(&pair, 0);
        go(&pair);
        expect(&pair, slot, 24);
    }
    // What was given up, or has another answer by now.
    sqe = waiting(&pair, 6, PIPELINE, 2);
    sqe.opcode = CAPOS_OP_RELEASE;
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, 0);
    ck_assert_int_eq(actor_holds(&pair.client, got.cap), CAPOS_STATUS_REFUSED);
    sqe.user_data++;
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, -CAPOS_STATUS_REFUSED);
    submit(&pair, waiting(&pair, 3, PIPELINE, 2));
    go(&pair);
    expect(&pair, 3, -CAPOS_STATUS_REFUSED);
    pair_message(&pair)->kind = CAPOS_MESSAGE_RELEASED;
    sqe = pair_recv(&pair);
    actor_do(&pair.server, &sqe);
    submit(&pair, first(&pair, 2));
    go(&pair);
    submit(&pair, waiting(&pair, 3, PIPELINE, 2)); // it waits again
    go(&pair);
    expect_none(&pair);
    take(&pair, 2);
    answer(&pair, 0);
    go(&pair);
    expect(&pair, 3, -CAPOS_STATUS_REFUSED);
    expect(&pair, 2, 24);
    pair_destroy(&pair);
}
END_TEST

// A refused call answers nothing; what waits for it does not find an earlier answer.
START_TEST(on_a_call_that_was_refused) {
    struct pair pair = pair_create();
    struct capos_sqe sqe = first(&pair, 2);

    submit(&pair, sqe);
    go(&pair);
    take(&pair, 2);
    answer_minted(&pair, 7);
    go(&pair);
    expect(&pair, 2, 24);
    for (int round = 0; round < 3; round++) {
        sqe = first(&pair, round == 2 ? 9 : 2); // one that was never named, too
        if (round == 0)
            sqe.params = 1;
        else
            sqe.cap = 0;
        submit(&pair, sqe);
        submit(&pair, waiting(&pair, 3, PIPELINE, sqe.slot));
        submit(&pair, waiting(&pair, 4, LINK, sqe.slot));
        go(&pair);
        expect(&pair, sqe.slot, round == 0 ? -CAPOS_STATUS_MALFORMED : -CAPOS_STATUS_REFUSED);
        expect(&pair, 3, -CAPOS_STATUS_SOURCE_FAILED);
        expect(&pair, 4, -CAPOS_STATUS_SOURCE_FAILED);
    }
    pair_destroy(&pair);
}
END_TEST

// What the answer brought is of a server that has died since.
START_TEST(an_object_whose_server_is_gone) {
    struct pair pair = pair_create();

    submit(&pair, first(&pair, 2));
    go(&pair);
    take(&pair, 2);
    answer_minted(&pair, 7);
    actor_destroy(&pair.server);
    submit(&pair, waiting(&pair, 3, PIPELINE, 2));
    submit(&pair, waiting(&pair, 4, LINK, 3));
    go(&pair);
    expect(&pair, 2, 24);
    expect(&pair, 3, -CAPOS_STATUS_DISCONNECTED);
    expect(&pair, 4, -CAPOS_STATUS_SOURCE_FAILED);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

START_TEST(links_of_nops_and_releases) {
    struct pair pair = pair_create();
    struct capos_sqe nop = {.opcode = CAPOS_OP_NOP, .flags = LINK, .slot = 3, .source = 2};
    struct capos_sqe release = {
        .opcode = CAPOS_OP_RELEASE, .flags = LINK, .slot = 4, .source = 3, .user_data = 204};
    uint64_t before;

    nop.user_data = 203;
    release.cap = pair.facet;
    submit(&pair, first(&pair, 2));
    submit(&pair, nop);
    submit(&pair, release);
    go(&pair);
    expect_none(&pair);
    ck_assert_int_eq(actor_holds(&pair.client, pair.facet), CAPOS_STATUS_OK);
    take(&pair, 2);
    answer(&pair, 0);
    host_audit(pair.host); // it is due now
    before = audit_digest(&pair.host->cpus[0]);
    host_settle(pair.host);
    ck_assert_uint_eq(audit_digest(&pair.host->cpus[0]), before);
    go(&pair);
    expect(&pair, 2, 24);
    expect(&pair, 3, 0);
    expect(&pair, 4, 0);
    ck_assert_int_eq(actor_holds(&pair.client, pair.facet), CAPOS_STATUS_REFUSED);
    pair_destroy(&pair);
}
END_TEST

// A call that a thing holds, in slot 3, linked to slot 2, and a NOP in slot 4, linked to that.
static struct thing *submit_held(struct pair *pair) {
    struct cpu *cpu = &pair->host->cpus[0];
    struct capos_sqe sqe = waiting(pair, 3, LINK, 2);
    struct thing *thing;

    kernel_enter(cpu);
    thing = thing_create(cpu, &pair->host->kernel.root);
    kernel_leave(cpu);
    submit(pair, first(pair, 2));
    sqe.cap = actor_grant(&pair->client, &thing->object, THING_INTERFACE, CAPOS_SCOPE_ANY);
    sqe.interface = THING_INTERFACE;
    sqe.method = HOLD;
    sqe.params_bytes = 8;
    *(uint64_t *)actor_at(&pair->client, PAIR_PARAMS) = CAPOS_NO_DEADLINE;
    submit(pair, sqe);
    sqe = (struct capos_sqe){
        .opcode = CAPOS_OP_NOP, .flags = LINK, .slot = 4, .source = 3, .user_data = 204};
    submit(pair, sqe);
    return thing;
}

static void answer_held(struct pair *pair, struct thing *thing) {
    struct cpu *cpu = &pair->host->cpus[0];

    kernel_enter(cpu);
    ck_assert(call_queue_answer(cpu, &thing->queue, CAPOS_STATUS_OK));
    kernel_leave(cpu);
}

// The thread waits in cap_enter for what only it can run: it is woken for that, and goes on
// waiting until it has what it waits for.
START_TEST(who_waits_is_woken_to_run_it) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct thing *thing = submit_held(&pair);
    uint64_t result;

    ck_assert(!actor_enter(&pair.client, 3, CAPOS_WAIT_SLOT | 4, 9000, &result));
    take(&pair, 2);
    answer(&pair, 0);
    ck_assert(list_is_empty(&thing->queue.calls));
    ck_assert(!actor_enter(&pair.server, 0, 1, CAPOS_NO_DEADLINE, &result));
    ck_assert(!list_is_empty(&thing->queue.calls)); // it has run
    ck_assert_int_eq(pair.client.thread->state, THREAD_WAITING);
    ck_assert_uint_eq(cpu->machine.timer, 9000); // its deadline stands
    host_audit(pair.host);
    answer_held(&pair, thing);
    actor_run(&pair.client, cpu);
    expect(&pair, 2, 24);
    expect(&pair, 3, 16);
    expect(&pair, 4, 0);
    pair_destroy(&pair);
}
END_TEST

START_TEST(who_waits_too_long_is_not_kept) {
    struct pair pair = pair_create();
    struct thing *thing = submit_held(&pair);
    uint64_t result;

    ck_assert(!actor_enter(&pair.client, 3, CAPOS_WAIT_SLOT | 4, 9000, &result));
    take(&pair, 2);
    answer(&pair, 0);
    ck_assert(!actor_enter(&pair.server, 0, 1, CAPOS_NO_DEADLINE, &result));
    pair.host->now = 9000;
    host_settle(pair.host);
    actor_run(&pair.client, &pair.host->cpus[0]);
    expect(&pair, 2, 24);
    expect_none(&pair);
    answer_held(&pair, thing);
    go(&pair);
    expect(&pair, 3, 16);
    expect(&pair, 4, 0);
    pair_destroy(&pair);
}
END_TEST

// A thread that is outside runs it when it next enters, and before anything else.
START_TEST(who_is_outside_runs_it_first) {
    struct pair pair = pair_create();
    struct thing *thing = submit_held(&pair);
    struct capos_sqe nop = {.opcode = CAPOS_OP_NOP, .user_data = 9};

    go(&pair);
    take(&pair, 2);
    answer(&pair, 0);
    go(&pair);
    expect(&pair, 2, 24);
    ck_assert(!list_is_empty(&thing->queue.calls));
    answer_held(&pair, thing);
    host_audit(pair.host);
    submit(&pair, nop);
    go(&pair);
    expect(&pair, 3, 16);
    expect(&pair, 4, 0);
    ck_assert_uint_eq(actor_take(&pair.client).user_data, 9);
    pair_destroy(&pair);
}
END_TEST

// On what kernel objects return; it is there at once, so these are run in their own submission.
START_TEST(calls_on_objects_of_the_kernel) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct capos_sqe sqe = first(&pair, 2);
    struct thing *thing;

    kernel_enter(cpu);
    thing = thing_create(cpu, &pair.host->kernel.root);
    kernel_leave(cpu);
    sqe.cap = actor_grant(&pair.client, &thing->object, THING_INTERFACE, CAPOS_SCOPE_ANY);
    sqe.interface = THING_INTERFACE;
    sqe.method = GIVE;
    sqe.room = 2;
    sqe.params_bytes = 8;
    *(uint64_t *)actor_at(&pair.client, PAIR_PARAMS) = 41;
    submit(&pair, sqe);
    sqe.slot = 3;
    sqe.user_data = 203;
    sqe.method = ADD_ONE;
    sqe.flags = PIPELINE;
    sqe.source = 2;
    sqe.cap = 0;
    sqe.room = 0;
    submit(&pair, sqe);
    sqe.slot = 4;
    sqe.user_data = 204;
    sqe.cap = 1; // given, but not named in the results
    submit(&pair, sqe);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_RELEASE,
                             .flags = PIPELINE | SKIP,
                             .slot = 5,
                             .source = 2,
                             .user_data = 205};
    submit(&pair, sqe);
    go(&pair);
    expect(&pair, 2, 16);
    expect(&pair, 3, 16);
    expect(&pair, 4, -CAPOS_STATUS_REFUSED);
    expect_none(&pair);
    ck_assert_uint_eq(((uint64_t *)actor_at(&pair.client, PAIR_RESULTS))[1], 42);
    host_settle(pair.host);
    ck_assert_int_eq(things, 1);
    pair_destroy(&pair);
}
END_TEST

static void cancel(struct pair *pair, uint16_t slot) {
    struct capos_sqe sqe = {
        .opcode = CAPOS_OP_CANCEL, .flags = SKIP, .source = slot, .interface = 200u + slot};

    submit(pair, sqe);
    go(pair);
    host_audit(pair->host);
}

// Each of three in one chain of dependants, and one that others wait for.
START_TEST(cancelled_while_it_waits) {
    for (uint16_t victim = 3; victim < 6; victim++) {
        struct pair pair = pair_create();

        submit(&pair, first(&pair, 2));
        for (uint16_t slot = 3; slot < 6; slot++)
            submit(&pair, waiting(&pair, slot, slot == 4 ? PIPELINE : LINK, 2));
        submit(&pair, waiting(&pair, 6, LINK, victim));
        go(&pair);
        cancel(&pair, victim);
        expect(&pair, 6, -CAPOS_STATUS_SOURCE_FAILED);
        expect(&pair, victim, -CAPOS_STATUS_CANCELLED);
        submit(&pair, waiting(&pair, victim, LINK, 2)); // the slot is free, and comes last now
        go(&pair);
        take(&pair, 2);
        answer_minted(&pair, 7);
        for (uint16_t slot = 3; slot < 6; slot++)
            if (slot != victim) {
                take(&pair, slot);
                answer(&pair, 0);
            }
        take(&pair, victim);
        answer(&pair, 0);
        pair_destroy(&pair);
    }
}
END_TEST

START_TEST(killed_while_they_wait) {
    for (int due = 0; due < 2; due++) {
        struct pair pair = pair_create();

        submit_held(&pair);
        for (uint16_t slot = 5; slot < 16; slot++)
            submit(&pair, waiting(&pair, slot, LINK, slot % 2 == 0 ? 3 : slot - 1));
        go(&pair);
        take(&pair, 2);
        if (due)
            answer(&pair, 0);
        actor_destroy(&pair.client);
        host_audit(pair.host);
        ck_assert_int_eq(things, 0);
        pair.client = actor_create(pair.host, "another", 1);
        pair_destroy(&pair);
    }
}
END_TEST

// The slots for what it brings back are reserved when it is accepted, or it is refused.
START_TEST(what_can_fail_at_acceptance) {
    for (uint8_t flags = PIPELINE; flags <= LINK; flags++) {
        struct pair pair = pair_create();
        struct cpu *cpu = &pair.host->cpus[0];
        struct capos_sqe sqe = waiting(&pair, 3, flags, 2);
        uint64_t before, n = 0;
        struct capos_cqe cqe;

        submit(&pair, first(&pair, 2));
        go(&pair);
        host_settle(pair.host);
        before = audit_digest(cpu);
        for (;;) {
            debug_fail_nth(&pair.host->kernel, ++n);
            actor_submit(&pair.client, &sqe);
            if (!debug_failed(&pair.host->kernel))
                break;
            cqe = actor_take(&pair.client);
            ck_assert_int_eq(cqe.result, -CAPOS_STATUS_OVERLOADED);
            ck_assert_uint_eq(audit_digest(cpu), before);
        }
        debug_fail_nth(&pair.host->kernel, 0);
        ck_assert_uint_ge(n, 2);
        expect_none(&pair);
        sqe = waiting(&pair, 4, flags, 2);
        sqe.room = 15; // of 64 slots four times as many are free, and no more
        sqe.descriptors = PAIR_DESCRIPTORS;
        for (; sqe.slot < 9; sqe.slot++)
            actor_submit(&pair.client, &sqe);
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_OVERLOADED);
        host_audit(pair.host);
        pair_destroy(&pair);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: PIPELINE and LINK");

    harness_add(suite, "what no operation can wait for", what_no_operation_can_wait_for);
    harness_add(suite, "a call on an answer to come", a_call_on_an_answer_to_come);
    harness_add(suite, "chains as long as the ring has slots",
                chains_as_long_as_the_ring_has_slots);
    harness_add(suite, "many on one answer come in order", many_on_one_answer_come_in_order);
    harness_add(suite, "which capability", which_capability);
    harness_add(suite, "a facet that comes home", a_facet_that_comes_home);
    harness_add(suite, "failure goes down the chain", failure_goes_down_the_chain);
    harness_add(suite, "after the answer", after_the_answer);
    harness_add(suite, "on a call that was refused", on_a_call_that_was_refused);
    harness_add(suite, "an object whose server is gone", an_object_whose_server_is_gone);
    harness_add(suite, "links of NOPs and RELEASEs", links_of_nops_and_releases);
    harness_add(suite, "who waits is woken to run it", who_waits_is_woken_to_run_it);
    harness_add(suite, "who waits too long is not kept", who_waits_too_long_is_not_kept);
    harness_add(suite, "who is outside runs it first", who_is_outside_runs_it_first);
    harness_add(suite, "calls on objects of the kernel", calls_on_objects_of_the_kernel);
    harness_add(suite, "cancelled while it waits", cancelled_while_it_waits);
    harness_add(suite, "killed while they wait", killed_while_they_wait);
    harness_add(suite, "what can fail at acceptance", what_can_fail_at_acceptance);
    return harness_run(suite);
}
