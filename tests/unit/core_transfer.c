// SPDX-License-Identifier: MIT
//
// Capabilities in calls and answers: COPY, MOVE, MINT, OWN, scopes, and every way to be refused,
// each of which leaves everything as it was.
#include "core/audit.h"
#include "core/debug.h"
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <string.h>

static const struct object_type plain_type = {
    .name = "plain", .size = sizeof(struct object), .kind = OBJECT_KERNEL};

static uint64_t grant_plain(struct actor *actor, uint8_t scope) {
    struct object *object;

    ck_assert_int_eq(
        object_create(&actor->host->cpus[0], &plain_type, &actor->host->kernel.root, &object),
        CAPOS_STATUS_OK);
    return actor_grant(actor, object, 9, scope);
}

static struct capos_descriptor *client_descriptors(struct pair *pair) {
    return actor_at(&pair->client, PAIR_DESCRIPTORS);
}

// Of the server's: those that came with a message, and those to send.
static struct capos_descriptor *server_received(struct pair *pair) {
    return actor_at(&pair->server, PAIR_RECEIVED);
}

static struct capos_descriptor *server_sent(struct pair *pair) {
    return actor_at(&pair->server, PAIR_SENT);
}

// The server waits in RECV with room for four.
static void serve(struct pair *pair) {
    struct capos_sqe recv = pair_recv(pair);
    uint64_t result;

    recv.descriptors = PAIR_RECEIVED;
    recv.room = 4;
    *ring_user_next(&pair->server.ring) = recv;
    ck_assert(!actor_enter(&pair->server, 1, 1, CAPOS_NO_DEADLINE, &result));
}

static struct capos_sqe call_with(struct pair *pair, uint8_t sent, uint8_t room) {
    struct capos_sqe call = pair_call(pair);

    call.descriptors = PAIR_DESCRIPTORS;
    call.sent = sent;
    call.room = room;
    return call;
}

// Submits a call that is delivered at once; the server runs then.
static void deliver(struct pair *pair, const struct capos_sqe *call) {
    actor_submit(&pair->client, call);
    actor_run(&pair->server, &pair->host->cpus[0]);
    ck_assert_int_gt(actor_take(&pair->server).result, 0);
}

// Answers with `sent` descriptors; the client then has its completion.
static struct capos_cqe answer(struct pair *pair, uint8_t sent) {
    struct capos_sqe sqe = pair_return(pair_message(pair)->token);
    uint64_t result;

    sqe.descriptors = PAIR_SENT;
    sqe.sent = sent;
    ck_assert_int_eq(actor_do(&pair->server, &sqe).result, 0);
    ck_assert(actor_enter(&pair->client, 0, 0, 0, &result));
    return actor_take(&pair->client);
}

START_TEST(copies_and_moves) {
    struct pair pair = pair_create();
    uint64_t a = grant_plain(&pair.client, CAPOS_SCOPE_ANY);
    uint64_t b = grant_plain(&pair.client, CAPOS_SCOPE_ANY);
    struct capos_sqe call = call_with(&pair, 3, 0);
    const struct capos_descriptor *got = server_received(&pair);

    serve(&pair);
    client_descriptors(&pair)[0] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = a};
    client_descriptors(&pair)[1] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_NONE};
    client_descriptors(&pair)[2] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MOVE, .cap = b};
    deliver(&pair, &call);
    ck_assert_uint_eq(pair_message(&pair)->caps, 3);
    ck_assert_int_eq(actor_holds(&pair.client, a), CAPOS_STATUS_OK);
    ck_assert_int_eq(actor_holds(&pair.client, b), CAPOS_STATUS_REFUSED);
    ck_assert_uint_eq(got[0].kind, CAPOS_TRANSFER_COPY);
    ck_assert_uint_eq(got[0].interface, 9);
    ck_assert_int_eq(actor_holds(&pair.server, got[0].cap), CAPOS_STATUS_OK);
    ck_assert_uint_eq(got[1].kind, CAPOS_TRANSFER_NONE);
    ck_assert_uint_eq(got[1].cap, 0);
    ck_assert_uint_eq(got[2].kind, CAPOS_TRANSFER_COPY);
    ck_assert_int_eq(actor_holds(&pair.server, got[2].cap), CAPOS_STATUS_OK);
    ck_assert_uint_eq(pair.server.process->table.reserved, 0);
    host_audit(pair.host);
    pair_destroy(&pair);
}
END_TEST

