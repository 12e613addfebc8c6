// SPDX-License-Identifier: MIT
//
// A transport for generated calls over an actor's ring; see caller.h. The message area is cut into
// one part for each call: params, results, descriptors.
#include "tests/host/caller.h"

#include "core/audit.h"
#include "core/debug.h"
#include "core/process.h"
#include "core/ring_spare.h"

#include <check.h>
#include <string.h>

enum {
    PARAMS = 2048,
    DESCRIPTORS = 16,
    PART = PARAMS + CALLER_RESULTS + DESCRIPTORS * sizeof(struct capos_descriptor),
};

static struct caller *caller_of(struct capos_transport *transport) {
    return (struct caller *)transport;
}

static uint32_t part_of(const struct caller *caller, uint64_t tag) {
    return caller->actor->ring.area + (uint32_t)tag * PART;
}

static struct capos_descriptor *descriptors_of(struct caller *caller, uint64_t tag) {
    return actor_at(caller->actor, part_of(caller, tag) + PARAMS + CALLER_RESULTS);
}

static int caller_begin(struct capos_transport *transport, struct capos_call *call) {
    struct caller *caller = caller_of(transport);

    for (call->tag = 0; call->tag < CALLER_CALLS && caller->calls[call->tag].used; call->tag++)
        continue;
    ck_assert_uint_lt(call->tag, CALLER_CALLS);
    caller->calls[call->tag].used = true;
    caller->calls[call->tag].answered = false;
    capos_builder_init(&call->params, actor_at(caller->actor, part_of(caller, call->tag)),
                       PARAMS / 8);
    capos_builder_set_descriptors(&call->params, descriptors_of(caller, call->tag), DESCRIPTORS);
    return CAPOS_DONE;
}

// Takes the end of a call that was made to fail: it must say that something is short.
static void take_failure(struct caller *caller, const struct capos_sqe *sqe) {
    const uint64_t *exception = actor_at(caller->actor, sqe->results);
    struct capos_cqe cqe;
    uint64_t result;

    host_settle(caller->actor->host);
    ck_assert(actor_enter(caller->actor, 0, 0, 0, &result));
    cqe = actor_take(caller->actor);
    ck_assert_uint_eq(cqe.user_data, sqe->user_data);
    if (cqe.flags & CAPOS_CQE_EXCEPTION) // the root pointer, then a CapException's kind
        ck_assert_uint_eq(exception[1] & 0xffff, CAPOS_OVERLOADED - 1);
    else
        ck_assert_int_eq(cqe.result, -CAPOS_STATUS_OVERLOADED);
}

static void submit(struct caller *caller, const struct capos_sqe *sqe) {
    uint64_t result;

    if (!caller->ends) {
        actor_submit(caller->actor, sqe);
    } else {
        *ring_user_next(&caller->actor->ring) = *sqe;
        (void)actor_enter(caller->actor, 1, 0, 0, &result);
    }
    if (caller->steps)
        host_settle(caller->actor->host);
}

static void drop_spares(struct actor *actor) {
    struct cpu *cpu = &actor->host->cpus[0];

    kernel_enter(cpu);
    (void)ring_spare_drop(cpu, actor->process);
    kernel_leave(cpu);
}

// Makes the call fail at the first point where it can, then at the second, and so on: each time it
// must leave no trace. When there is no further point, the call has been made. Nothing is failed
// while something else is under way, which would go on meanwhile.
static void fail_at_each_point(struct caller *caller, const struct capos_sqe *sqe) {
    struct host *host = caller->actor->host;
    bool plain = caller->plain || !list_is_empty(&host->kernel.work);
    uint64_t before = 0;

    for (uint64_t n = 1;; n++) {
        if (!plain) { // what is kept could be given up for what fails
            drop_spares(caller->actor);
            host_settle(host);
            before = audit_digest(&host->cpus[0]);
        }
        debug_fail_nth(&host->kernel, plain ? 0 : n);
        submit(caller, sqe);
        if (!debug_failed(&host->kernel))
            break;
        debug_fail_nth(&host->kernel, 0);
        take_failure(caller, sqe);
        host_settle(host);
        ck_assert_msg(audit_digest(&host->cpus[0]) == before,
                      "interface %lx, method %u, failed at point %lu, has left a trace",
                      (unsigned long)sqe->interface, sqe->method, (unsigned long)n);
        caller->points++;
    }
    debug_fail_nth(&host->kernel, 0);
}

