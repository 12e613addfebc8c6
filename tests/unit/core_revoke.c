// SPDX-License-Identifier: MIT
//
// Revocation: what a dead revoker ends (calls in every state, mappings, revokers below it), what it
// leaves (the original, what was got by it), what refuses, and when it is said to be over. Nothing
// that fails leaves a trace.
#include "core/audit.h"
#include "core/captable.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/revoke.h"
#include "core/vm.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/thing.h"

#include <string.h>

enum { PAGE = FRAME_SIZE };

static int answered;

static void count_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    answered++;
    call_fail(cpu, call, status);
}

static const struct object_type test_type = {
    .name = "Revoker",
    .interface = 1,
    .size = sizeof(struct revoker),
    .kind = OBJECT_KERNEL,
    .close = revoker_close,
};

static struct pair pair;
static struct cpu *cpu;

static void setup(void) {
    pair = pair_create();
    cpu = &pair.host->cpus[0];
    answered = 0;
}

static void teardown(void) {
    pair_destroy(&pair);
}

static void drop(struct revoker *revoker) {
    kernel_enter(cpu);
    object_put(cpu, &revoker->object);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

// A revocable copy of what the actor holds, in the same table; the revoker's first reference is the
// test's.
static enum capos_status try_copy(struct actor *actor, uint64_t cap, struct revoker **revoker,
                                  uint64_t *copy) {
    struct captable_view view;
    enum capos_status status;

    kernel_enter(cpu);
    status = captable_lookup(&actor->process->table, cap, &view);
    if (status == CAPOS_STATUS_OK)
        status = revoker_create(cpu, &test_type, actor->process->ledger, view.revoker, count_answer,
                                revoker);
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

static uint64_t copy_of(struct actor *actor, uint64_t cap, struct revoker **revoker) {
    uint64_t copy = 0;

    ck_assert_int_eq(try_copy(actor, cap, revoker, &copy), CAPOS_STATUS_OK);
    return copy;
}

// Marks it dead and does what is done at once; the rest needs host_settle.
static void kill(struct revoker *revoker) {
    kernel_enter(cpu);
    revoker_kill(cpu, revoker);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void revoke(struct revoker *revoker) {
    kill(revoker);
    host_settle(pair.host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
}

static struct capos_sqe call_on(uint64_t cap) {
    struct capos_sqe call = pair_call(&pair);

    call.cap = cap;
    return call;
}

static int32_t result_of_call(uint64_t cap) {
    struct capos_sqe call = call_on(cap);

    return actor_do(&pair.client, &call).result;
}

static void release(struct actor *actor, uint64_t cap) {
    const struct capos_sqe sqe = {.opcode = CAPOS_OP_RELEASE, .cap = cap, .user_data = 9};

    ck_assert_int_eq(actor_do(actor, &sqe).result, 0);
}

static void serve(void) {
    struct capos_sqe recv = pair_recv(&pair);
    uint64_t result;

    recv.room = 2;
    recv.descriptors = PAIR_RECEIVED;
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
}

START_TEST(the_copy_ends_and_the_original_stays) {
    struct revoker *revoker;
    uint64_t copy = copy_of(&pair.client, pair.facet, &revoker), result;
    struct capos_sqe call = call_on(copy), sqe;

    // It works as the original does.
    serve();
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
    kill(revoker);
    ck_assert_int_eq(result_of_call(copy), -CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, copy), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, pair.facet), CAPOS_STATUS_OK);
    host_settle(pair.host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
    serve();
    call = call_on(pair.facet);
    actor_submit(&pair.client, &call);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    release(&pair.client, copy);
    ck_assert_int_eq(actor_holds(&pair.client, copy), CAPOS_STATUS_REFUSED);
    drop(revoker);
}
END_TEST

START_TEST(calls_in_flight_end) {
    struct capos_sqe call, sqe;
    struct revoker *revoker;
    uint64_t copy = copy_of(&pair.client, pair.facet, &revoker), token, result;
    struct capos_cqe cqe;

    // One that the server holds, two that wait for it, and one that is not made through it.
    serve();
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
    revoke(revoker);
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
    drop(revoker);
}
END_TEST

// A kernel object holds the call, with a deadline, and the object's only capability is the copy.
START_TEST(held_calls_end) {
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.client, &thing->object, 5, CAPOS_SCOPE_ANY), copy, result;
    struct revoker *revoker;
    struct capos_sqe call;

    copy = copy_of(&pair.client, cap, &revoker);
    release(&pair.client, cap);
    call = call_on(copy);
    call.interface = THING_INTERFACE;
    call.method = HOLD;
    call.params_bytes = 8;
    *(uint64_t *)actor_at(&pair.client, PAIR_PARAMS) = pair.host->now + 1000;
    actor_submit(&pair.client, &call);
    ck_assert(!actor_has_cqe(&pair.client));
    ck_assert_uint_eq(list_count(&revoker->uses), 1);
    revoke(revoker);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    release(&pair.client, copy);
    host_settle(pair.host);
    ck_assert_int_eq(things, 0);
    drop(revoker);
}
END_TEST

// A call that waits for another one's answer is made through the revoker since it was accepted.
START_TEST(linked_calls_end) {
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.client, &thing->object, 5, CAPOS_SCOPE_ANY), copy, result;
    struct capos_sqe source, linked;
    struct revoker *revoker;
    struct capos_cqe cqe;

    copy = copy_of(&pair.client, pair.facet, &revoker);
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
    kill(revoker);
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
    drop(revoker);
}
END_TEST

// A call on a capability of an answer to come, which turns out to be revocable.
START_TEST(pipelined_calls_end) {
    struct thing *thing = thing_create(cpu, &pair.host->kernel.root);
    uint64_t cap = actor_grant(&pair.server, &thing->object, 5, CAPOS_SCOPE_ANY), copy, result;
    struct capos_sqe call = pair_call(&pair), piped = pair_call(&pair), answer;
    struct revoker *revoker;
    struct capos_cqe cqe;

    copy = copy_of(&pair.server, cap, &revoker);
    call.room = 1;
    call.descriptors = PAIR_DESCRIPTORS;
    serve();
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
    kill(revoker);
    ck_assert(list_is_empty(&revoker->uses));
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++) {
        cqe = actor_take(&pair.client);
        ck_assert_int_eq(cqe.result, cqe.slot == 3 ? -CAPOS_STATUS_DISCONNECTED : 24);
    }
    host_settle(pair.host);
    drop(revoker);
}
END_TEST

