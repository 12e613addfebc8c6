// SPDX-License-Identifier: MIT
//
// Calls and receiving fail cleanly when slots or tokens can't be had: at each point where that may
// happen, one after the other, the answer is `overloaded` and the kernel is as it was, and a
// message that finds no token waits for one. (Transfers, revocable calls and kernel objects'
// methods: core_transfer, core_revoke, object_failures.)
#include "core/audit.h"
#include "core/debug.h"
#include "core/token.h"
#include "tests/harness.h"
#include "tests/host/pair.h"

enum { CALLS = TOKENS_FIRST - 1 }; // what the first part of a table of tokens is good for

static struct pair pair;

static void setup(void) {
    pair = pair_create();
}

static void teardown(void) {
    debug_fail_nth(&pair.host->kernel, 0);
    host_audit(pair.host);
    pair_destroy(&pair);
}

static uint64_t digest(void) {
    host_settle(pair.host);
    return audit_digest(&pair.host->cpus[0]);
}

static void cancel(struct actor *actor, const struct capos_sqe *victim) {
    const struct capos_sqe sqe = {.opcode = CAPOS_OP_CANCEL,
                                  .source = victim->slot,
                                  .interface = victim->user_data,
                                  .user_data = 900};
    uint64_t result;

    actor_submit(actor, &sqe);
    ck_assert(actor_enter(actor, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++) {
        struct capos_cqe cqe = actor_take(actor);

        ck_assert_int_eq(cqe.result, cqe.user_data == 900 ? 0 : -CAPOS_STATUS_CANCELLED);
    }
}

// An operation that is accepted or overloaded; when it is accepted it is cancelled. Returns at how
// many points it has failed.
static uint64_t fail_at_each_point(struct actor *actor, const struct capos_sqe *sqe) {
    for (uint64_t n = 1;; n++) {
        uint64_t before = digest();

        debug_fail_nth(&pair.host->kernel, n);
        actor_submit(actor, sqe);
        if (!debug_failed(&pair.host->kernel)) {
            debug_fail_nth(&pair.host->kernel, 0);
            cancel(actor, sqe);
            ck_assert_uint_eq(digest(), before);
            return n - 1;
        }
        debug_fail_nth(&pair.host->kernel, 0);
        struct capos_cqe cqe = actor_take(actor);
        ck_assert_uint_eq(cqe.user_data, sqe->user_data);
        ck_assert_int_eq(cqe.result, -CAPOS_STATUS_OVERLOADED);
        ck_assert_uint_eq(digest(), before);
    }
}

// The first one makes the table of tokens: charged as calls held, and as memory.
START_TEST(receiving) {
    struct capos_sqe recv = pair_recv(&pair);

    ck_assert_uint_ge(fail_at_each_point(&pair.server, &recv), 2);
    ck_assert_uint_eq(fail_at_each_point(&pair.server, &recv), 0);
    recv.room = 3;
    recv.descriptors = PAIR_RECEIVED;
    ck_assert_uint_ge(fail_at_each_point(&pair.server, &recv), 1);
}
END_TEST

START_TEST(calling) {
    struct capos_sqe call = pair_call(&pair);

    ck_assert_uint_eq(fail_at_each_point(&pair.client, &call), 0);
    call.room = 3;
    call.descriptors = PAIR_DESCRIPTORS;
    ck_assert_uint_ge(fail_at_each_point(&pair.client, &call), 1);
}
END_TEST

static uint64_t take_call(uint16_t slot) {
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);

    call.slot = slot;
    actor_submit(&pair.client, &call);
    ck_assert_int_gt(actor_do(&pair.server, &recv).result, 0);
    return pair_message(&pair)->token;
}

// All tokens are held, and the next message needs another part of the table. While that can't be
// had the RECV and the call wait for each other.
START_TEST(a_message_waits_for_a_token) {
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);
    uint64_t points = 0;

    for (uint16_t slot = 0; slot < CALLS; slot++)
        (void)take_call(slot);
    call.slot = CALLS;
    actor_submit(&pair.client, &call);
    for (;; points++) {
        uint64_t before = digest();

        debug_fail_nth(&pair.host->kernel, points + 1);
        actor_submit(&pair.server, &recv);
        if (!debug_failed(&pair.host->kernel))
            break;
        debug_fail_nth(&pair.host->kernel, 0);
        ck_assert(!actor_has_cqe(&pair.server));
        host_audit(pair.host);
        cancel(&pair.server, &recv);
        ck_assert_uint_eq(digest(), before);
    }
    ck_assert_uint_ge(points, 2);
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    ck_assert_uint_eq(pair.server.process->tokens.live, CALLS + 1);
}
END_TEST

// Or until one is given back.
START_TEST(a_returned_token_is_enough) {
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    uint64_t token = 0, result;

    for (uint16_t slot = 0; slot < CALLS; slot++)
        token = take_call(slot);
    call.slot = CALLS;
    actor_submit(&pair.client, &call);
    debug_fail_nth(&pair.host->kernel, 1);
    actor_submit(&pair.server, &recv);
    ck_assert(debug_failed(&pair.host->kernel));
    debug_fail_nth(&pair.host->kernel, 0);
    ck_assert(!actor_has_cqe(&pair.server));
    sqe = pair_return(token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    ck_assert(actor_enter(&pair.server, 0, 0, 0, &result));
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    ck_assert_uint_eq(pair.server.process->tokens.live, CALLS);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_int_eq(actor_take(&pair.client).result, 24);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/failures");
    TCase *tcase = tcase_create("failures");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, receiving);
    tcase_add_test(tcase, calling);
    tcase_add_test(tcase, a_message_waits_for_a_token);
    tcase_add_test(tcase, a_returned_token_is_enough);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
