// SPDX-License-Identifier: MIT
//
// Calls between processes over rings: CALL, RECV, RETURN, in every order that can be.
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <string.h>

static void check_message(struct pair *pair, const struct capos_cqe *cqe) {
    const struct capos_message *message = pair_message(pair);

    ck_assert_uint_eq(cqe->user_data, 100);
    ck_assert_int_eq(cqe->result, (int)sizeof(*message) + 16);
    ck_assert_uint_eq(message->object_id, 42);
    ck_assert_uint_eq(message->interface, PAIR_INTERFACE);
    ck_assert_uint_eq(message->facet_interface, PAIR_INTERFACE);
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
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    struct capos_cqe cqe;
    uint64_t result;

    memcpy(actor_at(&pair.client, PAIR_PARAMS), "sixteen bytes...", 16);
    actor_submit(&pair.client, &call);
    ck_assert(!actor_has_cqe(&pair.client));
    cqe = actor_do(&pair.server, &recv);
    check_message(&pair, &cqe);
    memcpy(actor_at(&pair.server, PAIR_ANSWER), "twenty-four bytes, yes..", 24);
    sqe = pair_return(pair_message(&pair)->token);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, 0);
    ck_assert_msg(!actor_has_cqe(&pair.client), "its thread was not in cap_enter");
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    cqe = actor_take(&pair.client);
    ck_assert_uint_eq(cqe.user_data, 200);
    ck_assert_int_eq(cqe.result, 24);
    ck_assert_uint_eq(cqe.slot, 2);
    ck_assert_mem_eq(actor_at(&pair.client, PAIR_RESULTS), "twenty-four bytes, yes..", 24);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_int_eq(cqe.result, -CAPOS_STATUS_REFUSED);
    pair_destroy(&pair);
}
END_TEST

// The server's loop: wait in RECV, be handed the CPU, RETURN with REARM and hand it back.
START_TEST(the_loop_hands_the_cpu_over) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct capos_sqe recv = pair_recv(&pair), call = pair_call(&pair), sqe;
    uint64_t result;

    memcpy(actor_at(&pair.client, PAIR_PARAMS), "sixteen bytes...", 16);
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
    for (int i = 0; i < 100; i++) {
        *ring_user_next(&pair.client.ring) = call;
        ck_assert(!actor_enter(&pair.client, 1, 1, CAPOS_NO_DEADLINE, &result));
        ck_assert_ptr_eq(cpu->current, pair.server.thread);
        struct capos_cqe cqe = actor_take(&pair.server);
        check_message(&pair, &cqe);
        sqe = pair_return(pair_message(&pair)->token);
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

enum { MANY = 3, MANY_BYTES = 144 };

static void submit_many_calls(struct pair *pair) {
    struct capos_sqe call = pair_call(pair);

    for (uint16_t i = 0; i < MANY; i++) {
        call.slot = (uint16_t)(2 + i);
        call.user_data = 200 + i;
        actor_submit(&pair->client, &call);
    }
}

// A wait for one completion brings all the messages that there are RECVs for, in their order; the
// answers go back in one entry too.
START_TEST(one_wake_takes_all_that_is_there) {
    struct pair pair = pair_create();
    struct capos_sqe recv = pair_recv(&pair);
    struct capos_cqe cqe;
    uint64_t result;

    submit_many_calls(&pair);
    recv.results_capacity = MANY_BYTES;
    for (uint16_t i = 0; i < MANY; i++) {
        recv.slot = (uint16_t)(1 + i);
        recv.user_data = 100 + i;
        recv.results = PAIR_MESSAGE + i * MANY_BYTES;
        *ring_user_next(&pair.server.ring) = recv;
    }
    ck_assert(actor_enter(&pair.server, MANY, 1, CAPOS_NO_DEADLINE, &result));
    for (unsigned i = 0; i < MANY; i++) {
        const struct capos_message *message = actor_at(&pair.server, PAIR_MESSAGE + i * MANY_BYTES);

        cqe = actor_take(&pair.server);
        ck_assert_uint_eq(cqe.user_data, 100 + i);
        ck_assert_int_eq(cqe.result, (int)sizeof(*message) + 16);
        *ring_user_next(&pair.server.ring) = pair_return(message->token);
    }
    ck_assert(!actor_has_cqe(&pair.server));
    ck_assert(actor_enter(&pair.server, MANY, 0, 0, &result));
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert_int_eq(actor_take(&pair.server).result, 0);
        cqe = actor_take(&pair.client);
        ck_assert_uint_eq(cqe.user_data, 200 + i);
        ck_assert_int_eq(cqe.result, 24);
    }
    pair_destroy(&pair);
}
END_TEST

