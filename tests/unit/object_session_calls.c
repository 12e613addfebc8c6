// SPDX-License-Identifier: MIT
//
// Calls out of a session, into it, and through facets that belong to it, when it ends; also that by
// which a member ends it.
#include "core/endpoint.h"
#include "core/process.h"
#include "core/session.h"
#include "schemas/endpoint.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_sessions.h"

enum { INTERFACE = 77 };

static struct capos_call call;

// An endpoint of the caller's with its Receiver and a root facet.
struct service {
    uint64_t endpoint, receiver, facet;
};

static struct service serve(struct caller *by, uint64_t endpoints, unsigned scope) {
    struct capos_endpoint_factory factory = {endpoints};
    struct capos_endpoint_factory_create_results created;
    struct capos_endpoint_receiver_results received;
    struct capos_endpoint_facet_results facets;
    struct service service;

    assert_outcome(capos_endpoint_factory_create(&call, &by->transport, factory, &created),
                   CAPOS_DONE);
    struct capos_endpoint endpoint = capos_endpoint_factory_create_results_endpoint(created);
    service.endpoint = endpoint.id;
    capos_call_release(&call);
    assert_outcome(capos_endpoint_receiver(&call, &by->transport, endpoint, &received), CAPOS_DONE);
    service.receiver = capos_endpoint_receiver_results_receiver(received).id;
    capos_call_release(&call);
    struct capos_endpoint_facet_params_builder params =
        capos_endpoint_facet_begin(&call, &by->transport, endpoint);
    capos_endpoint_facet_params_set_interface(params, INTERFACE);
    capos_endpoint_facet_params_set_object_id(params, 5);
    capos_endpoint_facet_params_set_scope(params, (enum capos_facet_scope)scope);
    assert_outcome(capos_endpoint_facet_call(&call, &facets), CAPOS_DONE);
    service.facet = capos_endpoint_facet_results_facet(facets).id;
    capos_call_release(&call);
    return service;
}

// Where plain submissions have their messages: at the end of the ring, past the generated calls'.
static uint32_t spare(const struct actor *actor) {
    return actor->ring.size - 256;
}

static struct capos_sqe plain_call(const struct actor *actor, uint64_t facet) {
    return (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .slot = 20,
                              .cap = facet,
                              .interface = INTERFACE,
                              .user_data = 200,
                              .params = spare(actor),
                              .params_bytes = 8,
                              .results = spare(actor) + 8,
                              .results_capacity = 24,
                              .descriptors = spare(actor) + 32};
}

static struct capos_sqe plain_recv(const struct actor *actor, uint64_t receiver) {
    return (struct capos_sqe){.opcode = CAPOS_OP_RECV,
                              .slot = 21,
                              .cap = receiver,
                              .user_data = 100,
                              .results = spare(actor) + 128,
                              .results_capacity = 128,
                              .descriptors = spare(actor) + 64};
}

static const struct capos_message *message_of(struct actor *actor) {
    return actor_at(actor, spare(actor) + 128);
}

// Has the server take one call of the client, which then is under way.
static void take_call(struct actor *server, uint64_t receiver, struct actor *client,
                      uint64_t facet) {
    struct capos_sqe calls = plain_call(client, facet), recv = plain_recv(server, receiver);

    actor_submit(client, &calls);
    ck_assert_int_gt(actor_do(server, &recv).result, 0);
    ck_assert_uint_eq(message_of(server)->kind, CAPOS_MESSAGE_CALL);
}

static void assert_completion(struct actor *actor, int32_t expected) {
    uint64_t result;

    ck_assert(actor_enter(actor, 0, 0, 0, &result));
    struct capos_cqe cqe = actor_take(actor);
    ck_assert_uint_eq(cqe.user_data, 200);
    ck_assert_int_eq(cqe.result, expected);
}

// A member calls a server outside, which is told.
START_TEST(calls_out_of_it_end) {
    struct capos_session session = sessions_start();
    struct service service = serve(&world.caller, world_grant("endpoints"), CAPOS_SCOPE_ANY);
    const struct wish wish = {"facet", sessions_bind(session, service.facet)};
    struct capos_sqe recv = plain_recv(&world.init, service.receiver);
    struct member member;

    sessions_spawn(session, &wish, 1, &member);
    take_call(&world.init, service.receiver, &member.actor, sessions_grant(&member.actor, "facet"));
    uint64_t token = message_of(&world.init)->token;
    sessions_end(session);
    ck_assert_int_gt(actor_do(&world.init, &recv).result, 0);
    ck_assert_uint_eq(message_of(&world.init)->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(message_of(&world.init)->token, token);
    const struct capos_sqe answer = {.opcode = CAPOS_OP_RETURN, .cap = token, .user_data = 3};
    ck_assert_int_eq(actor_do(&world.init, &answer).result, -CAPOS_STATUS_CANCELLED);
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
}
END_TEST

// One outside it has called through what belongs to it: a server that stays, and one that ends.
START_TEST(calls_into_it_end) {
    struct capos_session session = sessions_start();
    struct service service = serve(&world.caller, world_grant("endpoints"), CAPOS_SCOPE_ANY);
    uint64_t copy = sessions_bind(session, service.facet), sent;
    struct capos_sqe calls = plain_call(&world.init, copy);
    struct member member, client;

    calls.user_data = 1; // world.caller takes its completion for that of a call of its own
    actor_submit(&world.init, &calls); // nobody receives
    sessions_end(session);
    ck_assert_int_eq(world.caller.calls[1].cqe.result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&world.init, service.facet), CAPOS_STATUS_OK);

    session = sessions_start();
    sessions_spawn(session, NULL, 0, &member);
    service = serve(&member.caller, sessions_grant(&member.actor, "endpoints"), CAPOS_SCOPE_ANY);
    struct captable_view view;
    ck_assert_int_eq(captable_lookup(&member.actor.process->table, service.facet, &view),
                     CAPOS_STATUS_OK);
    sessions_spawn((struct capos_session){0}, NULL, 0, &client);
    object_get(view.object);
    sent = actor_grant(&client.actor, view.object, INTERFACE, CAPOS_SCOPE_ANY);
    take_call(&member.actor, service.receiver, &client.actor, sent);
    sessions_end(session);
    assert_completion(&client.actor, -CAPOS_STATUS_DISCONNECTED);
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    actor_destroy(&client.actor);
}
END_TEST

