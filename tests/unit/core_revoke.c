// SPDX-License-Identifier: MIT
//
// Revocation: what a dead revoker ends (calls in every state, revokers below it), what it leaves
// (the original, what was got by it), what refuses, and when it is said to be over. Nothing that
// fails leaves a trace. core_revoke_memory.c has mappings.
#include "core/audit.h"
#include "core/captable.h"
#include "core/debug.h"
#include "tests/harness.h"
#include "tests/host/thing.h"
#include "tests/unit/core_revocation.h"

#include <string.h>

static struct capos_sqe call_on(uint64_t cap) {
    struct capos_sqe call = pair_call(&pair);

    call.cap = cap;
    return call;
}

static int32_t result_of_call(uint64_t cap) {
    struct capos_sqe call = call_on(cap);

    return actor_do(&pair.client, &call).result;
}

START_TEST(the_copy_ends_and_the_original_stays) {
    struct revoker *revoker;
    uint64_t copy = revocation_copy(&pair.client, pair.facet, &revoker), result;
    struct capos_sqe call = call_on(copy), sqe;

    // It works as the original does.
    revocation_serve();
    actor_submit(&pair.client, &call);
    host_audit(pair.host);
    ck_assert_uint_eq(list_count(&revoker->uses), 1);
    actor_run(&pair.server, cpu);
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    sqe = pair_return(pair_message(&pair)->token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, 0);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_int_eq(actor_take(&pair.client).result, 24);
    ck_assert(list_is_empty(&revoker->uses));
    // Until it is dead, from the store on.
    revocation_kill(revoker);
    ck_assert_int_eq(result_of_call(copy), -CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, copy), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, pair.facet), CAPOS_STATUS_OK);
    host_settle(pair.host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
    revocation_serve();
    call = call_on(pair.facet);
    actor_submit(&pair.client, &call);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    revocation_release(&pair.client, copy);
    ck_assert_int_eq(actor_holds(&pair.client, copy), CAPOS_STATUS_REFUSED);
    revocation_drop(revoker);
}
END_TEST

START_TEST(calls_in_flight_end) {
    struct capos_sqe call, sqe;
    struct revoker *revoker;
    uint64_t copy = revocation_copy(&pair.client, pair.facet, &revoker), token, result;
    struct capos_cqe cqe;

    // One that the server holds, two that wait for it, and one that is not made through it.
    revocation_serve();
    for (uint16_t slot = 2; slot < 5; slot++) {
        call = call_on(copy);
        call.slot = slot;
        actor_submit(&pair.client, &call);
    }
    call = call_on(pair.facet);
    call.slot = 5;
    actor_submit(&pair.client, &call);
    actor_run(&pair.server, cpu);
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    token = pair_message(&pair)->token;
    ck_assert_uint_eq(list_count(&revoker->uses), 3);
    host_audit(pair.host);
    revocation_revoke(revoker);
    ck_assert(list_is_empty(&revoker->uses));
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 3; i++) {
        cqe = actor_take(&pair.client);
        ck_assert_int_eq(cqe.result, -CAPOS_STATUS_DISCONNECTED);
        ck_assert_int_le(cqe.slot, 4);
    }
    ck_assert(!actor_has_cqe(&pair.client));
    // The server is told, and its answer reaches nobody.
    sqe = pair_recv(&pair);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, sizeof(struct capos_message));
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CANCELLED);
    ck_assert_uint_eq(pair_message(&pair)->token, token);
    sqe = pair_return(token);
    ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_CANCELLED);
    sqe = pair_recv(&pair);
    ck_assert_int_gt(actor_do(&pair.server, &sqe).result, 0);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    host_audit(pair.host);
    revocation_drop(revoker);
}
END_TEST

// A kernel object holds the call, with a deadline, and the object's only capability is the copy.
START_TEST(held_calls_end) {
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.client, &thing->object, 5, CAPOS_SCOPE_ANY), copy, result;
    struct revoker *revoker;
    struct capos_sqe call;

    copy = revocation_copy(&pair.client, cap, &revoker);
    revocation_release(&pair.client, cap);
    call = call_on(copy);
    call.interface = THING_INTERFACE;
    call.method = HOLD;
    call.params_bytes = 8;
    *(uint64_t *)actor_at(&pair.client, PAIR_PARAMS) = pair.host->now + 1000;
    actor_submit(&pair.client, &call);
    ck_assert(!actor_has_cqe(&pair.client));
    ck_assert_uint_eq(list_count(&revoker->uses), 1);
    revocation_revoke(revoker);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    revocation_release(&pair.client, copy);
    host_settle(pair.host);
    ck_assert_int_eq(things, 0);
    revocation_drop(revoker);
}
END_TEST