// A minted facet: called, brought home, released, told.
START_TEST(the_life_of_a_minted_facet) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_with(&pair, 0, 2), sqe;
    struct capos_descriptor *got = client_descriptors(&pair);
    uint64_t facet, ids[2];
    struct capos_cqe cqe;

    serve(&pair);
    deliver(&pair, &call);
    server_sent(&pair)[0] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MINT,
                                                      .cap = pair.receiver,
                                                      .object_id = 1234,
                                                      .interface = 55,
                                                      .scope = CAPOS_SCOPE_SERVER,
                                                      .disclosure = 7};
    cqe = answer(&pair, 1);
    ck_assert_uint_eq(cqe.caps, 1);
    ck_assert_uint_eq(got[0].interface, 55);
    ck_assert_uint_eq(got[0].scope, CAPOS_SCOPE_SERVER);
    facet = got[0].cap;
    ck_assert_uint_eq(ledger_used(pair.server.process->ledger, LEDGER_FACETS), 1);

    serve(&pair);
    call = call_with(&pair, 1, 0);
    call.cap = facet;
    got[0] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MOVE, .cap = facet};
    deliver(&pair, &call);
    ck_assert_uint_eq(pair_message(&pair)->object_id, 1234);
    ck_assert_uint_eq(pair_message(&pair)->facet_interface, 55);
    ck_assert_uint_eq(pair_message(&pair)->disclosure, 7);
    ck_assert_uint_eq(server_received(&pair)[0].kind, CAPOS_TRANSFER_OWN);
    ck_assert_uint_eq(server_received(&pair)[0].object_id, 1234);
    ck_assert_uint_eq(server_received(&pair)[0].cap, 0);
    ck_assert_int_eq(actor_holds(&pair.client, facet), CAPOS_STATUS_REFUSED);
    ck_assert_uint_eq(ledger_used(pair.server.process->ledger, LEDGER_FACETS), 1);

    answer(&pair, 0);
    sqe = pair_recv(&pair);
    cqe = actor_do(&pair.server, &sqe);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_RELEASED);
    ck_assert_int_eq(cqe.result, (int)sizeof(struct capos_message) + 8);
    memcpy(ids, pair_message(&pair) + 1, 8);
    ck_assert_uint_eq(ids[0], 1234);
    ck_assert_uint_eq(ledger_used(pair.server.process->ledger, LEDGER_FACETS), 0);
    pair_destroy(&pair);
}
END_TEST

enum { SEVERAL = 3 };

// A client with minted facets 0, 1, 2, and their server, which waits to be told of them.
static struct pair with_several(void) {
    struct pair pair = pair_create();
    struct capos_sqe call = call_with(&pair, 0, SEVERAL);

    serve(&pair);
    deliver(&pair, &call);
    for (unsigned i = 0; i < SEVERAL; i++)
        server_sent(&pair)[i] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MINT,
                                                          .cap = pair.receiver,
                                                          .object_id = i,
                                                          .interface = 55,
                                                          .scope = CAPOS_SCOPE_ANY};
    ck_assert_uint_eq(answer(&pair, SEVERAL).caps, SEVERAL);
    serve(&pair);
    return pair;
}

static void release(struct pair *pair, uint64_t cap) {
    *ring_user_next(&pair->client.ring) =
        (struct capos_sqe){.opcode = CAPOS_OP_RELEASE, .cap = cap};
}

