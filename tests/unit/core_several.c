// SPDX-License-Identifier: MIT
//
// RECV with SEVERAL: calls that wait come together, one behind the other.
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <string.h>

enum { CALLS = 4, MESSAGE = sizeof(struct capos_message) + 16, ROOM = 3 };

static struct capos_sqe several(const struct pair *pair) {
    struct capos_sqe recv = pair_recv(pair);

    recv.flags = CAPOS_SQE_SEVERAL;
    return recv;
}

// Calls in the slots 2, 3 ..., each with its number as params.
static void submit_calls(struct pair *pair, unsigned count) {
    struct capos_sqe call = pair_call(pair);

    for (unsigned i = 0; i < count; i++) {
        uint64_t params[2] = {i, 0};

        call.slot = (uint16_t)(2 + i);
        call.user_data = 200 + i;
        call.params = PAIR_PARAMS + i * 16;
        memcpy(actor_at(&pair->client, call.params), params, sizeof(params));
        actor_submit(&pair->client, &call);
    }
}

// The n-th of the messages, which all have 16 bytes of params.
static const struct capos_message *message_at(struct pair *pair, unsigned n) {
    return actor_at(&pair->server, PAIR_MESSAGE + n * MESSAGE);
}

static void check_message(struct pair *pair, unsigned n, uint64_t number) {
    const struct capos_message *message = message_at(pair, n);

    ck_assert_uint_eq(message->kind, CAPOS_MESSAGE_CALL);
    ck_assert_uint_eq(message->object_id, 42);
    ck_assert_uint_eq(message->params_words, 2);
    ck_assert_uint_eq(*(const uint64_t *)(message + 1), number);
}

static void expect_answers(struct pair *pair, unsigned first, unsigned count) {
    uint64_t result;

    ck_assert(actor_enter(&pair->client, 0, 0, 0, &result));
    for (unsigned i = first; i < first + count; i++) {
        struct capos_cqe cqe = actor_take(&pair->client);

        ck_assert_uint_eq(cqe.user_data, 200 + i);
        ck_assert_int_eq(cqe.result, 24);
    }
    ck_assert(!actor_has_cqe(&pair->client));
}

// One completion brings all; the answers go back in one entry, of which the last arms the RECV
// again, with the slots that it had reserved.
START_TEST(calls_come_and_go_together) {
    struct pair pair = pair_create();
    struct capos_sqe recv = several(&pair), sqe;
    uint64_t result;

    recv.room = ROOM;
    recv.descriptors = PAIR_RECEIVED;
    submit_calls(&pair, CALLS);
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(actor_take(&pair.server).result, CALLS * MESSAGE);
        host_audit(pair.host);
        for (unsigned i = 0; i < CALLS; i++) {
            check_message(&pair, i, i);
            sqe = pair_return(message_at(&pair, i)->token);
            sqe.flags = CAPOS_SQE_SKIP_CQE | (i == CALLS - 1 ? CAPOS_SQE_REARM : 0);
            *ring_user_next(&pair.server.ring) = sqe;
        }
        ck_assert(actor_enter(&pair.server, CALLS, 0, 0, &result));
        ck_assert(!actor_has_cqe(&pair.server));
        ck_assert_uint_eq(pair.server.process->table.reserved, ROOM);
        host_audit(pair.host);
        expect_answers(&pair, 0, CALLS);
        submit_calls(&pair, CALLS);
        ck_assert(actor_enter(&pair.server, 0, 1, CAPOS_NO_DEADLINE, &result));
    }
    pair_destroy(&pair);
}
END_TEST

// What does not fit behind is left for the next RECV, which it may fail to fit as well.
START_TEST(what_does_not_fit_waits) {
    struct pair pair = pair_create();
    struct capos_sqe recv = several(&pair);

    recv.results_capacity = 2 * MESSAGE + MESSAGE - 8;
    submit_calls(&pair, CALLS - 1);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, 2 * MESSAGE);
    check_message(&pair, 1, 1);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, MESSAGE);
    check_message(&pair, 0, 2);
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

// Not more than there are tokens, nor than the limit.
START_TEST(as_many_as_may_be_held) {
    struct ledger_limits limits = host_limits;
    struct capos_sqe recv, sqe;
    struct pair pair;

    limits.limit[LEDGER_CALLS_HELD] = 2;
    pair = pair_create_with(&limits);
    recv = several(&pair);
    submit_calls(&pair, CALLS);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, 2 * MESSAGE);
    sqe = pair_return(message_at(&pair, 0)->token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, MESSAGE);
    check_message(&pair, 0, 2);
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

enum { BARE = sizeof(struct capos_message) };

// One call more than a RECV takes, from two clients, without params.
static void submit_seventeen(struct pair *pair, struct actor *other, uint64_t facet) {
    struct capos_sqe call = pair_call(pair);

    call.params_bytes = 0;
    for (uint16_t i = 0; i < CAPOS_SEVERAL_MAX; i++) {
        call.slot = i;
        actor_submit(&pair->client, &call);
    }
    call.cap = facet;
    actor_submit(other, &call);
}

// Takes and answers what there is; says how many came.
static unsigned serve_bare(struct pair *pair) {
    struct capos_sqe recv = several(pair), sqe;
    struct capos_cqe cqe;

    recv.results_capacity = 1280;
    cqe = actor_do(&pair->server, &recv);
    for (int at = 0; at < cqe.result; at += BARE) {
        const struct capos_message *message = actor_at(&pair->server, PAIR_MESSAGE + (uint32_t)at);

        sqe = pair_return(message->token);
        ck_assert_int_eq(actor_do(&pair->server, &sqe).result, 0);
    }
    return (unsigned)cqe.result / BARE;
}