// A call that waits for another one's answer is made through the revoker since it was accepted.
START_TEST(linked_calls_end) {
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.client, &thing->object, 5, CAPOS_SCOPE_ANY), copy, result;
    struct capos_sqe source, linked;
    struct revoker *revoker;
    struct capos_cqe cqe;

    copy = revocation_copy(&pair.client, pair.facet, &revoker);
    source = call_on(cap);
    source.interface = THING_INTERFACE;
    source.method = HOLD;
    source.params_bytes = 8;
    *(uint64_t *)actor_at(&pair.client, PAIR_PARAMS) = pair.host->now + 1000;
    actor_submit(&pair.client, &source);
    linked = call_on(copy);
    linked.slot = 3;
    linked.source = source.slot;
    linked.flags = CAPOS_SQE_LINK;
    actor_submit(&pair.client, &linked);
    linked.slot = 4;
    linked.source = 3;
    linked.cap = pair.facet;
    actor_submit(&pair.client, &linked);
    ck_assert(!actor_has_cqe(&pair.client));
    ck_assert_uint_eq(list_count(&revoker->uses), 1);
    host_audit(pair.host);
    revocation_kill(revoker);
    host_audit(pair.host);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++) {
        cqe = actor_take(&pair.client);
        ck_assert_int_eq(cqe.result,
                         cqe.slot == 3 ? -CAPOS_STATUS_DISCONNECTED : -CAPOS_STATUS_SOURCE_FAILED);
    }
    pair.host->now += 1000;
    host_settle(pair.host);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_uint_eq(actor_take(&pair.client).slot, source.slot);
    revocation_drop(revoker);
}
END_TEST

// A call on a capability of an answer to come, which turns out to be revocable.
START_TEST(pipelined_calls_end) {
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.server, &thing->object, 5, CAPOS_SCOPE_ANY), copy, result;
    struct capos_sqe call = pair_call(&pair), piped = pair_call(&pair), answer;
    struct revoker *revoker;
    struct capos_cqe cqe;

    copy = revocation_copy(&pair.server, cap, &revoker);
    call.room = 1;
    call.descriptors = PAIR_DESCRIPTORS;
    revocation_serve();
    actor_submit(&pair.client, &call);
    piped.slot = 3;
    piped.source = call.slot;
    piped.flags = CAPOS_SQE_PIPELINE;
    piped.cap = 0;
    piped.interface = THING_INTERFACE;
    piped.method = HOLD;
    piped.params_bytes = 8;
    *(uint64_t *)actor_at(&pair.client, PAIR_PARAMS) = pair.host->now + 1000;
    actor_submit(&pair.client, &piped);
    actor_run(&pair.server, cpu);
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    answer = pair_return(pair_message(&pair)->token);
    answer.sent = 1;
    answer.descriptors = PAIR_SENT;
    *(struct capos_descriptor *)actor_at(&pair.server, PAIR_SENT) =
        (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = copy};
    ck_assert_int_eq(actor_do(&pair.server, &answer).result, 0);
    ck_assert_uint_eq(list_count(&revoker->uses), 1);
    host_audit(pair.host);
    if (_i == 1) // it is held by the object, not only due to be run
        ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_uint_eq(list_count(&revoker->uses), 1);
    host_audit(pair.host);
    revocation_kill(revoker);
    ck_assert(list_is_empty(&revoker->uses));
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++) {
        cqe = actor_take(&pair.client);
        ck_assert_int_eq(cqe.result, cqe.slot == 3 ? -CAPOS_STATUS_DISCONNECTED : 24);
    }
    host_settle(pair.host);
    revocation_drop(revoker);
}
END_TEST

START_TEST(revokers_nest_four_deep) {
    struct revoker *revoker[5];
    uint64_t cap[5] = {pair.facet}, before, result;
    struct capos_sqe call;

    for (int i = 0; i < 4; i++)
        cap[i + 1] = revocation_copy(&pair.client, cap[i], &revoker[i]);
    before = audit_digest(cpu);
    ck_assert_int_eq(revocation_try_copy(&pair.client, cap[4], &revoker[4], &result),
                     CAPOS_STATUS_BUSY);
    ck_assert_uint_eq(audit_digest(cpu), before);
    for (uint16_t i = 1; i < 5; i++) {
        call = call_on(cap[i]);
        call.slot = i;
        actor_submit(&pair.client, &call);
    }
    host_audit(pair.host);
    // The third takes the fourth with it; the two above live.
    revocation_revoke(revoker[2]);
    ck_assert_int_eq(actor_holds(&pair.client, cap[4]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, cap[3]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, cap[2]), CAPOS_STATUS_OK);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert(!actor_has_cqe(&pair.client));
    // A dead one has no more copies, and can be revoked itself.
    ck_assert_int_eq(revocation_try_copy(&pair.client, cap[3], &revoker[4], &result),
                     CAPOS_STATUS_DISCONNECTED);
    revocation_revoke(revoker[3]);
    // Even when the first is, with the rest of the chain gone in between.
    revocation_release(&pair.client, cap[2]);
    revocation_release(&pair.client, cap[3]);
    for (int i = 1; i < 4; i++)
        revocation_drop(revoker[i]);
    revocation_revoke(revoker[0]);
    ck_assert_int_eq(actor_holds(&pair.client, cap[1]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, cap[4]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, pair.facet), CAPOS_STATUS_OK);
    host_audit(pair.host);
    revocation_drop(revoker[0]);
}
END_TEST

