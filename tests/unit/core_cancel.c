// SPDX-License-Identifier: MIT
//
// CANCEL of operations in every state that they can be in, and what becomes of tokens whose call
// was cancelled.
#include "core/audit.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/thing.h"

#include <string.h>

static struct capos_sqe cancel(uint16_t slot, uint64_t user_data) {
    return (struct capos_sqe){
        .opcode = CAPOS_OP_CANCEL, .source = slot, .interface = user_data, .user_data = 400};
}

// CANCEL of the operation in `slot`; the victim's completion comes first.
static void cancel_it(struct actor *actor, uint16_t slot, uint64_t user_data) {
    struct capos_sqe sqe = cancel(slot, user_data);
    struct capos_cqe cqe;

    actor_submit(actor, &sqe);
    cqe = actor_take(actor);
    ck_assert_uint_eq(cqe.user_data, user_data);
    ck_assert_uint_eq(cqe.slot, slot);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_CANCELLED);
    cqe = actor_take(actor);
    ck_assert_uint_eq(cqe.user_data, 400);
    ck_assert_int_eq(cqe.result, 0);
    ck_assert(!actor_has_cqe(actor));
}

static void cancel_nothing(struct actor *actor, uint16_t slot, uint64_t user_data,
                           enum capos_status expected) {
    struct capos_sqe sqe = cancel(slot, user_data);

    ck_assert_int_eq(actor_do(actor, &sqe).result, -(int)expected);
}

START_TEST(what_is_not_there) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), sqe = cancel(0, 0);
    uint64_t before;

    actor_submit(&pair.client, &call);
    host_settle(pair.host);
    before = audit_digest(&pair.host->cpus[0]);
    cancel_nothing(&pair.client, 0, 0, CAPOS_STATUS_REFUSED);
    cancel_nothing(&pair.client, 3, 200, CAPOS_STATUS_REFUSED);
    cancel_nothing(&pair.client, 2, 201, CAPOS_STATUS_REFUSED);
    for (uint32_t slot = 16; slot < 65536; slot = slot * 2 + 1)
        cancel_nothing(&pair.client, (uint16_t)slot, 200, CAPOS_STATUS_MALFORMED);
    for (unsigned flags = 1; flags < 256; flags++) {
        sqe.flags = (uint8_t)flags;
        if (flags != CAPOS_SQE_SKIP_CQE)
            ck_assert_int_eq(actor_do(&pair.client, &sqe).result, -CAPOS_STATUS_UNSUPPORTED);
    }
    ck_assert_uint_eq(audit_digest(&pair.host->cpus[0]), before);
    pair_destroy(&pair);
}
END_TEST

START_TEST(a_queued_call) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);
    uint64_t before, result;

    actor_submit(&pair.client, &(struct capos_sqe){.flags = CAPOS_SQE_SKIP_CQE});
    host_settle(pair.host);
    before = audit_digest(&pair.host->cpus[0]);
    call.room = 3;
    call.descriptors = PAIR_DESCRIPTORS;
    actor_submit(&pair.client, &call);
    cancel_it(&pair.client, 2, 200);
    cancel_nothing(&pair.client, 2, 200, CAPOS_STATUS_REFUSED);
    host_settle(pair.host);
    ck_assert_uint_eq(audit_digest(&pair.host->cpus[0]), before);
    host_audit(pair.host);
    // Its slot is free at once, and the server sees the second only.
    actor_submit(&pair.client, &call);
    cancel_it(&pair.client, 2, 200);
    call.method = 9;
    actor_submit(&pair.client, &call);
    recv.room = 1;
    recv.descriptors = PAIR_RECEIVED;
    actor_do(&pair.server, &recv);
    ck_assert_uint_eq(pair_message(&pair)->method, 9);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert(!actor_has_cqe(&pair.client));
    pair_destroy(&pair);
}
END_TEST

// The server holds it: its token can't reach the caller's slot any more, whatever that is used for.
START_TEST(a_delivered_call) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    uint64_t token, result;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    token = pair_message(&pair)->token;
    cancel_it(&pair.client, 2, 200);
    host_audit(pair.host);
    call.user_data = 201;
    actor_submit(&pair.client, &call);
    memset(actor_at(&pair.client, PAIR_RESULTS), 7, 64);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, (int)sizeof(struct capos_message));
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(pair_message(&pair)->token, token);
    sqe = pair_return(token);
    sqe.flags = CAPOS_SQE_REARM;
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_CANCELLED);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_REFUSED);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert(!actor_has_cqe(&pair.client));
    for (int i = 0; i < 64; i++)
        ck_assert_uint_eq(((uint8_t *)actor_at(&pair.client, PAIR_RESULTS))[i], 7);
    actor_do(&pair.server, &recv);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    ck_assert_uint_ne(pair_message(&pair)->token, token);
    sqe = pair_return(pair_message(&pair)->token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_uint_eq(actor_take(&pair.client).user_data, 201);
    pair_destroy(&pair);
}
END_TEST