static void told_of_all(struct pair *pair) {
    uint64_t ids[SEVERAL], seen = 0;

    actor_run(&pair->server, &pair->host->cpus[0]);
    ck_assert_int_eq(actor_take(&pair->server).result,
                     (int)(sizeof(struct capos_message) + sizeof(ids)));
    ck_assert_uint_eq(pair_message(pair)->kind, CAPOS_MESSAGE_RELEASED);
    memcpy(ids, pair_message(pair) + 1, sizeof(ids));
    for (unsigned i = 0; i < SEVERAL; i++)
        seen |= UINT64_C(1) << ids[i];
    ck_assert_uint_eq(seen, (1 << SEVERAL) - 1);
    ck_assert_uint_eq(ledger_used(pair->server.process->ledger, LEDGER_FACETS), 0);
}

// Facets that one entry gives up are told of by one notice, though the server waits for the first.
START_TEST(given_up_together_told_together) {
    struct pair pair = with_several();
    uint64_t result;

    for (unsigned i = 0; i < SEVERAL; i++)
        release(&pair, client_descriptors(&pair)[i].cap);
    ck_assert(actor_enter(&pair.client, SEVERAL, 0, 0, &result));
    told_of_all(&pair);
    pair_destroy(&pair);
}
END_TEST

// Also when other things go with them, in between: a root facet, and what is no facet at all.
START_TEST(told_together_whatever_goes_with_them) {
    struct pair pair = with_several();
    uint64_t result;

    release(&pair, client_descriptors(&pair)[0].cap);
    release(&pair, pair.facet);
    release(&pair, client_descriptors(&pair)[1].cap);
    release(&pair, grant_plain(&pair.client, CAPOS_SCOPE_ANY));
    release(&pair, client_descriptors(&pair)[2].cap);
    ck_assert(actor_enter(&pair.client, SEVERAL + 2, 0, 0, &result));
    told_of_all(&pair);
    pair_destroy(&pair);
}
END_TEST