START_TEST(an_exception_is_cut_to_fit) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    struct capos_cqe cqe;
    uint64_t result;

    call.results_capacity = 16;
    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    sqe = pair_return(pair_message(&pair)->token);
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
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);
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
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);
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
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;
    struct capos_cqe cqe;
    uint64_t token;

    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    token = pair_message(&pair)->token;
    actor_destroy(&pair.client);
    cqe = actor_do(&pair.server, &recv);
    ck_assert_int_eq(cqe.result, (int)sizeof(struct capos_message));
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(pair_message(&pair)->token, token);
    sqe = pair_return(token);
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
    struct ledger_limits limits = host_limits;
    struct capos_sqe call, recv, sqe;
    uint64_t result, token;
    struct pair pair;

    limits.limit[LEDGER_CALLS_HELD] = 1;
    pair = pair_create_with(&limits);
    call = pair_call(&pair);
    recv = pair_recv(&pair);
    actor_submit(&pair.client, &call);
    call.slot = 3;
    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    token = pair_message(&pair)->token;
    actor_submit(&pair.server, &recv);
    ck_assert_msg(!actor_has_cqe(&pair.server), "one call is held, so the other stays queued");
    sqe = pair_return(token);
    *ring_user_next(&pair.server.ring) = sqe;
    ck_assert(actor_enter(&pair.server, 1, 2, CAPOS_NO_DEADLINE, &result));
    ck_assert_int_eq(actor_take(&pair.server).result, 0);
    ck_assert_uint_eq(actor_take(&pair.server).user_data, 100);
    ck_assert_uint_ne(pair_message(&pair)->token, token);
    pair_destroy(&pair);
}
END_TEST

// The table grows as it has to, up to the limit; what it does not need can be lent.
START_TEST(tokens_are_made_when_they_are_needed) {
    struct ledger_limits limits = host_limits;
    struct capos_sqe call, recv;
    struct ledger *ledger;
    struct pair pair;

    limits.limit[LEDGER_CALLS_HELD] = 21;
    pair = pair_create_with(&limits);
    ledger = pair.server.process->ledger;
    recv = pair_recv(&pair);
    for (unsigned held = 1; held <= 15; held++) { // as many as the caller's slots
        call = pair_call(&pair);
        call.slot = (uint16_t)(held - 1);
        actor_submit(&pair.client, &call);
        ck_assert_int_gt(actor_do(&pair.server, &recv).result, 0);
        ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
        ck_assert_uint_eq(pair.server.process->tokens.live, held);
        ck_assert_uint_eq(ledger_used(ledger, LEDGER_CALLS_HELD), held <= 7 ? 7 : 15);
        host_audit(pair.host);
    }
    pair_destroy(&pair);
}
END_TEST

// What a held call keeps of its RECV's slots goes to whoever needs slots, so no number of held
// calls keeps a server from receiving; to arm the RECV again is refused then.
START_TEST(held_calls_keep_no_slots_from_others) {
    struct ledger_limits limits = host_limits;
    struct capos_sqe call, recv, sqe;
    struct pair pair;

    limits.limit[LEDGER_SLOTS] = 1 + 4; // the Receiver, and room for one RECV
    pair = pair_create_with(&limits);
    call = pair_call(&pair);
    recv = pair_recv(&pair);
    recv.room = 4;
    recv.descriptors = PAIR_RECEIVED;
    actor_submit(&pair.client, &call);
    call.slot = 3;
    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    sqe = pair_return(pair_message(&pair)->token);
    recv.slot = 4;
    ck_assert_int_gt(actor_do(&pair.server, &recv).result, 0);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    host_audit(pair.host);
    sqe.flags = CAPOS_SQE_REARM;
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    recv.slot = 5;
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, -CAPOS_STATUS_OVERLOADED);
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

// Has the server hold one call, with another one queued that finds no token.
static void stick(struct pair *pair) {
    struct capos_sqe call = pair_call(pair), recv = pair_recv(pair);

    actor_submit(&pair->client, &call);
    call.slot = 3;
    actor_submit(&pair->client, &call);
    actor_do(&pair->server, &recv);
    actor_submit(&pair->server, &recv);
    ck_assert(list_is_linked(&pair->endpoint->stuck));
}