static struct memory *grant_memory(uint64_t pages, uint64_t *cap) {
    struct memory *memory;

    kernel_enter(cpu);
    ck_assert_int_eq(memory_create(cpu, &host_memory_type, &pair.host->kernel.root, pages, &memory),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    *cap = actor_grant(&pair.client, &memory->object, 1, CAPOS_SCOPE_ANY);
    return memory;
}

static enum capos_status job_of(struct actor *actor, struct vm_request *job) {
    enum capos_status status;

    kernel_enter(cpu);
    status = vm_job_now(cpu, actor->process->vm, job);
    object_close_pending(cpu);
    kernel_leave(cpu);
    return status;
}

static enum capos_status map(struct actor *actor, struct memory *memory, struct revoker *revoker,
                             uint64_t pages, struct uaddr *at) {
    struct vm_request job = {.operation = VM_MAP,
                             .memory = memory,
                             .revoker = revoker,
                             .bytes = pages * PAGE,
                             .protection = PROTECTION_READ_WRITE};
    enum capos_status status = job_of(actor, &job);

    at->value = job.address;
    return status;
}

static enum capos_status unmap(struct actor *actor, struct uaddr at, uint64_t pages) {
    struct vm_request job = {.operation = VM_UNMAP, .address = at.value, .bytes = pages * PAGE};

