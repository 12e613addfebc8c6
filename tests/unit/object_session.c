// SPDX-License-Identifier: MIT
//
// SessionAuthority and Session as processes call them: who belongs to a session, what stays in it
// and ends with it, and that nothing is left. object_session_calls.c has calls that are under way.
#include "core/audit.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/process.h"
#include "core/session.h"
#include "schemas/time.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_sessions.h"
#include "tests/unit/object_world_memory.h"

enum { PAGE = FRAME_SIZE };

static struct capos_call call;

static int now(struct caller *by, uint64_t timer) {
    struct capos_timer_now_results results;
    int outcome = capos_timer_now(&call, &by->transport, (struct capos_timer){timer}, &results);

    capos_call_release(&call);
    return outcome;
}

static unsigned scope_of(const struct actor *actor, uint64_t cap) {
    struct captable_view view;

    ck_assert_int_eq(captable_lookup(&actor->process->table, cap, &view), CAPOS_STATUS_OK);
    return view.scope;
}

START_TEST(a_child_is_of_its_spawners_session) {
    struct capos_session session = sessions_start();
    struct member child, member;
    struct capos_process_handle grandchild;

    sessions_spawn((struct capos_session){0}, NULL, 0, &child);
    ck_assert_uint_eq(child.actor.process->session.id, world.init.process->session.id);
    sessions_assert_info(session, 0, false);
    sessions_spawn(session, NULL, 0, &member);
    ck_assert_uint_ne(member.actor.process->session.id, world.init.process->session.id);
    sessions_assert_info(session, 1, false);
    // The member's child is one too.
    struct capos_process_spawner spawner = {sessions_grant(&member.actor, "spawner")};
    struct capos_process_spawner_spawn_results results;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, &member.caller.transport, spawner);
    struct capos_memory_object object = {sessions_grant(&member.actor, "binary")};
    capos_process_spawner_spawn_params_set_binary(params, object);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("grandchild"));
    assert_outcome(capos_process_spawner_spawn_call(&call, &results), CAPOS_DONE);
    grandchild = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    (void)grandchild;
    struct actor last = world_newest();
    ck_assert_uint_eq(last.process->session.id, member.actor.process->session.id);
    sessions_assert_info(session, 2, false);
    host_audit(world.host);
    actor_destroy(&last);
    sessions_assert_info(session, 1, false);
    actor_destroy(&member.actor);
    actor_destroy(&child.actor);
    sessions_assert_info(session, 0, false);
}
END_TEST

START_TEST(what_is_bound_ends_with_it_and_the_original_stays) {
    struct capos_session session = sessions_start();
    uint64_t timer = world_grant("timer"), copy = sessions_bind(session, timer), other;
    struct member member, late;
    const struct wish wish = {"timer", copy};
    uint64_t ledger_before;

    sessions_spawn(session, &wish, 1, &member);
    uint64_t given = sessions_grant(&member.actor, "timer");
    assert_outcome(now(&member.caller, given), CAPOS_DONE);
    assert_outcome(now(&world.caller, copy), CAPOS_DONE);
    ledger_before = ledger_available(member.actor.process->ledger->lender, LEDGER_FRAMES);
    host_audit(world.host);
    sessions_end_begin(session);
    ck_assert_int_eq(actor_holds(&world.init, copy), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_ne(actor_holds(&member.actor, given), CAPOS_STATUS_OK);
    sessions_end_wait();
    ck_assert_uint_gt(ledger_available(world.init.process->ledger, LEDGER_FRAMES), ledger_before);
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    sessions_assert_info(session, 0, true);
    assert_outcome(now(&world.caller, copy), -CAPOS_STATUS_DISCONNECTED);
    assert_outcome(now(&world.caller, timer), CAPOS_DONE);
    // Nothing can be added to it, and it ends but once.
    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);
    assert_outcome(sessions_try_bind(session, timer, &other), CAPOS_DISCONNECTED);
    assert_outcome(sessions_try_spawn(session, NULL, 0, &late.handle), CAPOS_DISCONNECTED);
    assert_outcome(sessions_try_spawn((struct capos_session){0}, &wish, 1, &late.handle),
                   CAPOS_DISCONNECTED);
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    struct capos_session_end_results results;
    assert_outcome(capos_session_end(&call, world_ring(), session, &results), CAPOS_DONE);
    capos_call_release(&call);
}
END_TEST

