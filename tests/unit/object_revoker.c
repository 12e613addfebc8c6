// SPDX-License-Identifier: MIT
//
// RevokerFactory and Revoker as a process calls them: what make and revoke answer and refuse, that
// the copy is like the original, that views and mappings go with it, and that nothing is left.
#include "core/audit.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/process.h"
#include "schemas/endpoint.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"
#include "tests/unit/object_world_memory.h"

enum { PAGE = FRAME_SIZE };

static struct capos_call call;

static struct revocable make(uint64_t cap) {
    struct revocable made = {0};

    assert_outcome(world_make_revocable(cap, &made), CAPOS_DONE);
    ck_assert_uint_ne(made.copy, 0);
    ck_assert_uint_ne(made.copy, cap);
    ck_assert_uint_ne(made.revoker.id, 0);
    return made;
}

static void revoke(struct capos_revoker revoker) {
    struct capos_revoker_revoke_results results;

    capos_revoker_revoke_begin(&call, world_ring(), revoker);
    ck_assert_int_eq(capos_revoker_revoke_send(&call), CAPOS_DONE);
    ck_assert(!caller_answered(&world.caller, &call));
    host_settle(world.host);
    ck_assert(caller_answered(&world.caller, &call));
    assert_outcome(capos_revoker_revoke_wait(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
}

static int info(struct capos_memory_object object) {
    struct capos_memory_object_info_results results;
    int outcome = capos_memory_object_info(&call, world_ring(), object, &results);

    capos_call_release(&call);
    return outcome;
}

static int map(struct capos_memory_object object, uint64_t pages, uint64_t *at) {
    return world_map(object, 0, pages * PAGE, CAPOS_PROTECTION_READ, at);
}

START_TEST(views_and_mappings_go_with_the_copy) {
    struct capos_memory_object memory = world_memory(2), copy, constant, part, part_of_part;
    struct revocable made = make(memory.id);
    struct capos_revoker_revoke_results results;
    uint64_t at, constant_at, own_at;

    copy.id = made.copy;
    constant = world_read_only(copy);
    assert_outcome(world_slice(copy, 0, PAGE, &part), CAPOS_DONE);
    part_of_part = world_read_only(part);
    assert_outcome(map(copy, 2, &at), CAPOS_DONE);
    assert_outcome(map(constant, 2, &constant_at), CAPOS_DONE);
    assert_outcome(map(memory, 1, &own_at), CAPOS_DONE);
    host_audit(world.host);
    revoke(made.revoker);
    assert_outcome(info(copy), -CAPOS_STATUS_DISCONNECTED);
    assert_outcome(info(constant), -CAPOS_STATUS_DISCONNECTED);
    assert_outcome(info(part), -CAPOS_STATUS_DISCONNECTED);
    assert_outcome(info(part_of_part), -CAPOS_STATUS_DISCONNECTED);
    assert_outcome(info(memory), CAPOS_DONE);
    ck_assert(!world_is_mapped(at));
    ck_assert(!world_is_mapped(constant_at));
    ck_assert(world_is_mapped(own_at));
    assert_outcome(map(copy, 1, &at), CAPOS_DISCONNECTED);
    // Again: it is answered at once.
    assert_outcome(capos_revoker_revoke(&call, world_ring(), made.revoker, &results), CAPOS_DONE);
    capos_call_release(&call);
    ck_assert_int_eq(world_release(copy.id), 0);
    ck_assert_int_eq(world_release(constant.id), 0);
}
END_TEST

START_TEST(what_is_refused) {
    struct revocable made[5], none = {0};
    uint64_t cap = world_memory(1).id, before;

    assert_outcome(world_make_revocable(cap + 1, &none), CAPOS_INVALID_ARGUMENT);
    world.caller.room = 1;
    assert_outcome(world_make_revocable(cap, &none), CAPOS_INVALID_ARGUMENT);
    world.caller.room = CAPOS_TRANSFER_MAX;
    for (unsigned i = 0; i < CAPOS_REVOKERS_DEEP; i++) {
        made[i] = make(cap);
        cap = made[i].copy;
    }
    host_settle(world.host);
    before = audit_digest(world.cpu);
    assert_outcome(world_make_revocable(cap, &none), CAPOS_FAILED);
    ck_assert_str_eq(world.caller.reason, "revocable copies nest four deep");
    host_settle(world.host); // the table may have grown
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    revoke(made[1].revoker);
    before = audit_digest(world.cpu);
    assert_outcome(world_make_revocable(made[1].copy, &none), CAPOS_DISCONNECTED);
    assert_outcome(world_make_revocable(cap, &none), CAPOS_DISCONNECTED);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    assert_outcome(info((struct capos_memory_object){made[0].copy}), CAPOS_DONE);
    // A Revoker can be revoked like anything.
    struct revocable over = make(made[0].revoker.id);
    revoke(over.revoker);
    struct capos_revoker_revoke_results results;
    assert_outcome(
        capos_revoker_revoke(&call, world_ring(), (struct capos_revoker){over.copy}, &results),
        -CAPOS_STATUS_DISCONNECTED);
    capos_call_release(&call);
    assert_outcome(info((struct capos_memory_object){made[0].copy}), CAPOS_DONE);
}
END_TEST

// Receivers can't be copied, so there are no revocable copies of them. What a revoked Endpoint has
// made stays.
START_TEST(endpoints) {
    struct capos_endpoint_factory factory = {world_grant("endpoints")};
    struct capos_endpoint_factory_create_results created;
    struct capos_endpoint_receiver_results receiving;
    struct capos_endpoint_facet_results facets;
    struct revocable made, none;

    assert_outcome(capos_endpoint_factory_create(&call, world_ring(), factory, &created),
                   CAPOS_DONE);
    struct capos_endpoint endpoint = capos_endpoint_factory_create_results_endpoint(created);
    capos_call_release(&call);
    made = make(endpoint.id);
    endpoint.id = made.copy;
    assert_outcome(capos_endpoint_receiver(&call, world_ring(), endpoint, &receiving), CAPOS_DONE);
    uint64_t receiver = capos_endpoint_receiver_results_receiver(receiving).id;
    capos_call_release(&call);
    assert_outcome(world_make_revocable(receiver, &none), CAPOS_INVALID_ARGUMENT);
    struct capos_endpoint_facet_params_builder params =
        capos_endpoint_facet_begin(&call, world_ring(), endpoint);
    capos_endpoint_facet_params_set_interface(params, 5);
    capos_endpoint_facet_params_set_scope(params, CAPOS_FACET_SCOPE_SESSION);
    assert_outcome(capos_endpoint_facet_call(&call, &facets), CAPOS_DONE);
    uint64_t facet = capos_endpoint_facet_results_facet(facets).id;
    capos_call_release(&call);
    revoke(made.revoker);
    ck_assert_int_eq(actor_holds(&world.init, facet), CAPOS_STATUS_OK);
    ck_assert_int_eq(actor_holds(&world.init, receiver), CAPOS_STATUS_OK);
    // A copy has the scope of what it is a copy of.
    struct captable_view view;
    made = make(facet);
    ck_assert_int_eq(captable_lookup(&world.init.process->table, made.copy, &view),
                     CAPOS_STATUS_OK);
    ck_assert_uint_eq(view.scope, CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(view.interface, 5);
}
END_TEST

// Who waits may be killed; who comes later is answered too.
START_TEST(those_who_wait) {
    struct revocable made = make(world_memory(1).id);
    struct capos_revoker_revoke_results results;
    struct capos_call second;

    capos_revoker_revoke_begin(&call, world_ring(), made.revoker);
    ck_assert_int_eq(capos_revoker_revoke_send(&call), CAPOS_DONE);
    capos_revoker_revoke_begin(&second, world_ring(), made.revoker);
    ck_assert_int_eq(capos_revoker_revoke_send(&second), CAPOS_DONE);
    host_settle(world.host);
    ck_assert(caller_answered(&world.caller, &call));
    ck_assert(caller_answered(&world.caller, &second));
    assert_outcome(capos_revoker_revoke_wait(&call, &results), CAPOS_DONE);
    assert_outcome(capos_revoker_revoke_wait(&second, &results), CAPOS_DONE);
    capos_call_release(&call);
    capos_call_release(&second);
    made = make(world_memory(1).id);
    capos_revoker_revoke_begin(&call, world_ring(), made.revoker);
    ck_assert_int_eq(capos_revoker_revoke_send(&call), CAPOS_DONE);
    // The world ends with it under way.
}
END_TEST

// Each call is failed at each point before it is made (tests/host/caller.h).
START_TEST(failures_leave_no_trace) {
    struct capos_memory_object memory = world_memory(1);
    uint64_t before = world.caller.points;

    (void)make(memory.id);
    ck_assert_uint_gt(world.caller.points, before + 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("revokers");
    TCase *tcase = tcase_create("methods");

    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, views_and_mappings_go_with_the_copy);
    tcase_add_test(tcase, what_is_refused);
    tcase_add_test(tcase, endpoints);
    tcase_add_test(tcase, those_who_wait);
    tcase_add_test(tcase, failures_leave_no_trace);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