// RETURN before the notice was taken: the notice goes with the token.
START_TEST(a_return_instead_of_the_notice) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    uint64_t result;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    cancel_it(&pair.client, 2, 200);
    sqe = pair_return(pair_message(&pair)->token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_CANCELLED);
    actor_submit(&pair.server, &recv);
    ck_assert(actor_enter(&pair.server, 0, 0, 0, &result));
    ck_assert(!actor_has_cqe(&pair.server));
    ck_assert_uint_eq(pair.server.process->tokens.live, 0);
    pair_destroy(&pair);
}
END_TEST

// The answer has won: CANCEL says so, and the answer comes.
START_TEST(an_answered_call) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    sqe = pair_return(pair_message(&pair)->token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    sqe = cancel(2, 200);
    actor_submit(&pair.client, &sqe);
    ck_assert_int_eq(actor_take(&pair.client).result, 24);
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_REFUSED);
    pair_destroy(&pair);
}
END_TEST

START_TEST(a_call_whose_server_is_gone) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    actor_destroy(&pair.server);
    sqe = cancel(2, 200);
    actor_submit(&pair.client, &sqe);
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_REFUSED);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

// Cancelled, and the server dies before it has been told.
START_TEST(a_cancelled_call_whose_server_dies) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    cancel_it(&pair.client, 2, 200);
    actor_destroy(&pair.server);
    host_audit(pair.host);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

START_TEST(a_recv) {
    struct pair pair = pair_create();
    struct capos_sqe recv = pair_recv(&pair), call = pair_call(&pair);
    uint64_t before, result;

    actor_submit(&pair.server, &recv);
    cancel_it(&pair.server, 1, 100);
    host_settle(pair.host);
    before = audit_digest(&pair.host->cpus[0]);
    recv.room = 4;
    recv.descriptors = PAIR_RECEIVED;
    for (uint16_t slot = 3; slot < 8; slot++) {
        recv.slot = slot;
        actor_submit(&pair.server, &recv);
    }
    for (uint16_t slot = 3; slot < 8; slot++)
        cancel_it(&pair.server, (uint16_t)(10 - slot), 100);
    ck_assert_uint_eq(audit_digest(&pair.host->cpus[0]), before);
    actor_submit(&pair.client, &call);
    ck_assert(actor_enter(&pair.server, 0, 0, 0, &result));
    ck_assert(!actor_has_cqe(&pair.server));
    pair_destroy(&pair);
}
END_TEST

START_TEST(a_held_call) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct thing *thing = thing_create(&host->cpus[0], &host->kernel.root);
    struct capos_sqe call = {.opcode = CAPOS_OP_CALL,
                             .method = HOLD,
                             .cap = actor_grant(&actor, &thing->object, THING_INTERFACE, 2),
                             .interface = THING_INTERFACE,
                             .params = PAIR_PARAMS,
                             .params_bytes = 8,
                             .results = PAIR_RESULTS,
                             .results_capacity = 64};
    uint64_t before;

    actor_submit(&actor, &(struct capos_sqe){.flags = CAPOS_SQE_SKIP_CQE});
    before = audit_digest(&host->cpus[0]);
    for (uint16_t slot = 0; slot < 8; slot++) {
        call.slot = slot;
        call.user_data = 500 + slot;
        *(uint64_t *)actor_at(&actor, PAIR_PARAMS) = slot % 2 == 0 ? CAPOS_NO_DEADLINE : 5000;
        actor_submit(&actor, &call);
    }
    for (uint16_t slot = 0; slot < 8; slot++)
        cancel_it(&actor, (slot * 5) % 8, 500 + (slot * 5) % 8);
    ck_assert(list_is_empty(&thing->queue.calls));
    ck_assert_ptr_null(heap_first(&host->cpus[0].timers.heap));
    ck_assert_uint_eq(audit_digest(&host->cpus[0]), before);
    host->now = 6000;
    host_settle(host);
    ck_assert(!actor_has_cqe(&actor));
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(the_success_of_a_cancel_may_be_skipped) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), sqe = cancel(2, 200);

    sqe.flags = CAPOS_SQE_SKIP_CQE;
    call.flags = CAPOS_SQE_SKIP_CQE; // that of a failure is never skipped
    actor_submit(&pair.client, &call);
    actor_submit(&pair.client, &sqe);
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_CANCELLED);
    ck_assert(!actor_has_cqe(&pair.client));
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, -CAPOS_STATUS_REFUSED);
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: CANCEL");

    harness_add(suite, "what is not there", what_is_not_there);
    harness_add(suite, "a queued call", a_queued_call);
    harness_add(suite, "a delivered call", a_delivered_call);
    harness_add(suite, "a RETURN instead of the notice", a_return_instead_of_the_notice);
    harness_add(suite, "an answered call", an_answered_call);
    harness_add(suite, "a call whose server is gone", a_call_whose_server_is_gone);
    harness_add(suite, "a cancelled call whose server dies", a_cancelled_call_whose_server_dies);
    harness_add(suite, "a RECV", a_recv);
    harness_add(suite, "a held call", a_held_call);
    harness_add(suite, "the success of a CANCEL may be skipped",
                the_success_of_a_cancel_may_be_skipped);
    return harness_run(suite);
}