// And by death.
START_TEST(told_together_of_what_a_client_had) {
    struct pair pair = with_several();

    for (unsigned i = 0; i < SEVERAL; i++) // which takes the slots' order from them
        (void)grant_plain(&pair.client, CAPOS_SCOPE_ANY);
    actor_destroy(&pair.client);
    told_of_all(&pair);
    pair.client = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

// Offers one descriptor to a waiting server: the call must end with `status` and change nothing.
static void refused(struct pair *pair, struct capos_descriptor descriptor, uint8_t count,
                    enum capos_status status) {
    struct capos_sqe call = call_with(pair, count, 0);
    struct cpu *cpu = &pair->host->cpus[0];
    uint64_t before;

    host_settle(pair->host);
    before = audit_digest(cpu);
    for (uint8_t i = 0; i < count; i++)
        client_descriptors(pair)[i] = descriptor;
    ck_assert_int_eq(actor_do(&pair->client, &call).result, -(int)status);
    host_settle(pair->host);
    ck_assert_uint_eq(audit_digest(cpu), before);
    ck_assert_int_eq(pair->server.thread->ring.calls[1].reserved != 0, 1);
}

START_TEST(refusals_change_nothing) {
    struct pair pair = pair_create();
    uint64_t any = grant_plain(&pair.client, CAPOS_SCOPE_ANY);
    uint64_t own = grant_plain(&pair.client, CAPOS_SCOPE_SERVER);
    struct capos_descriptor copy = {.kind = CAPOS_TRANSFER_COPY, .cap = any}, bad = copy;
    struct capos_descriptor move = {.kind = CAPOS_TRANSFER_MOVE, .cap = any};

    serve(&pair);
    refused(&pair, copy, 5, CAPOS_STATUS_NO_ROOM);
    refused(&pair, move, 2, CAPOS_STATUS_REFUSED);
    bad.cap = any ^ UINT64_C(1) << 40;
    refused(&pair, bad, 1, CAPOS_STATUS_REFUSED);
    bad.cap = own;
    refused(&pair, bad, 1, CAPOS_STATUS_SCOPE);
    for (unsigned i = 0; i < sizeof(bad.zero); i++) {
        bad = copy;
        bad.zero[i] = 1;
        refused(&pair, bad, 1, CAPOS_STATUS_MALFORMED);
    }
    for (unsigned kind = CAPOS_TRANSFER_OWN; kind < 256; kind++) {
        bad = copy;
        bad.kind = (uint8_t)kind;
        refused(&pair, bad, 1, CAPOS_STATUS_MALFORMED);
    }
    bad = (struct capos_descriptor){
        .kind = CAPOS_TRANSFER_MINT, .cap = any, .interface = 5, .scope = CAPOS_SCOPE_ANY};
    refused(&pair, bad, 1, CAPOS_STATUS_REFUSED);
    bad.scope = CAPOS_SCOPES;
    refused(&pair, bad, 1, CAPOS_STATUS_MALFORMED);
    bad.scope = CAPOS_SCOPE_ANY;
    bad.interface = 0;
    refused(&pair, bad, 1, CAPOS_STATUS_MALFORMED);
    pair_destroy(&pair);
}
END_TEST

START_TEST(a_session_keeps_its_own) {
    struct pair pair = pair_create();
    struct actor stranger = actor_create(pair.host, "stranger", 2);
    uint64_t cap = grant_plain(&stranger, CAPOS_SCOPE_SESSION), facet;
    struct captable_view view;
    struct actor client = pair.client;

    ck_assert_int_eq(captable_lookup(&client.process->table, pair.facet, &view), CAPOS_STATUS_OK);
    object_get(view.object);
    facet = actor_grant(&stranger, view.object, PAIR_INTERFACE, CAPOS_SCOPE_ANY);
    serve(&pair);
    uint64_t kept = pair.facet;
    pair.client = stranger;
    pair.facet = facet;
    refused(&pair, (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = cap}, 1,
            CAPOS_STATUS_SCOPE);
    pair.client = client;
    pair.facet = kept;
    cap = grant_plain(&pair.client, CAPOS_SCOPE_SESSION);
    client_descriptors(&pair)[0] =
        (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = cap};
    struct capos_sqe call = call_with(&pair, 1, 0);
    deliver(&pair, &call);
    actor_destroy(&stranger);
    pair_destroy(&pair);
}
END_TEST

// The Receiver moves to another process: who has it serves.
START_TEST(the_receiver_moves_on) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct actor next = actor_create(pair.host, "next", 1);
    struct capos_sqe call = pair_call(&pair), sqe;
    struct capos_descriptor move = {.kind = CAPOS_TRANSFER_MOVE, .cap = pair.receiver};
    uint32_t chain;
    uint64_t result;

    serve(&pair);
    kernel_enter(cpu);
    ck_assert_int_eq(captable_reserve(cpu, &next.process->table, 1, &chain), CAPOS_STATUS_OK);
    ck_assert_int_eq(transfer_read(cpu->transfer, &move, 1), CAPOS_STATUS_OK);
    ck_assert_int_eq(transfer_prepare(cpu, cpu->transfer, pair.server.process, next.process, 1),
                     CAPOS_STATUS_OK);
    transfer_commit(cpu, cpu->transfer, &chain);
    object_close_pending(cpu);
    kernel_leave(cpu);
    actor_run(&pair.server, cpu);
    ck_assert_int_eq(actor_take(&pair.server).result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert_uint_eq(chain, 0);
    actor_submit(&pair.client, &call);
    sqe = pair_recv(&pair);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_REFUSED);
    sqe.cap = cpu->transfer->descriptor[0].cap;
    ck_assert_int_eq(actor_do(&next, &sqe).result, (int)sizeof(struct capos_message) + 16);
    actor_destroy(&next);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    pair_destroy(&pair);
}
END_TEST

