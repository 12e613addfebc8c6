// SPDX-License-Identifier: MIT
//
// Calls between processes over rings: CALL, RECV, RETURN, in every order that can be.
#include "tests/harness.h"
#include "tests/host/host.h"

#include <string.h>

enum {
    INTERFACE = 77,
    PARAMS = 2048, // offsets in a small ring's area
    RESULTS = 2304,
    MESSAGE = 2560,
    ANSWER = 3072,
};

// A server with its Receiver and a client with a root facet.
struct pair {
    struct host *host;
    struct actor server, client;
    struct endpoint *endpoint;
    uint64_t receiver, facet;
};

static struct pair pair_create(void) {
    struct pair pair = {.host = host_create(1)};
    struct cpu *cpu = &pair.host->cpus[0];
    struct receiver *receiver;
    struct facet *facet;

    pair.server = actor_create(pair.host, "server", 1);
    pair.client = actor_create(pair.host, "client", 1);
    kernel_enter(cpu);
    ck_assert_int_eq(
        endpoint_create(cpu, &host_endpoint_type, &pair.host->kernel.root, 5, &pair.endpoint),
        CAPOS_STATUS_OK);
    ck_assert_int_eq(
        endpoint_create_receiver(cpu, pair.endpoint, &pair.host->kernel.root, &receiver),
        CAPOS_STATUS_OK);
    ck_assert_int_eq(endpoint_create_facet(cpu, pair.endpoint, &pair.host->kernel.root, INTERFACE,
                                           42, CAPOS_SCOPE_ANY, &facet),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    pair.receiver =
        actor_grant(&pair.server, &receiver->object, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY);
    pair.facet = actor_grant(&pair.client, &facet->object, INTERFACE, CAPOS_SCOPE_ANY);
    return pair;
}

static void pair_destroy(struct pair *pair) {
    struct cpu *cpu = &pair->host->cpus[0];

    actor_destroy(&pair->client);
    actor_destroy(&pair->server);
    kernel_enter(cpu);
    object_put(cpu, &pair->endpoint->object);
    object_close_pending(cpu);
    kernel_leave(cpu);
    host_destroy(pair->host);
}

static struct capos_sqe recv_sqe(const struct pair *pair) {
    return (struct capos_sqe){.opcode = CAPOS_OP_RECV,
                              .slot = 1,
                              .cap = pair->receiver,
                              .user_data = 100,
                              .results = MESSAGE,
                              .results_capacity = 512};
}

static struct capos_sqe call_sqe(const struct pair *pair) {
    return (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .method = 3,
                              .slot = 2,
                              .cap = pair->facet,
                              .interface = INTERFACE,
                              .user_data = 200,
                              .params = PARAMS,
                              .params_bytes = 16,
                              .results = RESULTS,
                              .results_capacity = 64};
}

static struct capos_sqe return_sqe(uint64_t token) {
    return (struct capos_sqe){.opcode = CAPOS_OP_RETURN,
                              .cap = token,
                              .user_data = 300,
                              .params = ANSWER,
                              .params_bytes = 24};
}

static struct capos_message *message_of(struct pair *pair) {
    return actor_at(&pair->server, MESSAGE);
}

static void check_message(struct pair *pair, const struct capos_cqe *cqe) {
    const struct capos_message *message = message_of(pair);

    ck_assert_uint_eq(cqe->user_data, 100);
    ck_assert_int_eq(cqe->result, (int)sizeof(*message) + 16);
    ck_assert_uint_eq(message->object_id, 42);
    ck_assert_uint_eq(message->interface, INTERFACE);
    ck_assert_uint_eq(message->facet_interface, INTERFACE);
    ck_assert_uint_eq(message->method, 3);
    ck_assert_uint_eq(message->kind, CAPOS_MESSAGE_CALL);
    ck_assert_uint_eq(message->params_words, 2);
    ck_assert_uint_eq(message->results_capacity, 64);
    ck_assert_uint_eq(message->session_epoch, 1);
    ck_assert_mem_eq(message + 1, "sixteen bytes...", 16);
}

// Call first, then RECV, then RETURN; nobody waits.
START_TEST(a_call_waits_for_its_server) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_sqe(&pair), recv = recv_sqe(&pair), sqe;
    struct capos_cqe cqe;
    uint64_t result;

    memcpy(actor_at(&pair.client, PARAMS), "sixteen bytes...", 16);
    actor_submit(&pair.client, &call);
    ck_assert(!actor_has_cqe(&pair.client));
    cqe = actor_do(&pair.server, &recv);
    check_message(&pair, &cqe);
    memcpy(actor_at(&pair.server, ANSWER), "twenty-four bytes, yes..", 24);
    sqe = return_sqe(message_of(&pair)->token);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, 0);
    ck_assert_msg(!actor_has_cqe(&pair.client), "its thread was not in cap_enter");
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    cqe = actor_take(&pair.client);
    ck_assert_uint_eq(cqe.user_data, 200);
    ck_assert_int_eq(cqe.result, 24);
    ck_assert_uint_eq(cqe.slot, 2);
    ck_assert_mem_eq(actor_at(&pair.client, RESULTS), "twenty-four bytes, yes..", 24);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_REFUSED);
    pair_destroy(&pair);
}
END_TEST