// Facets of the scope `session`: a root facet belongs to the session of whoever makes it, a minted
// one to that of whoever gets it.
START_TEST(facets_belong_to_it) {
    struct capos_session session = sessions_start();
    struct service inside,
        service = serve(&world.caller, world_grant("endpoints"), CAPOS_SCOPE_ANY);
    const struct wish wish = {"facet", service.facet};
    struct member member;

    sessions_spawn(session, &wish, 1, &member);
    inside = serve(&member.caller, sessions_grant(&member.actor, "endpoints"), CAPOS_SCOPE_SESSION);
    struct captable_view view;
    ck_assert_int_eq(captable_lookup(&member.actor.process->table, inside.facet, &view),
                     CAPOS_STATUS_OK);
    ck_assert_ptr_eq(session_of(view.revoker), member.actor.process->session_object);
    // Init mints one for the member, with its answer.
    struct capos_sqe calls = plain_call(&member.actor, sessions_grant(&member.actor, "facet"));
    struct capos_sqe recv = plain_recv(&world.init, service.receiver);
    calls.room = 1;
    actor_submit(&member.actor, &calls);
    ck_assert_int_gt(actor_do(&world.init, &recv).result, 0);
    struct capos_descriptor *minted = actor_at(&world.init, spare(&world.init) + 32);
    *minted = (struct capos_descriptor){.kind = CAPOS_TRANSFER_MINT,
                                        .cap = service.receiver,
                                        .interface = INTERFACE,
                                        .object_id = 9,
                                        .scope = CAPOS_SCOPE_SESSION};
    const struct capos_sqe answer = {.opcode = CAPOS_OP_RETURN,
                                     .cap = message_of(&world.init)->token,
                                     .user_data = 3,
                                     .descriptors = spare(&world.init) + 32,
                                     .sent = 1};
    ck_assert_int_eq(actor_do(&world.init, &answer).result, 0);
    assert_completion(&member.actor, 0);
    struct capos_descriptor *got = actor_at(&member.actor, spare(&member.actor) + 32);
    ck_assert_int_eq(captable_lookup(&member.actor.process->table, got->cap, &view),
                     CAPOS_STATUS_OK);
    ck_assert_uint_eq(view.scope, CAPOS_SCOPE_SESSION);
    ck_assert_ptr_eq(session_of(view.revoker), member.actor.process->session_object);
    // It is not to be passed back but to its server, which learns what it was.
    struct capos_descriptor *sent = got;
    sent->kind = CAPOS_TRANSFER_COPY;
    calls.room = 0;
    calls.sent = 1;
    recv.room = 1;
    actor_submit(&member.actor, &calls);
    ck_assert_int_gt(actor_do(&world.init, &recv).result, 0);
    const struct capos_descriptor *own = actor_at(&world.init, spare(&world.init) + 64);
    ck_assert_uint_eq(own->kind, CAPOS_TRANSFER_OWN);
    ck_assert_uint_eq(own->object_id, 9);
    host_audit(world.host);
    sessions_end_begin(session);
    ck_assert_int_ne(actor_holds(&member.actor, inside.facet), CAPOS_STATUS_OK);
    sessions_end_wait();
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
}
END_TEST

START_TEST(a_member_ends_its_own) {
    struct capos_session session = sessions_start();
    const struct wish wish = {"session", session.id};
    struct member member, other;
    uint64_t result;

    sessions_spawn(session, &wish, 1, &member);
    sessions_spawn(session, NULL, 0, &other);
    struct capos_sqe sqe = plain_call(&member.actor, sessions_grant(&member.actor, "session"));
    sqe.interface = CAPOS_SESSION_INTERFACE_ID;
    sqe.method = CAPOS_SESSION_END_METHOD;
    sqe.params_bytes = 0;
    *ring_user_next(&member.actor.ring) = sqe;
    (void)actor_enter(&member.actor, 1, 0, 0, &result); // it does not come back
    sessions_end(session);
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    sessions_assert_ended(&other, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sessions");
    TCase *tcase = tcase_create("calls");

    tcase_add_checked_fixture(tcase, sessions_setup, world_teardown);
    tcase_add_test(tcase, calls_out_of_it_end);
    tcase_add_test(tcase, calls_into_it_end);
    tcase_add_test(tcase, facets_belong_to_it);
    tcase_add_test(tcase, a_member_ends_its_own);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