// A token is a name in one process's table: who has the Receiver now is not told of another's.
START_TEST(only_the_holder_is_told) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct actor next = actor_create(pair.host, "next", 1);
    struct capos_sqe call = pair_call(&pair), sqe;
    struct capos_descriptor move = {.kind = CAPOS_TRANSFER_MOVE, .cap = pair.receiver};
    uint64_t token, result;
    uint32_t chain;

    serve(&pair);
    deliver(&pair, &call);
    token = pair_message(&pair)->token;
    kernel_enter(cpu);
    ck_assert_int_eq(captable_reserve(cpu, &next.process->table, 1, &chain), CAPOS_STATUS_OK);
    ck_assert_int_eq(transfer_read(cpu->transfer, &move, 1), CAPOS_STATUS_OK);
    ck_assert_int_eq(transfer_prepare(cpu, cpu->transfer, pair.server.process, next.process, 1),
                     CAPOS_STATUS_OK);
    transfer_commit(cpu, cpu->transfer, &chain);
    object_close_pending(cpu);
    kernel_leave(cpu);
    sqe = pair_recv(&pair);
    sqe.cap = cpu->transfer->descriptor[0].cap;
    *ring_user_next(&next.ring) = sqe;
    ck_assert(!actor_enter(&next, 1, 1, CAPOS_NO_DEADLINE, &result));
    actor_destroy(&pair.client);
    ck_assert_int_eq(next.thread->state, THREAD_WAITING);
    sqe = pair_return(token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_CANCELLED);
    actor_destroy(&next);
    pair.client = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

// Every point at which a minting RETURN can fail, one after the other. After a call that brought
// nothing (_i == 0) the RECV's slots are there already.
START_TEST(each_failure_of_a_return_leaves_the_token) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    uint8_t brings = (uint8_t)_i;
    struct capos_sqe call = call_with(&pair, brings, 1), sqe;
    uint64_t before, n = 1;
    struct capos_cqe cqe;

    serve(&pair);
    deliver(&pair, &call);
    sqe = pair_return(pair_message(&pair)->token);
    sqe.flags = CAPOS_SQE_REARM;
    sqe.descriptors = PAIR_SENT;
    sqe.sent = 1;
    for (;; n++) {
        server_sent(&pair)[0] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MINT,
                                                          .cap = pair.receiver,
                                                          .interface = 55,
                                                          .scope = CAPOS_SCOPE_ANY};
        host_settle(pair.host);
        before = audit_digest(cpu);
        debug_fail_nth(&pair.host->kernel, n);
        cqe = actor_do(&pair.server, &sqe);
        if (cqe.result == 0)
            break;
        ck_assert_int_eq(cqe.result, -CAPOS_STATUS_OVERLOADED);
        ck_assert(debug_failed(&pair.host->kernel));
        host_settle(pair.host);
        ck_assert_uint_eq(audit_digest(cpu), before);
    }
    ck_assert_uint_ge(n, brings > 0 ? 4 : 3); // slots for the RECV, the facet's class, its memory
    debug_fail_nth(&pair.host->kernel, 0);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/transfer");
    TCase *returns;

    harness_add(suite, "copies and moves", copies_and_moves);
    harness_add(suite, "the life of a minted facet", the_life_of_a_minted_facet);
    harness_add(suite, "given up together, told together", given_up_together_told_together);
    harness_add(suite, "told together, whatever goes with them",
                told_together_whatever_goes_with_them);
    harness_add(suite, "told together of what a client had", told_together_of_what_a_client_had);
    harness_add(suite, "refusals change nothing", refusals_change_nothing);
    harness_add(suite, "a session keeps its own", a_session_keeps_its_own);
    harness_add(suite, "the Receiver moves on", the_receiver_moves_on);
    harness_add(suite, "only the holder is told", only_the_holder_is_told);
    returns = tcase_create("each failure of a RETURN leaves the token");
    tcase_add_loop_test(returns, each_failure_of_a_return_leaves_the_token, 0, 2);
    suite_add_tcase(suite, returns);
    return harness_run(suite);
}