static void read_all(struct actor *actor) {
    uint64_t result;

    ck_assert(actor_enter(actor, 0, 0, 0, &result));
    while (actor_has_cqe(actor))
        ck_assert_int_eq(actor_take(actor).result, 24);
}

// The table of tokens grows when there are none, not before: at first it has 7.
START_TEST(sixteen_at_most) {
    struct pair pair = pair_create();
    struct actor other = actor_create(pair.host, "other", 1);
    struct capos_sqe recv = several(&pair);
    struct captable_view view;
    uint64_t facet;

    ck_assert_int_eq(captable_lookup(&pair.client.process->table, pair.facet, &view),
                     CAPOS_STATUS_OK);
    object_get(view.object);
    facet = actor_grant(&other, view.object, PAIR_INTERFACE, CAPOS_SCOPE_ANY);
    submit_seventeen(&pair, &other, facet);
    recv.results_capacity = 1280;
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, 7 * BARE);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, BARE);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, 7 * BARE);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, BARE);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, BARE);
    host_audit(pair.host);
    for (uint64_t i = 1; i <= CAPOS_SEVERAL_MAX + 1; i++) {
        struct capos_sqe sqe = pair_return(i | UINT64_C(1) << 32);

        ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    }
    read_all(&pair.client);
    read_all(&other);
    submit_seventeen(&pair, &other, facet);
    ck_assert_uint_eq(serve_bare(&pair), CAPOS_SEVERAL_MAX);
    ck_assert_uint_eq(serve_bare(&pair), 1);
    read_all(&pair.client);
    read_all(&other);
    host_audit(pair.host);
    actor_destroy(&other);
    pair_destroy(&pair);
}
END_TEST

// A call with capabilities comes first or not at all.
START_TEST(capabilities_come_first) {
    struct pair pair = pair_create();
    struct capos_sqe recv = several(&pair), call = pair_call(&pair);
    struct capos_descriptor *sent = actor_at(&pair.client, PAIR_DESCRIPTORS);

    recv.room = 1;
    recv.descriptors = PAIR_RECEIVED;
    submit_calls(&pair, 1);
    *sent = (struct capos_descriptor){.kind = CAPOS_TRANSFER_NONE};
    call.slot = 3;
    call.sent = 1;
    call.descriptors = PAIR_DESCRIPTORS;
    actor_submit(&pair.client, &call);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, MESSAGE);
    ck_assert_uint_eq(message_at(&pair, 0)->caps, 0);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, MESSAGE);
    ck_assert_uint_eq(message_at(&pair, 0)->caps, 1);
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

// Another RECV waits already: it gets the second call.
START_TEST(what_others_wait_for_is_theirs) {
    struct pair pair = pair_create();
    struct capos_sqe recv = several(&pair);
    struct capos_cqe cqe;
    uint64_t result;

    *ring_user_next(&pair.server.ring) = recv;
    recv.slot = 2;
    recv.user_data = 101;
    recv.results = PAIR_ANSWER;
    recv.results_capacity = MESSAGE;
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 2, 2, CAPOS_NO_DEADLINE, &result));
    submit_calls(&pair, 2);
    actor_run(&pair.server, &pair.host->cpus[0]);
    for (int i = 0; i < 2; i++) {
        cqe = actor_take(&pair.server);
        ck_assert_int_eq(cqe.result, MESSAGE);
    }
    ck_assert(!actor_has_cqe(&pair.server));
    pair_destroy(&pair);
}
END_TEST

// A call that is cancelled between two that came with it; the others are answered, and the notice
// comes with what is there then.
START_TEST(one_of_several_is_cancelled) {
    struct pair pair = pair_create();
    struct capos_sqe recv = several(&pair), sqe;
    const struct capos_message *message;
    uint64_t cancelled;

    submit_calls(&pair, CALLS);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, CALLS * MESSAGE);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_CANCEL, .source = 3, .interface = 201};
    *ring_user_next(&pair.client.ring) = sqe;
    actor_enter(&pair.client, 1, 0, 0, &cancelled);
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_CANCELLED);
    ck_assert_int_eq(actor_take(&pair.client).result, 0);
    cancelled = message_at(&pair, 1)->token;
    host_audit(pair.host);
    for (unsigned i = 0; i < CALLS; i++) {
        sqe = pair_return(message_at(&pair, i)->token);
        if (i != 1)
            ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    }
    submit_calls(&pair, 1);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result,
                     (int)sizeof(struct capos_message) + MESSAGE);
    message = pair_message(&pair);
    ck_assert_uint_eq(message->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(message->token, cancelled);
    ck_assert_uint_eq(message[1].kind, CAPOS_MESSAGE_CALL);
    sqe = pair_return(message[1].token);
    sqe.flags = CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM;
    actor_submit(&pair.server, &sqe);
    ck_assert(!actor_has_cqe(&pair.server));
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

// Whoever dies meanwhile.
START_TEST(deaths_between) {
    struct pair pair = pair_create();
    struct capos_sqe recv = several(&pair);
    uint64_t result;

    submit_calls(&pair, CALLS);
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, CALLS * MESSAGE);
    actor_destroy(&pair.server);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (unsigned i = 0; i < CALLS; i++)
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: several calls in one RECV");

    harness_add(suite, "calls come and go together", calls_come_and_go_together);
    harness_add(suite, "what does not fit waits", what_does_not_fit_waits);
    harness_add(suite, "as many as may be held", as_many_as_may_be_held);
    harness_add(suite, "sixteen at most", sixteen_at_most);
    harness_add(suite, "capabilities come first", capabilities_come_first);
    harness_add(suite, "what others wait for is theirs", what_others_wait_for_is_theirs);
    harness_add(suite, "one of several is cancelled", one_of_several_is_cancelled);
    harness_add(suite, "deaths between", deaths_between);
    return harness_run(suite);
}
