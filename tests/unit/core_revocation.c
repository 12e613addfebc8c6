// SPDX-License-Identifier: MIT
//
// What the tests of revocation share; see core_revocation.h.
#include "tests/unit/core_revocation.h"

#include "core/captable.h"

#include <check.h>

int revocation_answered;

void revocation_count_answer(struct cpu *on, struct call *call, enum capos_status status) {
    revocation_answered++;
    call_fail(on, call, status);
}

const struct object_type revocation_type = {
    .name = "Revoker",
    .interface = 1,
    .size = sizeof(struct revoker),
    .kind = OBJECT_KERNEL,
    .close = revoker_close,
};

struct pair pair;
struct cpu *cpu;

void revocation_setup(void) {
    pair = pair_create();
    cpu = &pair.host->cpus[0];
    revocation_answered = 0;
}

void revocation_teardown(void) {
    pair_destroy(&pair);
}

void revocation_drop(struct revoker *revoker) {
    kernel_enter(cpu);
    object_put(cpu, &revoker->object);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

enum capos_status revocation_try_copy(struct actor *actor, uint64_t cap, struct revoker **revoker,
                                      uint64_t *copy) {
    struct captable_view view;
    enum capos_status status;

    kernel_enter(cpu);
    status = captable_lookup(&actor->process->table, cap, &view);
    if (status == CAPOS_STATUS_OK)
        status = revoker_create(cpu, &revocation_type, actor->process->ledger, view.revoker,
                                revocation_count_answer, revoker);
    if (status == CAPOS_STATUS_OK) {
        object_get(view.object);
        view.revoker = *revoker;
        revoker_get(*revoker);
        status = captable_insert(cpu, &actor->process->table, &view, copy);
        ck_assert_int_eq(status, CAPOS_STATUS_OK);
    }
    object_close_pending(cpu);
    kernel_leave(cpu);
    return status;
}

uint64_t revocation_copy(struct actor *actor, uint64_t cap, struct revoker **revoker) {
    uint64_t copy = 0;

    ck_assert_int_eq(revocation_try_copy(actor, cap, revoker, &copy), CAPOS_STATUS_OK);
    return copy;
}

void revocation_kill(struct revoker *revoker) {
    kernel_enter(cpu);
    revoker_kill(cpu, revoker);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

void revocation_revoke(struct revoker *revoker) {
    revocation_kill(revoker);
    host_settle(pair.host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
}

void revocation_release(struct actor *actor, uint64_t cap) {
    const struct capos_sqe sqe = {.opcode = CAPOS_OP_RELEASE, .cap = cap, .user_data = 9};

    ck_assert_int_eq(actor_do(actor, &sqe).result, 0);
}

void revocation_serve(void) {
    struct capos_sqe recv = pair_recv(&pair);
    uint64_t result;

    recv.room = 2;
    recv.descriptors = PAIR_RECEIVED;
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
}