    return job_of(actor, &job);
}

// Does some steps of a job as job_work does them; true when it is over.
static bool step_job(struct vm *vm, struct vm_job *job, int steps) {
    vm_phase_fn *const *phases;
    bool over = false;

    kernel_enter(cpu);
    vm->busy = true;
    for (int i = 0; i < steps && !over; i++) {
        phases = job->undoing ? vm_undo_phases : vm_phases[job->what.operation];
        bool done = phases[job->phase](cpu, vm, job);

        if (!job->undoing && job->status != CAPOS_STATUS_OK) {
            job->undoing = true;
            job->phase = 0;
            job->done = 0;
            continue;
        }
        if (done) {
            job->phase++;
            job->done = 0;
        }
        over = phases[job->phase] == NULL;
    }
    vm->busy = !over;
    object_close_pending(cpu);
    kernel_leave(cpu);
    return over;
}

static bool is_mapped(struct actor *actor, struct uaddr at) {
    enum protection protection;
    struct paddr frame;

    return machine_space_lookup(cpu, vm_space(actor->process->vm), at, &frame, &protection);
}

START_TEST(mappings_go) {
    struct revoker *revoker;
    struct uaddr first, second, own;
    uint64_t cap, copy;
    struct memory *memory = grant_memory(3, &cap);

    copy = copy_of(&pair.client, cap, &revoker);
    ck_assert_int_eq(map(&pair.client, memory, revoker, 3, &first), CAPOS_STATUS_OK);
    ck_assert_int_eq(map(&pair.server, memory, revoker, 2, &second), CAPOS_STATUS_OK);
    ck_assert_int_eq(map(&pair.client, memory, NULL, 1, &own), CAPOS_STATUS_OK);
    ck_assert_uint_eq(list_count(&revoker->mappings), 2);
    ck_assert_int_eq(memory->writers, 6);
    // One that its process has taken away itself is forgotten.
    ck_assert_int_eq(unmap(&pair.server, second, 2), CAPOS_STATUS_OK);
    ck_assert_uint_eq(list_count(&revoker->mappings), 1);
    ck_assert_int_eq(map(&pair.server, memory, revoker, 2, &second), CAPOS_STATUS_OK);
    host_audit(pair.host);
    revoke(revoker);
    ck_assert(!is_mapped(&pair.client, first));
    ck_assert(!is_mapped(&pair.server, second));
    ck_assert(is_mapped(&pair.client, own));
    ck_assert_int_eq(memory->writers, 1);
    ck_assert_int_eq(map(&pair.client, memory, revoker, 1, &second), CAPOS_STATUS_DISCONNECTED);
    // The addresses stay set aside until their process gives them back.
    ck_assert_int_eq(unmap(&pair.client, first, 3), CAPOS_STATUS_OK);
    ck_assert_uint_ne(copy, 0);
    host_audit(pair.host);
    drop(revoker);
}
END_TEST

// A mapping of many pages goes in steps, and so does a revoker with many mappings.
START_TEST(steps_are_bounded) {
    struct revoker *revoker;
    struct uaddr at, small;
    uint64_t cap, left = 900, now;
    struct memory *memory = grant_memory(900, &cap);

    copy_of(&pair.client, cap, &revoker);
    ck_assert_int_eq(map(&pair.client, memory, revoker, 900, &at), CAPOS_STATUS_OK);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(map(&pair.server, memory, revoker, 1, &small), CAPOS_STATUS_OK);
    kernel_enter(cpu);
    revoker_kill(cpu, revoker);
    kernel_leave(cpu);
    ck_assert_int_gt(memory->writers, 100);
    for (int steps = 0; revoker->state == REVOKER_SWEEPING; steps++) {
        left = (uint64_t)memory->writers;
        kernel_enter(cpu);
        work_step(cpu);
        kernel_leave(cpu);
        now = (uint64_t)memory->writers;
        ck_assert_uint_le(left - now, 64);
        ck_assert_int_lt(steps, 1000);
        host_audit(pair.host);
    }
    ck_assert_int_eq(memory->writers, 0);
    host_settle(pair.host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
    drop(revoker);
}
END_TEST

// A job that maps, or changes access to, many pages is under way when the sweep comes.
START_TEST(jobs_meet_the_sweep) {
    static const uint8_t operations[] = {VM_MAP, VM_PROTECT, VM_UNMAP};

    for (unsigned i = 0; i < sizeof operations; i++)
        for (int steps = 0; steps < 14; steps++) {
            struct vm *vm = pair.client.process->vm;
            struct vm_request what = {.operation = operations[i], .bytes = 300 * PAGE};
            struct revoker *revoker;
            struct uaddr at = {0};
            uint64_t cap, copy;
            struct memory *memory = grant_memory(300, &cap);

            copy = copy_of(&pair.client, cap, &revoker);
            if (operations[i] != VM_MAP)
                ck_assert_int_eq(map(&pair.client, memory, revoker, 300, &at), CAPOS_STATUS_OK);
            what.protection = PROTECTION_READ;
            what.address = at.value;
            if (operations[i] == VM_PROTECT) // from reading to writing
                ck_assert_int_eq(job_of(&pair.client, &what), CAPOS_STATUS_OK);
            what.protection = PROTECTION_READ_WRITE;
            what.memory = memory;
            what.revoker = revoker;
            struct vm_job job = {.what = what, .pages = 300};
            bool over = step_job(vm, &job, steps);
            kill(revoker);
            for (int n = 0; n < 3; n++) {
                kernel_enter(cpu);
                work_step(cpu);
                kernel_leave(cpu);
            }
            if (!over)
                (void)step_job(vm, &job, 1000);
            host_settle(pair.host);
            ck_assert_int_eq(revoker->state, REVOKER_OVER);
            ck_assert_int_eq(memory->writers, 0);
            ck_assert(!is_mapped(&pair.client, (struct uaddr){job.what.address}));
            if (operations[i] != VM_UNMAP)
                ck_assert_int_eq(unmap(&pair.client, (struct uaddr){job.what.address}, 300),
                                 job.status == CAPOS_STATUS_OK || operations[i] == VM_PROTECT
                                     ? CAPOS_STATUS_OK
                                     : CAPOS_STATUS_MALFORMED);
            release(&pair.client, cap);
            release(&pair.client, copy);
            drop(revoker);
            host_settle(pair.host);
        }
}
END_TEST

START_TEST(revokers_nest_four_deep) {
    struct revoker *revoker[5];
    uint64_t cap[5] = {pair.facet}, before, result;
    struct capos_sqe call;

    for (int i = 0; i < 4; i++)
        cap[i + 1] = copy_of(&pair.client, cap[i], &revoker[i]);
    before = audit_digest(cpu);
    ck_assert_int_eq(try_copy(&pair.client, cap[4], &revoker[4], &result), CAPOS_STATUS_BUSY);
    ck_assert_uint_eq(audit_digest(cpu), before);
    for (uint16_t i = 1; i < 5; i++) {
        call = call_on(cap[i]);
        call.slot = i;
        actor_submit(&pair.client, &call);
    }
    host_audit(pair.host);
    // The third takes the fourth with it; the two above live.
    revoke(revoker[2]);
    ck_assert_int_eq(actor_holds(&pair.client, cap[4]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, cap[3]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, cap[2]), CAPOS_STATUS_OK);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    ck_assert(!actor_has_cqe(&pair.client));
    // A dead one has no more copies, and can be revoked itself.
    ck_assert_int_eq(try_copy(&pair.client, cap[3], &revoker[4], &result),
                     CAPOS_STATUS_DISCONNECTED);
    revoke(revoker[3]);
    // Even when the first is, with the rest of the chain gone in between.
    release(&pair.client, cap[2]);
    release(&pair.client, cap[3]);
    for (int i = 1; i < 4; i++)
        drop(revoker[i]);
    revoke(revoker[0]);
    ck_assert_int_eq(actor_holds(&pair.client, cap[1]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, cap[4]), CAPOS_STATUS_DISCONNECTED);
    ck_assert_int_eq(actor_holds(&pair.client, pair.facet), CAPOS_STATUS_OK);
    host_audit(pair.host);
    drop(revoker[0]);
}
END_TEST

// The revokers below meet while they are swept from two sides.
START_TEST(a_chain_is_revoked_from_both_ends) {
    struct revoker *revoker[4];
    uint64_t cap[5] = {pair.facet}, result;
    struct capos_sqe call;

    for (int i = 0; i < 4; i++)
        cap[i + 1] = copy_of(&pair.client, cap[i], &revoker[i]);
    for (uint16_t i = 1; i < 16; i++) {
        call = call_on(cap[1 + i % 4]);
        call.slot = i;
        actor_submit(&pair.client, &call);
    }
    kill(revoker[3]);
    kill(revoker[0]);
    kill(revoker[2]);
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
        drop(revoker[i]);
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

    copy = copy_of(&pair.client, cap, &revoker);
    call.sent = 2;
    call.descriptors = PAIR_DESCRIPTORS;
    sent[0] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = copy};
    sent[1] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = copy};
    serve();
    actor_submit(&pair.client, &call);
    actor_run(&pair.server, cpu);
    ck_assert_int_gt(actor_take(&pair.server).result, 0);
    ck_assert_int_eq(actor_holds(&pair.server, got[0].cap), CAPOS_STATUS_OK);
    host_audit(pair.host);
    revoke(revoker);
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
        serve();
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
    drop(revoker);
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
    copy_of(&actor, actor_grant(&actor, &thing->object, 5, CAPOS_SCOPE_ANY), &revoker);
    kernel_enter(other);
    kill(revoker);
    for (int i = 0; i < 20; i++) {
        kernel_enter(cpu);
        work_step(cpu);
        kernel_leave(cpu);
    }
    ck_assert_int_eq(revoker->state, REVOKER_WAITING);
    kernel_leave(other);
    host_settle(host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
    drop(revoker);
    actor_destroy(&actor);
    host_destroy(host);
    cpu = &pair.host->cpus[0];
}
END_TEST

// A revoker that nobody has left, and one whose copy's holder ends with a call under way.
START_TEST(dropping_revokes_nothing) {
    struct revoker *revoker, *other;
    uint64_t copy = copy_of(&pair.client, pair.facet, &revoker);
    struct capos_sqe call = call_on(copy);

    copy_of(&pair.client, pair.facet, &other);
    drop(revoker);
    serve();
    actor_submit(&pair.client, &call);
    ck_assert_uint_eq(pair_message(&pair)->kind, CAPOS_MESSAGE_CALL);
    host_audit(pair.host);
    drop(other);
    // The holder ends in teardown, its call under way.
}
END_TEST

START_TEST(failures_leave_no_trace) {
    struct revoker *revoker, *parent;
    struct capos_sqe call;
    uint64_t copy, cap, before, mapped, result;
    struct memory *memory = grant_memory(2, &mapped);
    struct uaddr at;
    unsigned n;

    cap = copy_of(&pair.client, pair.facet, &parent);
    copy = copy_of(&pair.client, cap, &revoker);
    drop(revoker);
    release(&pair.client, copy);
    host_settle(pair.host);
    before = audit_digest(cpu);
    for (n = 1;; n++) {
        debug_fail_nth(&pair.host->kernel, n);
        kernel_enter(cpu);
        enum capos_status status = revoker_create(cpu, &test_type, pair.client.process->ledger,
                                                  parent, count_answer, &revoker);
        object_close_pending(cpu);
        kernel_leave(cpu);
        debug_fail_nth(&pair.host->kernel, 0);
        if (status == CAPOS_STATUS_OK)
            break;
        ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
        ck_assert_uint_eq(audit_digest(cpu), before);
    }
    ck_assert_uint_gt(n, 1);
    drop(revoker);
    host_settle(pair.host);
    ck_assert_uint_eq(audit_digest(cpu), before);
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
    revoke(parent);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    actor_take(&pair.client);
    drop(parent);
    copy_of(&pair.client, mapped, &revoker);
    // (Page tables that were made stay; the first mapping makes them.)
    ck_assert_int_eq(map(&pair.client, memory, revoker, 2, &at), CAPOS_STATUS_OK);
    ck_assert_int_eq(unmap(&pair.client, at, 2), CAPOS_STATUS_OK);
    before = audit_digest(cpu);
    for (n = 1;; n++) {
        debug_fail_nth(&pair.host->kernel, n);
        enum capos_status status = map(&pair.client, memory, revoker, 2, &at);
        debug_fail_nth(&pair.host->kernel, 0);
        if (status == CAPOS_STATUS_OK)
            break;
        ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
        ck_assert_uint_eq(audit_digest(cpu), before);
        ck_assert_int_eq(memory->writers, 0);
    }
    ck_assert_uint_gt(n, 2);
    drop(revoker);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: revocation");
    TCase *tcase = tcase_create("revoke");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_copy_ends_and_the_original_stays);
    tcase_add_test(tcase, calls_in_flight_end);
    tcase_add_test(tcase, held_calls_end);
    tcase_add_test(tcase, linked_calls_end);
    tcase_add_loop_test(tcase, pipelined_calls_end, 0, 2);
    tcase_add_test(tcase, mappings_go);
    tcase_add_test(tcase, steps_are_bounded);
    tcase_add_test(tcase, jobs_meet_the_sweep);
    tcase_add_test(tcase, revokers_nest_four_deep);
    tcase_add_test(tcase, a_chain_is_revoked_from_both_ends);
    tcase_add_test(tcase, copies_carry_it_and_dead_ones_stay);
    tcase_add_test(tcase, it_waits_for_every_cpu);
    tcase_add_test(tcase, dropping_revokes_nothing);
    tcase_add_test(tcase, failures_leave_no_trace);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
