// SPDX-License-Identifier: MIT
//
// See puppet_ring.h. The transport: what a call holds goes through the puppet's mailbox.
#include "tests/stress/puppet_ring.h"

#include "base/memory.h"
#include "capos/exception.h"
#include "capos/runtime.h"
#include "tests/stress/court.h"
#include "tests/stress/figures.h"

static struct capos_transport rings[PROCESSES];
static bool submitted[PROCESSES];

static int number_of(const struct capos_transport *ring) {
    return (int)(ring - rings);
}

static struct mailbox_call *part_of(const struct capos_transport *ring) {
    return &puppets[number_of(ring)].box->call;
}

static uint8_t room_of(const struct capos_method *method) {
    uint8_t room = method->results_capabilities;

    return room < 2 ? room : 2;
}

static int ring_begin(struct capos_transport *ring, struct capos_call *call) {
    struct mailbox_call *part = part_of(ring);

    capos_builder_init(&call->params, part->params, CALL_PARAMS / 8);
    capos_builder_set_descriptors(&call->params, part->descriptors,
                                  (uint8_t)(CALL_DESCRIPTORS - room_of(call->method)));
    return CAPOS_DONE;
}

// In the model, too, room for what comes back is taken when the call is accepted.
static void take_room(int p, uint64_t target, int room) {
    int hold = model_find_hold(&court.model, p, target);

    if (hold < 0 || !model_is_dead(&court.model, court_hold(p, hold)->revoker))
        (void)model_fits(&court.model, p, room);
}

static int ring_send(struct capos_transport *ring, struct capos_call *call) {
    struct mailbox_call *part = part_of(ring);

    part->sqe = (struct capos_sqe){.method = call->method->ordinal,
                                   .cap = call->target,
                                   .interface = call->method->interface,
                                   .params_bytes = call->params.used * 8,
                                   .results_capacity = CALL_RESULTS,
                                   .sent = call->params.descriptor_count,
                                   .room = room_of(call->method)};
    submitted[number_of(ring)] = false;
    take_room(number_of(ring), call->target, part->sqe.room);
    return CAPOS_DONE;
}

void puppet_ring_submit(struct capos_call *call) {
    submitted[number_of(call->transport)] = true;
    puppet_do(number_of(call->transport), COMMAND_SEND);
}

void puppet_ring_cancel(struct capos_call *call) {
    puppet_do(number_of(call->transport), COMMAND_CANCEL);
}

static int ring_wait(struct capos_transport *ring, struct capos_call *call) {
    struct mailbox_call *part = part_of(ring);
    bool done;

    puppet_do(number_of(ring), submitted[number_of(ring)] ? COMMAND_AWAIT : COMMAND_CALL);
    done = part->result >= 0 && (part->flags & CAPOS_CQE_EXCEPTION) == 0;
    figures_method(call->method->interface, call->method->ordinal, done);
    if (part->result < 0)
        return part->result;
    if (!done)
        return (int)capos_exception_read(part->results, (uint32_t)part->result / 8, &call->reason);
    capos_call_answer(call, part->results, (uint32_t)part->result / 8,
                      part->descriptors + part->sqe.sent, part->caps);
    return CAPOS_DONE;
}

static int ring_call(struct capos_transport *ring, struct capos_call *call) {
    (void)ring_send(ring, call);
    return ring_wait(ring, call);
}

static void ring_release(struct capos_transport *ring, struct capos_call *call) {
    (void)ring, (void)call;
}

struct capos_transport *puppet_ring(int number) {
    rings[number] = (struct capos_transport){.begin = ring_begin,
                                             .send = ring_send,
                                             .wait = ring_wait,
                                             .call = ring_call,
                                             .release = ring_release};
    return &rings[number];
}
