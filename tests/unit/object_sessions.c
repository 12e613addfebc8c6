// SPDX-License-Identifier: MIT
//
// Sessions and their members as tests play them; see object_sessions.h.
#include "tests/unit/object_sessions.h"

#include "core/process.h"
#include "schemas/boot.capos.h"

#include <check.h>
#include <string.h>

static struct capos_call call;
static uint64_t binary; // the CapId of a program that can be spawned

void sessions_setup(void) {
    struct capos_boot_package_binary_results results;

    world_setup();
    struct capos_boot_package package = {world_grant("bootPackage")};
    capos_boot_package_binary_params_set_name(
        capos_boot_package_binary_begin(&call, world_ring(), package), capos_text_of("other"));
    assert_outcome(capos_boot_package_binary_call(&call, &results), CAPOS_DONE);
    binary = capos_boot_package_binary_results_object(results).id;
    capos_call_release(&call);
}

int sessions_try_start(struct caller *by, uint64_t authority, struct capos_session *session) {
    struct capos_session_authority_start_results results;
    int outcome = capos_session_authority_start(
        &call, &by->transport, (struct capos_session_authority){authority}, &results);

    if (outcome == CAPOS_DONE)
        *session = capos_session_authority_start_results_session(results);
    capos_call_release(&call);
    return outcome;
}

struct capos_session sessions_start(void) {
    struct capos_session session = {0};

    assert_outcome(sessions_try_start(&world.caller, world_grant("sessions"), &session),
                   CAPOS_DONE);
    return session;
}

static void set_limits(struct capos_resource_limits_builder limits) {
    capos_resource_limits_set_endpoints(limits, 2);
    capos_resource_limits_set_facets(limits, 4);
    capos_resource_limits_set_calls_held(limits, 4);
}

static void set_grants(struct capos_process_spawner_spawn_params_builder params,
                       const struct wish *wishes, uint32_t count) {
    const struct wish always[] = {{"endpoints", world_grant("endpoints")},
                                  {"sessions", world_grant("sessions")},
                                  {"spawner", world_grant("spawner")},
                                  {"binary", binary}};
    const uint32_t first = sizeof always / sizeof always[0];
    struct capos_spawn_grant_list_builder grants =
        capos_process_spawner_spawn_params_init_grants(params, first + count);

    for (uint32_t i = 0; i < first + count; i++) {
        struct capos_spawn_grant_builder grant = capos_spawn_grant_list_builder_at(grants, i);
        const struct wish *wish = i < first ? &always[i] : &wishes[i - first];

        capos_spawn_grant_set_name(grant, capos_text_of(wish->name));
        capos_spawn_grant_set_capability(grant, (struct capos_capability){wish->cap});
    }
}

int sessions_try_spawn(struct capos_session session, const struct wish *wishes, uint32_t count,
                       struct capos_process_handle *handle) {
    struct capos_process_spawner spawner = {world_grant("spawner")};
    struct capos_process_spawner_spawn_results results;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, world_ring(), spawner);

    capos_process_spawner_spawn_params_set_binary(params, (struct capos_memory_object){binary});
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("member"));
    if (session.id != 0)
        capos_process_spawner_spawn_params_set_session(params, session);
    set_limits(capos_process_spawner_spawn_params_init_limits(params));
    set_grants(params, wishes, count);
    int outcome = capos_process_spawner_spawn_call(&call, &results);
    if (outcome == CAPOS_DONE)
        *handle = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    return outcome;
}

void sessions_spawn(struct capos_session session, const struct wish *wishes, uint32_t count,
                    struct member *member) {
    assert_outcome(sessions_try_spawn(session, wishes, count, &member->handle), CAPOS_DONE);
    member->actor = world_newest();
    caller_init(&member->caller, &member->actor);
    member->caller.plain = true;
}

uint64_t sessions_grant(const struct actor *actor, const char *name) {
    uint64_t cap = world_grant_of(actor->thread, name);

    ck_assert_msg(cap != 0, "no %s", name);
    return cap;
}

int sessions_try_bind(struct capos_session session, uint64_t cap, uint64_t *copy) {
    struct capos_session_bind_results results;

    capos_session_bind_params_set_capability(capos_session_bind_begin(&call, world_ring(), session),
                                             (struct capos_capability){cap});
    int outcome = capos_session_bind_call(&call, &results);
    *copy = outcome == CAPOS_DONE ? capos_session_bind_results_copy(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

uint64_t sessions_bind(struct capos_session session, uint64_t cap) {
    uint64_t copy;

    assert_outcome(sessions_try_bind(session, cap, &copy), CAPOS_DONE);
    return copy;
}

void sessions_assert_info(struct capos_session session, uint32_t processes, bool ended) {
    struct capos_session_info_results results;

    assert_outcome(capos_session_info(&call, world_ring(), session, &results), CAPOS_DONE);
    ck_assert_uint_eq(capos_session_info_results_processes(results), processes);
    ck_assert_int_eq(capos_session_info_results_ended(results), ended);
    capos_call_release(&call);
}

void sessions_end_begin(struct capos_session session) {
    capos_session_end_begin(&call, world_ring(), session);
    assert_outcome(capos_session_end_send(&call), CAPOS_DONE);
}

void sessions_end_wait(void) {
    struct capos_session_end_results results;

    host_settle_deaths(world.host);
    assert_outcome(capos_session_end_wait(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
    host_audit(world.host);
}

void sessions_end(struct capos_session session) {
    sessions_end_begin(session);
    sessions_end_wait();
}

void sessions_assert_ended(struct member *member, enum capos_process_end_which how) {
    struct capos_process_handle_wait_results results;

    ck_assert_int_eq(member->actor.process->state, PROCESS_ENDED);
    assert_outcome(capos_process_handle_wait(&call, world_ring(), member->handle, &results),
                   CAPOS_DONE);
    ck_assert_int_eq(capos_process_end_which(capos_process_handle_wait_results_end(results)), how);
    capos_call_release(&call);
    actor_destroy(&member->actor);
}