static void seat_receiver(struct pair *pair) {
    struct cpu *cpu = &pair->host->cpus[0];
    struct receiver *receiver;

    kernel_enter(cpu);
    ck_assert_int_eq(
        endpoint_create_receiver(cpu, pair->endpoint, &pair->host->kernel.root, &receiver),
        CAPOS_STATUS_OK);
    kernel_leave(cpu);
    pair->receiver =
        actor_grant(&pair->server, &receiver->object, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY);
}

// An endpoint outlives its servers: what it remembers of a dead one's tokens is other memory by now
// (which the sanitizer notices).
START_TEST(a_dead_server_s_tokens_are_forgotten) {
    struct ledger_limits limits = host_limits;
    struct actor second;
    struct pair pair;

    limits.limit[LEDGER_CALLS_HELD] = 1;
    pair = pair_create_with(&limits);
    ck_assert_int_eq(actor_try(pair.host, "second", 1, &limits, ring_small, &second),
                     CAPOS_STATUS_OK);
    stick(&pair);
    actor_destroy(&pair.server);
    host_settle(pair.host);
    ck_assert(!list_is_linked(&pair.endpoint->stuck));
    while (actor_has_cqe(&pair.client))
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    pair.server = second;
    seat_receiver(&pair);
    stick(&pair);
    pair_destroy(&pair);
}
END_TEST

// A server that dies with fewer tokens than endpoints that want one leaves none of them in its
// list.
START_TEST(endpoints_outlive_the_table_that_they_wait_for) {
    struct ledger_limits limits = host_limits;
    struct endpoint *first, *endpoint;
    struct capos_sqe call, recv;
    struct pair pair;
    struct cpu *cpu;

    limits.limit[LEDGER_CALLS_HELD] = 1;
    pair = pair_create_with(&limits);
    cpu = &pair.host->cpus[0];
    stick(&pair);
    first = pair.endpoint;
    kernel_enter(cpu);
    ck_assert_int_eq(
        endpoint_create(cpu, &host_endpoint_type, &pair.host->kernel.root, 6, &endpoint),
        CAPOS_STATUS_OK);
    kernel_leave(cpu);
    pair.endpoint = endpoint;
    seat_receiver(&pair);
    struct facet *facet;
    kernel_enter(cpu);
    ck_assert_int_eq(endpoint_create_facet(cpu, endpoint, &pair.host->kernel.root, PAIR_INTERFACE,
                                           42, CAPOS_SCOPE_ANY, &facet),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    pair.facet = actor_grant(&pair.client, &facet->object, PAIR_INTERFACE, CAPOS_SCOPE_ANY);
    call = pair_call(&pair);
    call.slot = 4;
    actor_submit(&pair.client, &call);
    recv = pair_recv(&pair);
    recv.slot = 5;
    actor_submit(&pair.server, &recv);
    ck_assert(list_is_linked(&first->stuck) && list_is_linked(&endpoint->stuck));
    actor_destroy(&pair.server);
    host_settle(pair.host);
    ck_assert(!list_is_linked(&first->stuck) && !list_is_linked(&endpoint->stuck));
    pair.server = actor_create(pair.host, "another", 1);
    kernel_enter(cpu);
    object_put(cpu, &first->object);
    object_close_pending(cpu);
    kernel_leave(cpu);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: calls");

    harness_add(suite, "held calls keep no slots from others",
                held_calls_keep_no_slots_from_others);
    harness_add(suite, "a dead server's tokens are forgotten",
                a_dead_server_s_tokens_are_forgotten);
    harness_add(suite, "endpoints outlive the table that they wait for",
                endpoints_outlive_the_table_that_they_wait_for);

    harness_add(suite, "a call waits for its server", a_call_waits_for_its_server);
    harness_add(suite, "the loop hands the CPU over", the_loop_hands_the_cpu_over);
    harness_add(suite, "one wake takes all that is there", one_wake_takes_all_that_is_there);
    harness_add(suite, "an exception is cut to fit", an_exception_is_cut_to_fit);
    harness_add(suite, "too large a message", too_large_a_message_fails_in_the_caller);
    harness_add(suite, "the server's death disconnects", the_server_s_death_disconnects);
    harness_add(suite, "the client's death is told", the_client_s_death_is_told);
    harness_add(suite, "held calls are limited", held_calls_are_limited);
    harness_add(suite, "tokens are made when needed", tokens_are_made_when_they_are_needed);
    return harness_run(suite);
}