START_TEST(what_is_bound_stays_in_it) {
    struct capos_session session = sessions_start(), stranger = sessions_start();
    uint64_t copy = sessions_bind(session, world_grant("timer"));
    struct revocable revocable;
    struct wish wish = {"timer", copy};
    struct capos_process_handle none;
    struct member member;

    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);
    assert_outcome(sessions_try_spawn((struct capos_session){0}, &wish, 1, &none),
                   CAPOS_INVALID_ARGUMENT);
    ck_assert_str_eq(world.caller.reason, "a capability may not be passed to that process");
    assert_outcome(sessions_try_spawn(stranger, &wish, 1, &none), CAPOS_INVALID_ARGUMENT);
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    // A revocable copy of it is no way out either, and ends with it.
    assert_outcome(world_make_revocable(copy, &revocable), CAPOS_DONE);
    wish.cap = revocable.copy;
    assert_outcome(sessions_try_spawn(stranger, &wish, 1, &none), CAPOS_INVALID_ARGUMENT);
    sessions_spawn(session, &wish, 1, &member);
    assert_outcome(now(&member.caller, sessions_grant(&member.actor, "timer")), CAPOS_DONE);
    sessions_end(session);
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    assert_outcome(now(&world.caller, revocable.copy), -CAPOS_STATUS_DISCONNECTED);
    sessions_end(stranger);
}
END_TEST

