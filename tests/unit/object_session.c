// SPDX-License-Identifier: MIT
//
// SessionAuthority and Session as processes call them: what belongs to a session stays in it, and
// ends with it, whoever holds it and whatever is under way; so do its processes and the sessions
// that they have started.
#include "core/audit.h"
#include "core/debug.h"
#include "core/endpoint.h"
#include "core/frame.h"
#include "core/process.h"
#include "core/session.h"
#include "core/vm.h"
#include "schemas/boot.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/session.capos.h"
#include "schemas/time.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"

#include <string.h>

enum { PAGE = FRAME_SIZE, INTERFACE = 77, GRANTS_MAX = 4 };

// A process as the test plays it, with what calls its capabilities.
struct member {
    struct actor actor;
    struct caller caller;
    struct capos_process_handle handle; // of whoever has spawned it
};

struct wish {
    const char *name;
    uint64_t cap;
};

static struct capos_call call;
static uint64_t binary;

static struct capos_transport *ring_of(struct caller *caller) {
    return &caller->transport;
}

static uint64_t grant_of(const struct actor *actor, const char *name) {
    const struct capos_capset *set = world_capset(actor->thread);

    for (uint32_t i = 0; i < set->count; i++)
        if (strcmp(set->grants[i].name, name) == 0)
            return set->grants[i].cap;
    ck_abort_msg("no %s", name);
}

static void get_binary(void) {
    struct capos_boot_package package = {world_grant("bootPackage")};
    struct capos_boot_package_binary_results results;

    capos_boot_package_binary_params_set_name(
        capos_boot_package_binary_begin(&call, world_ring(), package), capos_text_of("other"));
    assert_outcome(capos_boot_package_binary_call(&call, &results), CAPOS_DONE);
    binary = capos_boot_package_binary_results_object(results).id;
    capos_call_release(&call);
}

static void setup(void) {
    world_setup();
    get_binary();
}

static int try_start(struct caller *by, uint64_t authority, struct capos_session *session) {
    struct capos_session_authority_start_results results;
    int outcome = capos_session_authority_start(
        &call, ring_of(by), (struct capos_session_authority){authority}, &results);

    if (outcome == CAPOS_DONE)
        *session = capos_session_authority_start_results_session(results);
    capos_call_release(&call);
    return outcome;
}

static struct capos_session start(void) {
    struct capos_session session = {0};

    assert_outcome(try_start(&world.caller, world_grant("sessions"), &session), CAPOS_DONE);
    return session;
}

// A child of init in a session (0: in init's) with a timer, endpoints, sessions and some memory of
// its own, and up to four capabilities more.
static int try_spawn(struct capos_session session, const struct wish *wishes, uint32_t count,
                     struct capos_process_handle *handle) {
    const struct wish always[] = {{"endpoints", world_grant("endpoints")},
                                  {"sessions", world_grant("sessions")},
                                  {"spawner", world_grant("spawner")},
                                  {"binary", binary}};
    struct capos_process_spawner spawner = {world_grant("spawner")};
    struct capos_process_spawner_spawn_results results;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, world_ring(), spawner);

    capos_process_spawner_spawn_params_set_binary(params, (struct capos_memory_object){binary});
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("member"));
    if (session.id != 0)
        capos_process_spawner_spawn_params_set_session(params, session);
    struct capos_resource_limits_builder limits =
        capos_process_spawner_spawn_params_init_limits(params);
    capos_resource_limits_set_endpoints(limits, 2);
    capos_resource_limits_set_facets(limits, 4);
    capos_resource_limits_set_calls_held(limits, 4);
    struct capos_spawn_grant_list_builder grants =
        capos_process_spawner_spawn_params_init_grants(params, 4 + count);
    for (uint32_t i = 0; i < 4 + count; i++) {
        struct capos_spawn_grant_builder grant = capos_spawn_grant_list_builder_at(grants, i);
        const struct wish *wish = i < 4 ? &always[i] : &wishes[i - 4];

        capos_spawn_grant_set_name(grant, capos_text_of(wish->name));
        capos_spawn_grant_set_capability(grant, (struct capos_capability){wish->cap});
    }
    int outcome = capos_process_spawner_spawn_call(&call, &results);
    if (outcome == CAPOS_DONE)
        *handle = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    return outcome;
}

