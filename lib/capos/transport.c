// SPDX-License-Identifier: MIT
//
// Calls over the ring (capnp/call.h's transport). A call takes one slot and three parts of the
// message area: params, results, descriptors. Params are built in place, in as much room as there
// is, which is cut to what was used when the call is sent. call->tag is the slot.
#include "capos/client.h"

#include "base/memory.h"
#include "capos/exception.h"

enum {
    PARAMS_BYTES = CAPOS_KERNEL_PARAMS_MAX,
    WORD = 8,
    GROWTH = 8, // words that a newer server may add to results without pointers
};

static struct capos_client *client_of(struct capos_transport *transport) {
    return transport->context;
}

static int fail(struct capos_call *call, enum capos_status status) {
    call->reason = capos_status_text(status);
    return -(int)status;
}

static uint32_t least_params(const struct capos_method *method) {
    return (1u + method->params_data_words + method->params_pointers) * WORD;
}

static uint32_t results_bytes(const struct capos_method *method) {
    if (method->results_pointers == 0)
        return (1u + method->results_data_words + GROWTH) * WORD;
    return CAPOS_RESULTS_BYTES;
}

// Takes everything that must be there before the params are built.
static bool take_parts(struct capos_client *client, struct capos_slot *s,
                       const struct capos_method *method) {
    uint32_t least = least_params(method);
    uint32_t params = method->params_pointers == 0  ? least
                      : client->next_params > least ? client->next_params
                                                    : (uint32_t)PARAMS_BYTES;
    uint32_t results = client->next_results != 0 ? client->next_results : results_bytes(method);
    uint32_t descriptors = (method->params_capabilities + method->results_capabilities) *
                           (uint32_t)sizeof(struct capos_descriptor);

    client->next_params = client->next_results = 0;
    return area_take(&client->area, descriptors, &s->descriptors) &&
           area_take(&client->area, results, &s->results) &&
           area_take_some(&client->area, params, least, &s->params);
}

static int transport_begin(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    unsigned slot = capos_slot_take(client);

    call->tag = slot;
    if (slot == CAPOS_NO_SLOT)
        return fail(call, CAPOS_STATUS_OVERLOADED);
    struct capos_slot *s = &client->slots[slot];
    if (!take_parts(client, s, call->method))
        return fail(call, CAPOS_STATUS_OVERLOADED);
    capos_builder_init(&call->params, capos_client_at(client, s->params.offset),
                       s->params.bytes / WORD);
    capos_builder_set_descriptors(&call->params, capos_client_at(client, s->descriptors.offset),
                                  call->method->params_capabilities);
    return CAPOS_DONE;
}

static int transport_send(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    struct capos_slot *s = &client->slots[call->tag];
    struct capos_sqe *sqe = capos_client_sqe(client);

    s->sent = call->params.descriptor_count;
    sqe->opcode = CAPOS_OP_CALL;
    sqe->method = call->method->ordinal;
    sqe->cap = call->target;
    sqe->interface = call->method->interface;
    sqe->params = s->params.offset;
    if (call->method->params_data_words + call->method->params_pointers > 0)
        sqe->params_bytes = call->params.used * WORD;
    sqe->results = s->results.offset;
    sqe->results_capacity = s->results.bytes;
    sqe->sent = s->sent;
    sqe->room = call->method->results_capabilities;
    if (sqe->sent + sqe->room > 0)
        sqe->descriptors = s->descriptors.offset;
    area_trim(&client->area, &s->params, sqe->params_bytes);
    capos_slot_submit(client, (unsigned)call->tag, sqe);
    return CAPOS_DONE;
}

static int transport_wait(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    struct capos_slot *s = &client->slots[call->tag];
    const uint64_t *words = capos_client_at(client, s->results.offset);
    const struct capos_descriptor *descriptors = capos_client_at(client, s->descriptors.offset);

    capos_slot_wait(client, (unsigned)call->tag);
    if (s->completion.result < 0)
        return fail(call, (enum capos_status) - s->completion.result);
    if (s->completion.flags & CAPOS_CQE_EXCEPTION)
        return capos_exception_read(words, (uint32_t)s->completion.result / WORD, &call->reason);
    capos_reader_init(&call->results, words, (uint32_t)s->completion.result / WORD);
    capos_reader_set_descriptors(&call->results, descriptors + s->sent, s->completion.caps);
    return CAPOS_DONE;
}

static void transport_release(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);

    if (call->tag == CAPOS_NO_SLOT)
        return;
    struct capos_slot *s = &client->slots[call->tag];
    if (s->state == CAPOS_SLOT_SUBMITTED)
        s->state = CAPOS_SLOT_ABANDONED;
    else
        capos_slot_give(client, (unsigned)call->tag);
}

struct capos_transport *capos_client_transport(struct capos_client *client) {
    client->transport = (struct capos_transport){
        .begin = transport_begin,
        .send = transport_send,
        .wait = transport_wait,
        .release = transport_release,
        .context = client,
    };
    return &client->transport;
}

void capos_expect_params(struct capos_client *client, uint32_t bytes) {
    client->next_params = bytes;
}

void capos_expect_results(struct capos_client *client, uint32_t bytes) {
    client->next_results = bytes;
}

int capos_call_then(struct capos_client *client, struct capos_call *call,
                    void (*ready)(void *context), void *context) {
    int status = capos_call_send(call);

    if (status != CAPOS_DONE)
        return status;
    client->slots[call->tag].ready = ready;
    client->slots[call->tag].context = context;
    return CAPOS_DONE;
}