START_TEST(what_can_not_be_bound) {
    struct capos_session session = sessions_start();
    uint64_t timer = world_grant("timer"), copy = sessions_bind(session, timer), none;
    struct revocable revocable;

    host_settle(world.host);
    uint64_t before = audit_digest(world.cpu);
    assert_outcome(sessions_try_bind(session, copy, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(sessions_try_bind(session, copy + 1000, &none), CAPOS_INVALID_ARGUMENT);
    world.caller.room = 0;
    assert_outcome(sessions_try_bind(session, timer, &none), CAPOS_INVALID_ARGUMENT);
    world.caller.room = CAPOS_TRANSFER_MAX;
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
    assert_outcome(world_make_revocable(timer, &revocable), CAPOS_DONE);
    assert_outcome(sessions_try_bind(session, revocable.copy, &none), CAPOS_INVALID_ARGUMENT);
    ck_assert_str_eq(world.caller.reason, "a revocable copy can't be bound");
}
END_TEST

static uint64_t map(struct capos_memory_object object, uint64_t pages) {
    uint64_t at;

    assert_outcome(world_map(object, 0, pages * PAGE, CAPOS_PROTECTION_READ, &at), CAPOS_DONE);
    return at;
}

// Views have the scope of what they are made of, and mappings go with the session.
START_TEST(views_and_mappings_go_with_it) {
    struct capos_session session = sessions_start();
    struct capos_memory_object memory = world_memory(100), own, view, part;
    uint64_t kept, through_copy, through_part;

    own.id = sessions_bind(session, memory.id);
    view = world_read_only(own);
    assert_outcome(world_slice(view, 0, 2 * PAGE, &part), CAPOS_DONE);
    ck_assert_uint_eq(scope_of(&world.init, view.id), CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(scope_of(&world.init, part.id), CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(scope_of(&world.init, memory.id), CAPOS_SCOPE_ANY);
    kept = map(memory, 100);
    through_copy = map(own, 100);
    through_part = map(part, 1);
    host_audit(world.host);
    sessions_end(session);
    ck_assert(world_is_mapped(kept));
    ck_assert(!world_is_mapped(through_copy) && !world_is_mapped(through_copy + 99 * PAGE));
    ck_assert(!world_is_mapped(through_part));
}
END_TEST

// A member has started a session itself; four deep is the end of it.
START_TEST(sessions_nest_four_deep) {
    struct capos_session session[CAPOS_SESSIONS_DEEP] = {sessions_start()}, none;
    struct member member[CAPOS_SESSIONS_DEEP];
    struct captable_view view;

    for (unsigned i = 0; i < CAPOS_SESSIONS_DEEP; i++) {
        sessions_spawn(session[i], NULL, 0, &member[i]);
        if (i + 1 == CAPOS_SESSIONS_DEEP)
            break;
        struct capos_session made;
        assert_outcome(sessions_try_start(&member[i].caller,
                                          sessions_grant(&member[i].actor, "sessions"), &made),
                       CAPOS_DONE);
        ck_assert_int_eq(captable_lookup(&member[i].actor.process->table, made.id, &view),
                         CAPOS_STATUS_OK);
        object_get(view.object);
        session[i + 1].id =
            actor_grant(&world.init, view.object, CAPOS_SESSION_INTERFACE_ID, CAPOS_SCOPE_ANY);
    }
    struct actor *deepest = &member[CAPOS_SESSIONS_DEEP - 1].actor;
    assert_outcome(sessions_try_start(&member[CAPOS_SESSIONS_DEEP - 1].caller,
                                      sessions_grant(deepest, "sessions"), &none),
                   CAPOS_FAILED);
    uint64_t copy = sessions_bind(session[3], world_grant("timer"));
    host_audit(world.host);
    sessions_end_begin(session[1]);
    ck_assert_int_eq(actor_holds(&world.init, copy), CAPOS_STATUS_DISCONNECTED);
    sessions_end_wait();
    for (unsigned i = 1; i < CAPOS_SESSIONS_DEEP; i++) {
        sessions_assert_info(session[i], 0, true);
        sessions_assert_ended(&member[i], CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    }
    sessions_assert_info(session[0], 1, false);
    sessions_end(session[3]); // at once
    actor_destroy(&member[0].actor);
}
END_TEST

// Whoever could end it is gone: it lasts as long as a process of it, and gives all back.
START_TEST(nobody_can_end_it_any_more) {
    struct capos_session session = sessions_start();
    struct member member;

    sessions_spawn(session, NULL, 0, &member);
    ck_assert_int_eq(world_release(session.id), 0);
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

    struct capos_session session = sessions_start();
    const struct wish wish = {"timer", sessions_bind(session, world_grant("timer"))};
    struct member member, other;

    sessions_spawn(session, &wish, 1, &member);
    sessions_spawn(session, NULL, 0, &other);
    sessions_end(session);
    sessions_assert_ended(&member, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    sessions_assert_ended(&other, CAPOS_PROCESS_END_WHICH_SESSION_ENDED);
    ck_assert_int_eq(world_release(wish.cap), 0);
    ck_assert_int_eq(world_release(member.handle.id), 0);
    ck_assert_int_eq(world_release(other.handle.id), 0);
    ck_assert_int_eq(world_release(session.id), 0);
    host_settle(world.host);
    ck_assert_uint_eq(audit_digest(world.cpu), before);
}
END_TEST

// Each call is failed at each point before it is made (tests/host/caller.h).
START_TEST(failures_leave_no_trace) {
    uint64_t before = world.caller.points;
    struct capos_session session = sessions_start();
    struct member member;

    ck_assert_uint_gt(world.caller.points, before);
    before = world.caller.points;
    sessions_spawn(session, NULL, 0, &member);
    ck_assert_uint_gt(world.caller.points, before + 10);
    actor_destroy(&member.actor);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sessions");
    TCase *tcase = tcase_create("methods");

    tcase_add_checked_fixture(tcase, sessions_setup, world_teardown);
    tcase_add_test(tcase, a_child_is_of_its_spawners_session);
    tcase_add_test(tcase, what_is_bound_ends_with_it_and_the_original_stays);
    tcase_add_test(tcase, what_is_bound_stays_in_it);
    tcase_add_test(tcase, what_can_not_be_bound);
    tcase_add_test(tcase, views_and_mappings_go_with_it);
    tcase_add_test(tcase, sessions_nest_four_deep);
    tcase_add_test(tcase, nobody_can_end_it_any_more);
    tcase_add_test(tcase, all_is_as_before);
    tcase_add_test(tcase, failures_leave_no_trace);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