// The revokers below meet while they are swept from two sides.
START_TEST(a_chain_is_revoked_from_both_ends) {
    struct revoker *revoker[4];
    uint64_t cap[5] = {pair.facet}, result;
    struct capos_sqe call;

    for (int i = 0; i < 4; i++)
        cap[i + 1] = revocation_copy(&pair.client, cap[i], &revoker[i]);
    for (uint16_t i = 1; i < 16; i++) {
        call = call_on(cap[1 + i % 4]);
        call.slot = i;
        actor_submit(&pair.client, &call);
    }
    revocation_kill(revoker[3]);
    revocation_kill(revoker[0]);
    revocation_kill(revoker[2]);
    host_settle(pair.host);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 1; i < 16; i++)
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(revoker[0]->state, REVOKER_OVER);
    ck_assert_int_eq(revoker[2]->state, REVOKER_OVER);
    ck_assert_int_eq(revoker[3]->state, REVOKER_OVER);
    ck_assert_int_eq(revoker[1]->state, REVOKER_ALIVE);
    ck_assert(revoker[1]->dead);
    for (int i = 0; i < 4; i++)
        revocation_drop(revoker[i]);
}
END_TEST

// Copies that are passed on carry the revoker; dead ones can't be passed on, either way.
START_TEST(copies_carry_it_and_dead_ones_stay) {
    struct capos_descriptor *sent = actor_at(&pair.client, PAIR_DESCRIPTORS);
    struct capos_descriptor *got = actor_at(&pair.server, PAIR_RECEIVED);
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.client, &thing->object, 5, CAPOS_SCOPE_ANY), copy, before;
    struct capos_sqe call = pair_call(&pair), answer;
    struct revoker *revoker;
    uint64_t result;

    copy = revocation_copy(&pair.client, cap, &revoker);
    call.sent = 2;
    call.descriptors = PAIR_DESCRIPTORS;
    sent[0] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = copy};
    sent[1] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = copy};
    revocation_serve();
    actor_submit(&pair.client, &call);
    actor_run(&pair.server, cpu);
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    ck_assert_int_eq(actor_holds(&pair.server, got[0].cap), CAPOS_STATUS_OK);
    host_audit(pair.host);
    revocation_revoke(revoker);
    ck_assert_int_eq(actor_holds(&pair.server, got[0].cap), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.server, got[1].cap), CAPOS_STATUS_DISCONNECTED);
    // With an answer: the token stays, nothing is changed.
    answer = pair_return(pair_message(&pair)->token);
    answer.sent = 1;
    answer.descriptors = PAIR_SENT;
    *(struct capos_descriptor *)actor_at(&pair.server, PAIR_SENT) =
        (struct capos_descriptor){.kind = CAPOS_TRANSFER_MOVE, .cap = got[0].cap};
    before = audit_digest(cpu);
    ck_assert_int_eq(actor_do(&pair.server, &answer).result, -CAPOS_STATUS_NO_ROOM);
    ck_assert_uint_eq(audit_digest(cpu), before);
    answer.sent = 0;
    ck_assert_int_eq(actor_do(&pair.server, &answer).result, 0);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    actor_take(&pair.client);
    // With a call.
    for (uint8_t kind = CAPOS_TRANSFER_COPY; kind <= CAPOS_TRANSFER_MOVE; kind++) {
        sent[0].kind = kind;
        call.sent = 1;
        revocation_serve();
        before = audit_digest(cpu);
        ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_DISCONNECTED);
        ck_assert_uint_eq(audit_digest(cpu), before);
        host_settle(pair.host);
        actor_submit(&pair.client, &(struct capos_sqe){.opcode = CAPOS_OP_NOP, .user_data = 5});
        actor_take(&pair.client);
        ck_assert(pair.server.thread->state == THREAD_WAITING);
        pair.host->now += 1;
        call.sent = 0;
        actor_submit(&pair.client, &call);
        actor_run(&pair.server, cpu);
        ck_assert_int_gt(actor_take(&pair.server).result, 0);
        answer = pair_return(pair_message(&pair)->token);
        ck_assert_int_eq(actor_do(&pair.server, &answer).result, 0);
        ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
        actor_take(&pair.client);
    }
    revocation_drop(revoker);
}
END_TEST