static void spawn(struct capos_session session, const struct wish *wishes, uint32_t count,
                  struct member *member) {
    assert_outcome(try_spawn(session, wishes, count, &member->handle), CAPOS_DONE);
    member->actor = world_newest();
    caller_init(&member->caller, &member->actor);
    member->caller.plain = true;
}

static int bind_it(struct capos_session session, uint64_t cap, uint64_t *copy) {
    struct capos_session_bind_results results;

    capos_session_bind_params_set_capability(capos_session_bind_begin(&call, world_ring(), session),
                                             (struct capos_capability){cap});
    int outcome = capos_session_bind_call(&call, &results);
    *copy = outcome == CAPOS_DONE ? capos_session_bind_results_copy(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static uint64_t bound(struct capos_session session, uint64_t cap) {
    uint64_t copy;

    assert_outcome(bind_it(session, cap, &copy), CAPOS_DONE);
    return copy;
}

static void assert_info(struct capos_session session, uint32_t processes, bool ended) {
    struct capos_session_info_results results;

    assert_outcome(capos_session_info(&call, world_ring(), session, &results), CAPOS_DONE);
    ck_assert_uint_eq(capos_session_info_results_processes(results), processes);
    ck_assert_int_eq(capos_session_info_results_ended(results), ended);
    capos_call_release(&call);
}

// Begins the end: what is to be seen at once is seen then, its processes may be gone already;
// end_wait ends it.
static void end_begin(struct capos_session session) {
    capos_session_end_begin(&call, world_ring(), session);
    assert_outcome(capos_session_end_send(&call), CAPOS_DONE);
}

static void end_wait(void) {
    struct capos_session_end_results results;

    host_settle_deaths(world.host);
    assert_outcome(capos_session_end_wait(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
    host_audit(world.host);
}

static void end(struct capos_session session) {
    end_begin(session);
    end_wait();
}

// Lets go of a member that has ended, and looks at how.
static void assert_ended(struct member *member, enum capos_process_end_which how) {
    struct capos_process_handle_wait_results results;

    ck_assert_int_eq(member->actor.process->state, PROCESS_ENDED);
    assert_outcome(capos_process_handle_wait(&call, world_ring(), member->handle, &results),
                   CAPOS_DONE);
    ck_assert_int_eq(capos_process_end_which(capos_process_handle_wait_results_end(results)), how);
    capos_call_release(&call);
    actor_destroy(&member->actor);
}

static int now(struct caller *by, uint64_t timer) {
    struct capos_timer_now_results results;
    int outcome = capos_timer_now(&call, ring_of(by), (struct capos_timer){timer}, &results);

    capos_call_release(&call);
    return outcome;
}

static int release(uint64_t cap) {
    const struct capos_sqe sqe = {.opcode = CAPOS_OP_RELEASE, .cap = cap, .user_data = 9};

    return actor_do(&world.init, &sqe).result;
}

static unsigned scope_of(const struct actor *actor, uint64_t cap) {
    struct captable_view view;

    ck_assert_int_eq(captable_lookup(&actor->process->table, cap, &view), CAPOS_STATUS_OK);
    return view.scope;
}

START_TEST(a_child_is_of_its_spawners_session) {
    struct capos_session session = start();
    struct member child, member;
    struct capos_process_handle grandchild;

    spawn((struct capos_session){0}, NULL, 0, &child);
    ck_assert_uint_eq(child.actor.process->session.id, world.init.process->session.id);
    assert_info(session, 0, false);
    spawn(session, NULL, 0, &member);
    ck_assert_uint_ne(member.actor.process->session.id, world.init.process->session.id);
    assert_info(session, 1, false);
    // The member's child is one too.
    struct capos_process_spawner spawner = {grant_of(&member.actor, "spawner")};
    struct capos_process_spawner_spawn_results results;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, ring_of(&member.caller), spawner);
    struct capos_memory_object object = {grant_of(&member.actor, "binary")};
    capos_process_spawner_spawn_params_set_binary(params, object);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("grandchild"));
    assert_outcome(capos_process_spawner_spawn_call(&call, &results), CAPOS_DONE);
    grandchild = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    (void)grandchild;
    struct actor last = world_newest();
    ck_assert_uint_eq(last.process->session.id, member.actor.process->session.id);
    assert_info(session, 2, false);
    host_audit(world.host);
    actor_destroy(&last);
    assert_info(session, 1, false);
    actor_destroy(&member.actor);
    actor_destroy(&child.actor);
    assert_info(session, 0, false);
}
END_TEST

START_TEST(what_is_bound_ends_with_it_and_the_original_stays) {
    struct capos_session session = start();
    uint64_t timer = world_grant("timer"), copy = bound(session, timer), other;
    struct member member, late;
    const struct wish wish = {"timer", copy};
    uint64_t ledger_before;

    spawn(session, &wish, 1, &member);
    uint64_t given = grant_of(&member.actor, "timer");
    assert_outcome(now(&member.caller, given), CAPOS_DONE);
    assert_outcome(now(&world.caller, copy), CAPOS_DONE);
    ledger_before = ledger_available(member.actor.process->ledger->lender, LEDGER_FRAMES);
    host_audit(world.host);
    end_begin(session);
    ck_assert_int_eq(actor_holds(&world.init, copy), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_ne(actor_holds(&member.actor, given), CAPOS_STATUS_OK);
    end_wait();
    ck_assert_uint_gt(ledger_available(world.init.process->ledger, LEDGER_FRAMES), ledger_before);
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    assert_info(session, 0, true);
    assert_outcome(now(&world.caller, copy), -CAPOS_STATUS_DISCONNECTED);
    assert_outcome(now(&world.caller, timer), CAPOS_DONE);
    // Nothing can be added to it, and it ends but once.
    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);
    assert_outcome(bind_it(session, timer, &other), CAPOS_DISCONNECTED);
    assert_outcome(try_spawn(session, NULL, 0, &late.handle), CAPOS_DISCONNECTED);
    assert_outcome(try_spawn((struct capos_session){0}, &wish, 1, &late.handle),
                   CAPOS_DISCONNECTED);
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    struct capos_session_end_results results;
    assert_outcome(capos_session_end(&call, world_ring(), session, &results), CAPOS_DONE);
    capos_call_release(&call);
}
END_TEST

START_TEST(what_is_bound_stays_in_it) {
    struct capos_session session = start(), stranger = start();
    struct capos_revoker_factory factory = {world_grant("revokers")};
    struct capos_revoker_factory_make_results made;
    uint64_t copy = bound(session, world_grant("timer")), revocable;
    struct wish wish = {"timer", copy};
    struct capos_process_handle none;
    struct member member;

    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);
    assert_outcome(try_spawn((struct capos_session){0}, &wish, 1, &none), CAPOS_INVALID_ARGUMENT);
    ck_assert_str_eq(world.caller.reason, "a capability may not be passed to that process");
    assert_outcome(try_spawn(stranger, &wish, 1, &none), CAPOS_INVALID_ARGUMENT);
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    // A revocable copy of it is no way out either, and ends with it.
    capos_revoker_factory_make_params_set_capability(
        capos_revoker_factory_make_begin(&call, world_ring(), factory),
        (struct capos_capability){copy});
    assert_outcome(capos_revoker_factory_make_call(&call, &made), CAPOS_DONE);
    revocable = capos_revoker_factory_make_results_copy(made).id;
    capos_call_release(&call);
    wish.cap = revocable;
    assert_outcome(try_spawn(stranger, &wish, 1, &none), CAPOS_INVALID_ARGUMENT);
    spawn(session, &wish, 1, &member);
    assert_outcome(now(&member.caller, grant_of(&member.actor, "timer")), CAPOS_DONE);
    end(session);
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    assert_outcome(now(&world.caller, revocable), -CAPOS_STATUS_DISCONNECTED);
    end(stranger);
}
END_TEST

START_TEST(what_can_not_be_bound) {
    struct capos_session session = start();
    struct capos_revoker_factory factory = {world_grant("revokers")};
    struct capos_revoker_factory_make_results made;
    uint64_t timer = world_grant("timer"), copy = bound(session, timer), none;

    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);
    assert_outcome(bind_it(session, copy, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(bind_it(session, copy + 1000, &none), CAPOS_INVALID_ARGUMENT);
    world.caller.room = 0;
    assert_outcome(bind_it(session, timer, &none), CAPOS_INVALID_ARGUMENT);
    world.caller.room = CAPOS_TRANSFER_MAX;
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    capos_revoker_factory_make_params_set_capability(
        capos_revoker_factory_make_begin(&call, world_ring(), factory),
        (struct capos_capability){timer});
    assert_outcome(capos_revoker_factory_make_call(&call, &made), CAPOS_DONE);
    uint64_t revocable = capos_revoker_factory_make_results_copy(made).id;
    capos_call_release(&call);
    assert_outcome(bind_it(session, revocable, &none), CAPOS_INVALID_ARGUMENT);
    ck_assert_str_eq(world.caller.reason, "a revocable copy can't be bound");
}
END_TEST

static struct capos_memory_object memory_of(uint64_t pages) {
    struct capos_frame_allocator frames = {world_grant("frames")};
    struct capos_frame_allocator_allocate_results results;

    capos_frame_allocator_allocate_params_set_bytes(
        capos_frame_allocator_allocate_begin(&call, world_ring(), frames), pages * PAGE);
    assert_outcome(capos_frame_allocator_allocate_call(&call, &results), CAPOS_DONE);
    struct capos_memory_object object = capos_frame_allocator_allocate_results_object(results);
    capos_call_release(&call);
    return object;
}

static uint64_t map(struct capos_memory_object object, uint64_t bytes) {
    struct capos_virtual_memory vm = {world_grant("virtualMemory")};
    struct capos_virtual_memory_map_results results;
    struct capos_virtual_memory_map_params_builder params =
        capos_virtual_memory_map_begin(&call, world_ring(), vm);

    capos_virtual_memory_map_params_set_object(params, object);
    capos_virtual_memory_map_params_set_bytes(params, bytes);
    capos_virtual_memory_map_params_set_protection(params, CAPOS_PROTECTION_READ);
    assert_outcome(capos_virtual_memory_map_call(&call, &results), CAPOS_DONE);
    uint64_t at = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return at;
}

static bool is_mapped(uint64_t at) {
    enum protection protection;
    struct paddr frame;

    return machine_space_lookup(world.cpu, vm_space(world.init.process->vm), (struct uaddr){at},
                                &frame, &protection);
}

// Views have the scope of what they are made of, and mappings go with the session.
START_TEST(views_and_mappings_go_with_it) {
    struct capos_session session = start();
    struct capos_memory_object memory = memory_of(100), own, view, part;
    struct capos_memory_object_read_only_results constant;
    struct capos_memory_object_slice_results slice;
    uint64_t kept, through_copy, through_part;

    own.id = bound(session, memory.id);
    assert_outcome(capos_memory_object_read_only(&call, world_ring(), own, &constant), CAPOS_DONE);
    view = capos_memory_object_read_only_results_object(constant);
    capos_call_release(&call);
    capos_memory_object_slice_params_set_bytes(
        capos_memory_object_slice_begin(&call, world_ring(), view), 2 * PAGE);
    assert_outcome(capos_memory_object_slice_call(&call, &slice), CAPOS_DONE);
    part = capos_memory_object_slice_results_object(slice);
    capos_call_release(&call);
    ck_assert_uint_eq(scope_of(&world.init, view.id), CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(scope_of(&world.init, part.id), CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(scope_of(&world.init, memory.id), CAPOS_SCOPE_ANY);
    kept = map(memory, 100 * PAGE);
    through_copy = map(own, 100 * PAGE);
    through_part = map(part, PAGE);
    host_audit(world.host);
    end(session);
    ck_assert(is_mapped(kept));
    ck_assert(!is_mapped(through_copy) && !is_mapped(through_copy + 99 * PAGE));
    ck_assert(!is_mapped(through_part));
}
END_TEST

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

    assert_outcome(capos_endpoint_factory_create(&call, ring_of(by), factory, &created),
                   CAPOS_DONE);
    struct capos_endpoint endpoint = capos_endpoint_factory_create_results_endpoint(created);
    service.endpoint = endpoint.id;
    capos_call_release(&call);
    assert_outcome(capos_endpoint_receiver(&call, ring_of(by), endpoint, &received), CAPOS_DONE);
    service.receiver = capos_endpoint_receiver_results_receiver(received).id;
    capos_call_release(&call);
    struct capos_endpoint_facet_params_builder params =
        capos_endpoint_facet_begin(&call, ring_of(by), endpoint);
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
    struct capos_session session = start();
    struct service service = serve(&world.caller, world_grant("endpoints"), CAPOS_SCOPE_ANY);
    const struct wish wish = {"facet", bound(session, service.facet)};
    struct capos_sqe recv = plain_recv(&world.init, service.receiver);
    struct member member;

    spawn(session, &wish, 1, &member);
    take_call(&world.init, service.receiver, &member.actor, grant_of(&member.actor, "facet"));
    uint64_t token = message_of(&world.init)->token;
    end(session);
    ck_assert_int_gt(actor_do(&world.init, &recv).result, 0);
    ck_assert_uint_eq(message_of(&world.init)->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(message_of(&world.init)->token, token);
    const struct capos_sqe answer = {.opcode = CAPOS_OP_RETURN, .cap = token, .user_data = 3};
    ck_assert_int_eq(actor_do(&world.init, &answer).result, -CAPOS_STATUS_CANCELLED);
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
}
END_TEST

// One outside it has called through what belongs to it: a server that stays, and one that ends.
START_TEST(calls_into_it_end) {
    struct capos_session session = start();
    struct service service = serve(&world.caller, world_grant("endpoints"), CAPOS_SCOPE_ANY);
    uint64_t copy = bound(session, service.facet), sent;
    struct capos_sqe calls = plain_call(&world.init, copy);
    struct member member, client;

    calls.user_data = 1; // world.caller takes its completion for that of a call of its own
    actor_submit(&world.init, &calls); // nobody receives
    end(session);
    ck_assert_int_eq(world.caller.calls[1].cqe.result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&world.init, service.facet), CAPOS_STATUS_OK);

    session = start();
    spawn(session, NULL, 0, &member);
    service = serve(&member.caller, grant_of(&member.actor, "endpoints"), CAPOS_SCOPE_ANY);
    struct captable_view view;
    ck_assert_int_eq(captable_lookup(&member.actor.process->table, service.facet, &view),
                     CAPOS_STATUS_OK);
    spawn((struct capos_session){0}, NULL, 0, &client);
    object_get(view.object);
    sent = actor_grant(&client.actor, view.object, INTERFACE, CAPOS_SCOPE_ANY);
    take_call(&member.actor, service.receiver, &client.actor, sent);
    end(session);
    assert_completion(&client.actor, -CAPOS_STATUS_DISCONNECTED);
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    actor_destroy(&client.actor);
}
END_TEST

// Facets of the scope `session`: a root facet belongs to the session of whoever makes it, a minted
// one to that of whoever gets it.
START_TEST(facets_belong_to_it) {
    struct capos_session session = start();
    struct service inside,
        service = serve(&world.caller, world_grant("endpoints"), CAPOS_SCOPE_ANY);
    const struct wish wish = {"facet", service.facet};
    struct member member;

    spawn(session, &wish, 1, &member);
    inside = serve(&member.caller, grant_of(&member.actor, "endpoints"), CAPOS_SCOPE_SESSION);
    struct captable_view view;
    ck_assert_int_eq(captable_lookup(&member.actor.process->table, inside.facet, &view),
                     CAPOS_STATUS_OK);
    ck_assert_ptr_eq(session_of(view.revoker), member.actor.process->session_object);
    // Init mints one for the member, with its answer.
    struct capos_sqe calls = plain_call(&member.actor, grant_of(&member.actor, "facet"));
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
    end_begin(session);
    ck_assert_int_ne(actor_holds(&member.actor, inside.facet), CAPOS_STATUS_OK);
    end_wait();
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
}
END_TEST

// A member has started a session itself; four deep is the end of it.
START_TEST(sessions_nest_four_deep) {
    struct capos_session session[CAPOS_SESSIONS_DEEP] = {start()}, none;
    struct member member[CAPOS_SESSIONS_DEEP];
    struct captable_view view;

    for (unsigned i = 0; i < CAPOS_SESSIONS_DEEP; i++) {
        spawn(session[i], NULL, 0, &member[i]);
        if (i + 1 == CAPOS_SESSIONS_DEEP)
            break;
        struct capos_session made;
        assert_outcome(try_start(&member[i].caller, grant_of(&member[i].actor, "sessions"), &made),
                       CAPOS_DONE);
        ck_assert_int_eq(captable_lookup(&member[i].actor.process->table, made.id, &view),
                         CAPOS_STATUS_OK);
        object_get(view.object);
        session[i + 1].id =
            actor_grant(&world.init, view.object, CAPOS_SESSION_INTERFACE_ID, CAPOS_SCOPE_ANY);
    }
    struct actor *deepest = &member[CAPOS_SESSIONS_DEEP - 1].actor;
    assert_outcome(
        try_start(&member[CAPOS_SESSIONS_DEEP - 1].caller, grant_of(deepest, "sessions"), &none),
        CAPOS_FAILED);
    uint64_t copy = bound(session[3], world_grant("timer"));
    host_audit(world.host);
    end_begin(session[1]);
    ck_assert_int_eq(actor_holds(&world.init, copy), CAPOS_STATUS_DISCONNECTED);
    end_wait();
    for (unsigned i = 1; i < CAPOS_SESSIONS_DEEP; i++) {
        assert_info(session[i], 0, true);
        assert_ended(&member[i], CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    }
    assert_info(session[0], 1, false);
    end(session[3]); // at once
    actor_destroy(&member[0].actor);
}
END_TEST

START_TEST(a_member_ends_its_own) {
    struct capos_session session = start();
    const struct wish wish = {"session", session.id};
    struct member member, other;
    uint64_t result;

    spawn(session, &wish, 1, &member);
    spawn(session, NULL, 0, &other);
    struct capos_sqe sqe = plain_call(&member.actor, grant_of(&member.actor, "session"));
    sqe.interface = CAPOS_SESSION_INTERFACE_ID;
    sqe.method = CAPOS_SESSION_END_METHOD;
    sqe.params_bytes = 0;
    *ring_user_next(&member.actor.ring) = sqe;
    (void)actor_enter(&member.actor, 1, 0, 0, &result); // it does not come back
    end(session);
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    assert_ended(&other, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
}
END_TEST

// Whoever could end it is gone: it lasts as long as a process of it, and gives all back.
START_TEST(nobody_can_end_it_any_more) {
    struct capos_session session = start();
    struct member member;

    spawn(session, NULL, 0, &member);
    ck_assert_int_eq(release(session.id), 0);
    ck_assert_ptr_nonnull(member.actor.process->session_object);
    host_audit(world.host);
    actor_destroy(&member.actor);
    host_settle(world.host);
    ck_assert(list_is_empty(&world.host->kernel.revokers));
}
END_TEST

// One and all that it had: the kernel is as it was before it.
START_TEST(all_is_as_before) {
    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);

    struct capos_session session = start();
    const struct wish wish = {"timer", bound(session, world_grant("timer"))};
    struct member member, other;

    spawn(session, &wish, 1, &member);
    spawn(session, NULL, 0, &other);
    end(session);
    assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    assert_ended(&other, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    ck_assert_int_eq(release(wish.cap), 0);
    ck_assert_int_eq(release(member.handle.id), 0);
    ck_assert_int_eq(release(other.handle.id), 0);
    ck_assert_int_eq(release(session.id), 0);
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
}
END_TEST

// Each call is failed at each point before it is made (tests/host/caller.h).
START_TEST(failures_leave_no_trace) {
    uint64_t before = world.caller.points;
    struct capos_session session = start();
    struct member member;

    ck_assert_uint_gt(world.caller.points, before);
    before = world.caller.points;
    spawn(session, NULL, 0, &member);
    ck_assert_uint_gt(world.caller.points, before + 10);
    actor_destroy(&member.actor);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sessions");
    TCase *tcase = tcase_create("methods");

    tcase_add_checked_fixture(tcase, setup, world_teardown);
    tcase_add_test(tcase, a_child_is_of_its_spawners_session);
    tcase_add_test(tcase, what_is_bound_ends_with_it_and_the_original_stays);
    tcase_add_test(tcase, what_is_bound_stays_in_it);
    tcase_add_test(tcase, what_can_not_be_bound);
    tcase_add_test(tcase, views_and_mappings_go_with_it);
    tcase_add_test(tcase, calls_out_of_it_end);
    tcase_add_test(tcase, calls_into_it_end);
    tcase_add_test(tcase, facets_belong_to_it);
    tcase_add_test(tcase, sessions_nest_four_deep);
    tcase_add_test(tcase, a_member_ends_its_own);
    tcase_add_test(tcase, nobody_can_end_it_any_more);
    tcase_add_test(tcase, all_is_as_before);
    tcase_add_test(tcase, failures_leave_no_trace);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