static int caller_send(struct capos_transport *transport, struct capos_call *call) {
    struct caller *caller = caller_of(transport);
    const struct capos_method *method = call->method;
    uint32_t part = part_of(caller, call->tag);
    uint8_t sent = call->params.descriptor_count;
    uint8_t room =
        method->results_capabilities < caller->room ? method->results_capabilities : caller->room;
    struct capos_sqe sqe = {
        .opcode = CAPOS_OP_CALL,
        .method = method->ordinal,
        .slot = (uint16_t)call->tag,
        .cap = call->target,
        .interface = method->interface,
        .user_data = call->tag,
        .params = part,
        .params_bytes =
            method->params_data_words + method->params_pointers > 0 ? call->params.used * 8 : 0,
        .results = part + PARAMS,
        .results_capacity = caller->results_capacity,
        .descriptors = part + PARAMS + CALLER_RESULTS,
        .sent = sent,
        .room = room,
    };

    caller->calls[call->tag].sent = sent;
    fail_at_each_point(caller, &sqe);
    return CAPOS_DONE;
}

static void take_completions(struct caller *caller) {
    struct capos_cqe cqe;
    uint64_t result;

    ck_assert(actor_enter(caller->actor, 0, 0, 0, &result));
    while (ring_user_take(&caller->actor->ring, &cqe)) {
        ck_assert_uint_lt(cqe.user_data, CALLER_CALLS);
        caller->calls[cqe.user_data].cqe = cqe;
        caller->calls[cqe.user_data].answered = true;
    }
}

bool caller_answered(struct caller *caller, const struct capos_call *call) {
    take_completions(caller);
    return caller->calls[call->tag].answered;
}

// A CapException: its kind in the first data word, its reason in the only pointer.
static int read_exception(struct caller *caller, struct capos_call *call, const uint64_t *words,
                          uint32_t count) {
    struct capos_reader reader;

    capos_reader_init(&reader, words, count);
    struct capos_struct root = capos_reader_root(&reader);
    struct capos_text reason = capos_pointer_text(capos_struct_pointer(root, 0));
    if (!capos_reader_ok(&reader)) // it was cut to fit
        return CAPOS_FAILED;
    ck_assert_uint_lt(reason.size, sizeof caller->reason);
    memcpy(caller->reason, reason.data, reason.size);
    caller->reason[reason.size] = '\0';
    call->reason = caller->reason;
    return capos_struct_u16(root, 0) + 1;
}

static int caller_wait(struct capos_transport *transport, struct capos_call *call) {
    struct caller *caller = caller_of(transport);
    const uint64_t *words = actor_at(caller->actor, part_of(caller, call->tag) + PARAMS);
    const struct capos_cqe *cqe = &caller->calls[call->tag].cqe;

    if (!caller_answered(caller, call))
        return -CAPOS_STATUS_BUSY;
    if (cqe->result < 0)
        return cqe->result;
    if (cqe->flags & CAPOS_CQE_EXCEPTION)
        return read_exception(caller, call, words, (uint32_t)cqe->result / 8);
    capos_call_answer(call, words, (uint32_t)cqe->result / 8,
                      descriptors_of(caller, call->tag) + caller->calls[call->tag].sent, cqe->caps);
    return CAPOS_DONE;
}

static int caller_call(struct capos_transport *transport, struct capos_call *call) {
    int status = caller_send(transport, call);

    return status == CAPOS_DONE ? caller_wait(transport, call) : status;
}

static void caller_release(struct capos_transport *transport, struct capos_call *call) {
    caller_of(transport)->calls[call->tag].used = false;
}

void caller_init(struct caller *caller, struct actor *actor) {
    *caller = (struct caller){
        .transport = {.begin = caller_begin,
                      .send = caller_send,
                      .wait = caller_wait,
                      .call = caller_call,
                      .release = caller_release},
        .actor = actor,
        .results_capacity = CALLER_RESULTS,
        .room = CAPOS_TRANSFER_MAX,
    };
    ck_assert_uint_ge(actor->ring.size - actor->ring.area, CALLER_CALLS * PART);
}