// It is over only when every CPU has been outside the kernel.
START_TEST(it_waits_for_every_cpu) {
    struct host *host = host_create(2);
    struct actor actor = actor_create(host, "client", 1);
    struct cpu *other = &host->cpus[1];
    struct revoker *revoker;
    struct thing *thing;

    cpu = &host->cpus[0];
    thing = thing_create(cpu, &host->kernel.root);
    revocation_copy(&actor, actor_grant(&actor, &thing->object, 5, CAPOS_SCOPE_ANY), &revoker);
    kernel_enter(other);
    revocation_kill(revoker);
    for (int i = 0; i < 20; i++) {
        kernel_enter(cpu);
        work_step(cpu);
        kernel_leave(cpu);
    }
    ck_assert_int_eq(revoker->state, REVOKER_WAITING);
    kernel_leave(other);
    host_settle(host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
    revocation_drop(revoker);
    actor_destroy(&actor);
    host_destroy(host);
    cpu = &pair.host->cpus[0];
}
END_TEST

// A revoker that nobody has left, and one whose copy's holder ends with a call under way.
START_TEST(dropping_revokes_nothing) {
    struct revoker *revoker, *other;
    uint64_t copy = revocation_copy(&pair.client, pair.facet, &revoker);
    struct capos_sqe call = call_on(copy);

    revocation_copy(&pair.client, pair.facet, &other);
    revocation_drop(revoker);
    revocation_serve();
    actor_submit(&pair.client, &call);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    host_audit(pair.host);
    revocation_drop(other);
    // The holder ends with the test, its call under way.
}
END_TEST

START_TEST(making_one_fails_cleanly) {
    struct revoker *revoker, *parent;
    uint64_t cap = revocation_copy(&pair.client, pair.facet, &parent);
    uint64_t copy = revocation_copy(&pair.client, cap, &revoker), before;
    unsigned n;

    revocation_drop(revoker);
    revocation_release(&pair.client, copy);
    host_settle(pair.host);
    before = audit_digest(cpu);
    for (n = 1;; n++) {
        debug_fail_nth(&pair.host->kernel, n);
        kernel_enter(cpu);
        enum capos_status status =
            revoker_create(cpu, &revocation_type, pair.client.process->ledger, parent,
                           revocation_count_answer, &revoker);
        object_close_pending(cpu);
        kernel_leave(cpu);
        debug_fail_nth(&pair.host->kernel, 0);
        if (status == CAPOS_STATUS_OK)
            break;
        ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
        ck_assert_uint_eq(audit_digest(cpu), before);
    }
    ck_assert_uint_gt(n, 1);
    revocation_drop(revoker);
    host_settle(pair.host);
    ck_assert_uint_eq(audit_digest(cpu), before);
    revocation_drop(parent);
}
END_TEST

START_TEST(calls_through_one_fail_cleanly) {
    struct revoker *parent;
    uint64_t cap = revocation_copy(&pair.client, pair.facet, &parent), before, result;
    struct capos_sqe call;
    unsigned n;

    host_settle(pair.host);
    before = audit_digest(cpu);
    for (n = 1;; n++) {
        call = call_on(cap);
        debug_fail_nth(&pair.host->kernel, n);
        actor_submit(&pair.client, &call);
        debug_fail_nth(&pair.host->kernel, 0);
        if (!actor_has_cqe(&pair.client))
            break;
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_OVERLOADED);
        ck_assert_uint_eq(audit_digest(cpu), before);
    }
    ck_assert_uint_gt(n, 1);
    revocation_revoke(parent);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    actor_take(&pair.client);
    revocation_drop(parent);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: revocation");
    TCase *tcase = tcase_create("revoke");

    tcase_add_checked_fixture(tcase, revocation_setup, revocation_teardown);
    tcase_add_test(tcase, the_copy_ends_and_the_original_stays);
    tcase_add_test(tcase, calls_in_flight_end);
    tcase_add_test(tcase, held_calls_end);
    tcase_add_test(tcase, linked_calls_end);
    tcase_add_loop_test(tcase, pipelined_calls_end, 0, 2);
    tcase_add_test(tcase, revokers_nest_four_deep);
    tcase_add_test(tcase, a_chain_is_revoked_from_both_ends);
    tcase_add_test(tcase, copies_carry_it_and_dead_ones_stay);
    tcase_add_test(tcase, it_waits_for_every_cpu);
    tcase_add_test(tcase, dropping_revokes_nothing);
    tcase_add_test(tcase, making_one_fails_cleanly);
    tcase_add_test(tcase, calls_through_one_fail_cleanly);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