// The server's loop: wait in RECV, be handed the CPU, RETURN with REARM and hand it back.
START_TEST(the_loop_hands_the_cpu_over) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct capos_sqe recv = recv_sqe(&pair), call = call_sqe(&pair), sqe;
    uint64_t result;

    memcpy(actor_at(&pair.client, PARAMS), "sixteen bytes...", 16);
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
    for (int i = 0; i < 100; i++) {
        *ring_user_next(&pair.client.ring) = call;
        ck_assert(!actor_enter(&pair.client, 1, 1, CAPOS_NO_DEADLINE, &result));
        ck_assert_ptr_eq(cpu->current, pair.server.thread);
        struct capos_cqe cqe = actor_take(&pair.server);
        check_message(&pair, &cqe);
        sqe = return_sqe(message_of(&pair)->token);
        sqe.flags = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
        *ring_user_next(&pair.server.ring) = sqe;
        ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
        ck_assert_ptr_eq(cpu->current, pair.client.thread);
        cqe = actor_take(&pair.client);
        ck_assert_int_eq(cqe.result, 24);
    }
    pair_destroy(&pair);
}
END_TEST

START_TEST(an_exception_is_cut_to_fit) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_sqe(&pair), recv = recv_sqe(&pair), sqe;
    struct capos_cqe cqe;
    uint64_t result;

    call.results_capacity = 16;
    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    sqe = return_sqe(message_of(&pair)->token);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_TOO_BIG);
    sqe.flags = CAPOS_SQE_EXCEPTION;
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, 0);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    cqe = actor_take(&pair.client);
    ck_assert_int_eq(cqe.result, 16);
    ck_assert_uint_eq(cqe.flags, CAPOS_CQE_EXCEPTION);
    pair_destroy(&pair);
}
END_TEST

START_TEST(too_large_a_message_fails_in_the_caller) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_sqe(&pair), recv = recv_sqe(&pair);
    struct capos_cqe cqe;
    uint64_t result;

    recv.results_capacity = 72;
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
    cqe = actor_do(&pair.client, &call);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_TOO_BIG);
    call.params_bytes = 8;
    actor_submit(&pair.client, &call);
    actor_run(&pair.server, &pair.host->cpus[0]);
    cqe = actor_take(&pair.server);
    ck_assert_int_eq(cqe.result, 72);
    pair_destroy(&pair);
}
END_TEST

START_TEST(the_server_s_death_disconnects) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_sqe(&pair), recv = recv_sqe(&pair);
    struct capos_cqe cqe;
    uint64_t result;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    call.slot = 3;
    actor_submit(&pair.client, &call);
    actor_destroy(&pair.server);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++) {
        cqe = actor_take(&pair.client);
        ck_assert_int_eq(cqe.result, -CAPOS_STATUS_DISCONNECTED);
    }
    cqe = actor_do(&pair.client, &call);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_DISCONNECTED);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

START_TEST(the_client_s_death_is_told) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_sqe(&pair), recv = recv_sqe(&pair), sqe;
    struct capos_cqe cqe;
    uint64_t token;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    token = message_of(&pair)->token;
    actor_destroy(&pair.client);
    cqe = actor_do(&pair.server, &recv);
    ck_assert_int_eq(cqe.result, (int)sizeof(struct capos_message));
    ck_assert_uint_eq(message_of(&pair)->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(message_of(&pair)->token, token);
    sqe = return_sqe(token);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_CANCELLED);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_REFUSED);
    pair.client = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

// A full token table leaves calls in the queue; a RETURN lets the next one through.
START_TEST(held_calls_are_limited) {
    struct pair pair = pair_create();
    struct ledger_limits limits = host_limits;
    struct capos_sqe call, recv, sqe;
    struct actor other;
    uint64_t result, token;

    limits.limit[LEDGER_CALLS_HELD] = 1;
    ck_assert_int_eq(actor_try(pair.host, "small", 1, &limits, ring_small, &other),
                     CAPOS_STATUS_OK);
    actor_destroy(&pair.server);
    pair.server = other;
    struct cpu *cpu = &pair.host->cpus[0];
    struct receiver *receiver;
    kernel_enter(cpu);
    ck_assert_int_eq(
        endpoint_create_receiver(cpu, pair.endpoint, &pair.host->kernel.root, &receiver),
        CAPOS_STATUS_OK);
    kernel_leave(cpu);
    pair.receiver =
        actor_grant(&pair.server, &receiver->object, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY);
    call = call_sqe(&pair);
    recv = recv_sqe(&pair);
    actor_submit(&pair.client, &call);
    call.slot = 3;
    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    token = message_of(&pair)->token;
    actor_submit(&pair.server, &recv);
    ck_assert_msg(!actor_has_cqe(&pair.server), "one call is held, so the other stays queued");
    sqe = return_sqe(token);
    *ring_user_next(&pair.server.ring) = sqe;
    ck_assert(actor_enter(&pair.server, 1, 2, CAPOS_NO_DEADLINE, &result));
    ck_assert_int_eq(actor_take(&pair.server).result, 0);
    ck_assert_uint_eq(actor_take(&pair.server).user_data, 100);
    ck_assert_uint_ne(message_of(&pair)->token, token);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: calls");

    harness_add(suite, "a call waits for its server", a_call_waits_for_its_server);
    harness_add(suite, "the loop hands the CPU over", the_loop_hands_the_cpu_over);
    harness_add(suite, "an exception is cut to fit", an_exception_is_cut_to_fit);
    harness_add(suite, "too large a message", too_large_a_message_fails_in_the_caller);
    harness_add(suite, "the server's death disconnects", the_server_s_death_disconnects);
    harness_add(suite, "the client's death is told", the_client_s_death_is_told);
    harness_add(suite, "held calls are limited", held_calls_are_limited);
    return harness_run(suite);
}
