// SPDX-License-Identifier: MIT
//
// Calls over the ring (capnp/call.h's transport). A call takes one slot and one span of the message
// area, for descriptors, results and params in this order. Params are built in place. Where the
// schema does not bound them, they get as much room as there is, which is cut to what was used when
// the call is sent. call->tag is the slot.
#include "capos/client.h"

#include "base/memory.h"
#include "capos/exception.h"

enum {
    PARAMS_BYTES = CAPOS_KERNEL_PARAMS_MAX,
    WORD = 8,
    GROWTH = 8, // words that a newer server may add to results without pointers
    KEPT_BYTES = AREA_SMALL * AREA_UNIT, // of the largest span that a free slot keeps
};

static struct capos_client *client_of(struct capos_transport *transport) {
    return transport->context;
}

static int fail(struct capos_call *call, enum capos_status status) {
    call->reason = capos_status_text(status);
    return -(int)status;
}

static inline uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static inline uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static inline bool has_params(const struct capos_method *method) {
    return method->params_data_words + method->params_pointers > 0;
}

// There is no room: what is built goes nowhere.
static int fail_to_begin(struct capos_call *call) {
    capos_builder_init(&call->params, NULL, 0);
    return fail(call, CAPOS_STATUS_OVERLOADED);
}

static uint32_t round_up(uint32_t bytes) {
    return (bytes + WORD - 1) / WORD * WORD;
}

static inline uint32_t results_bytes(const struct capos_client *client,
                                     const struct capos_method *method) {
    if (client->next_results != 0)
        return round_up(client->next_results);
    if (method->results_words != 0)
        return smaller((method->results_words + (uint32_t)GROWTH) * WORD, CAPOS_RESULTS_BYTES);
    if (method->results_pointers == 0)
        return (1u + method->results_data_words + GROWTH) * WORD;
    return CAPOS_RESULTS_BYTES;
}

// What the params may take, and what they take at least.
static inline uint32_t params_bytes(const struct capos_client *client,
                                    const struct capos_method *method, uint32_t *least) {
    uint32_t words = 1u + method->params_data_words + method->params_pointers;

    *least = has_params(method) ? words * WORD : 0;
    if (method->params_pointers == 0)
        return *least;
    if (client->next_params > *least)
        return round_up(client->next_params);
    if (method->params_words != 0)
        return larger(*least, smaller((uint32_t)method->params_words * WORD, PARAMS_BYTES));
    return larger(*least, PARAMS_BYTES);
}

// Makes the slot ready for calls of the method. What was asked for by capos_expect_params or
// _results, or is large, is made for this call only.
__attribute__((noinline)) static bool prepare(struct capos_client *client, unsigned slot,
                                              const struct capos_method *method) {
    struct capos_slot *s = &client->slots[slot];
    uint32_t descriptors = (method->params_capabilities + method->results_capabilities) *
                           (uint32_t)sizeof(struct capos_descriptor);
    uint32_t results = results_bytes(client, method);
    uint32_t least, params = params_bytes(client, method, &least);
    uint32_t fixed = descriptors + results;
    bool special = client->next_params != 0 || client->next_results != 0;

    client->next_params = client->next_results = 0;
    if (!capos_slot_make_room(client, slot, fixed + params, fixed + least))
        return false;
    s->sqe = (struct capos_sqe){
        .opcode = CAPOS_OP_CALL,
        .method = method->ordinal,
        .slot = (uint16_t)slot,
        .interface = method->interface,
        .user_data = CAPOS_SLOT_TAG | slot,
        .params = s->span.offset + fixed,
        .results = s->span.offset + descriptors,
        .results_capacity = results,
        .descriptors = s->span.offset,
        .room = method->results_capabilities,
    };
    s->params_words = (s->span.bytes - fixed) / WORD;
    if (s->params_words == 0)
        s->sqe.params = s->sqe.results; // where nothing is, must be a place as well
    if (!special && fixed + params <= KEPT_BYTES && s->span.bytes >= fixed + params)
        s->method = method;
    return true;
}

// Lets the params be built in the slot, which is ready.
static inline int begin_in(struct capos_client *client, const struct capos_slot *s,
                           struct capos_call *call) {
    capos_builder_take_buffers(&call->params, capos_client_at(client, s->sqe.params),
                               s->params_words, capos_client_at(client, s->sqe.descriptors),
                               call->method->params_capabilities);
    return CAPOS_DONE;
}

__attribute__((noinline)) static int begin_slowly(struct capos_client *client,
                                                  struct capos_call *call) {
    if (call->tag == CAPOS_NO_SLOT || !prepare(client, (unsigned)call->tag, call->method))
        return fail_to_begin(call);
    return begin_in(client, &client->slots[call->tag], call);
}

static int transport_begin(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    unsigned slot = capos_slot_take(client);

    call->tag = slot;
    if (slot == CAPOS_NO_SLOT || client->slots[slot].method != call->method ||
        client->next_params != 0 || client->next_results != 0)
        return begin_slowly(client, call);
    return begin_in(client, &client->slots[slot], call);
}

static inline void fill_in(struct capos_client *client, struct capos_slot *s,
                           const struct capos_call *call, struct capos_sqe *sqe) {
    uint32_t bytes = call->params.used * WORD;

    sqe->cap = call->target;
    sqe->params_bytes = bytes;
    sqe->sent = s->sent = call->params.descriptor_count;
    if (s->method == NULL && s->params_words > 0)
        area_trim(&client->area, &s->span, s->sqe.params + bytes - s->span.offset);
}

// The queue is full: makes room in it, and submits.
__attribute__((noinline)) static struct capos_sqe *submit_slowly(struct capos_client *client,
                                                                 const struct capos_call *call) {
    struct capos_slot *s = &client->slots[call->tag];
    struct capos_sqe *sqe;

    while ((sqe = capos_slot_submit_own(client, s)) == NULL)
        capos_client_flush(client);
    fill_in(client, s, call, sqe);
    return sqe;
}

static inline struct capos_sqe *submit(struct capos_client *client, const struct capos_call *call) {
    struct capos_slot *s = &client->slots[call->tag];
    struct capos_sqe *sqe = capos_slot_submit_own(client, s);

    if (sqe == NULL)
        return submit_slowly(client, call);
    fill_in(client, s, call, sqe);
    return sqe;
}

static int transport_send(struct capos_transport *transport, struct capos_call *call) {
    submit(client_of(transport), call);
    return CAPOS_DONE;
}

// What the call waits for has been submitted before it.
static int on_send(struct capos_transport *transport, struct capos_call *call) {
    struct capos_sqe *sqe = submit(client_of(transport), call);

    sqe->flags = call->waits == CAPOS_CALL_ON ? CAPOS_SQE_PIPELINE : CAPOS_SQE_LINK;
    sqe->source = (uint16_t)call->source;
    return CAPOS_DONE;
}

__attribute__((noinline)) static int
fail_to_wait(struct capos_call *call, const struct capos_cqe *completion, const uint64_t *words) {
    if (completion->result < 0)
        return fail(call, (enum capos_status) - completion->result);
    return capos_exception_read(words, (uint32_t)completion->result / WORD, &call->reason);
}

static int transport_wait(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    struct capos_slot *s = &client->slots[call->tag];

    if (s->state == CAPOS_SLOT_SUBMITTED)
        capos_slot_wait(client, (unsigned)call->tag);
    const uint64_t *words = capos_client_at(client, s->sqe.results);
    if (s->completion.result < 0 || (s->completion.flags & CAPOS_CQE_EXCEPTION) != 0)
        return fail_to_wait(call, &s->completion, words);
    capos_call_answer(call, words, (uint32_t)s->completion.result / WORD,
                      capos_slot_received(client, s), s->completion.caps);
    return CAPOS_DONE;
}

static int transport_call(struct capos_transport *transport, struct capos_call *call) {
    submit(client_of(transport), call);
    return transport_wait(transport, call);
}

static int on_call(struct capos_transport *transport, struct capos_call *call) {
    int status = on_send(transport, call);

    return status == CAPOS_DONE ? transport_wait(transport, call) : status;
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

// The completion of the CANCEL says nothing that the call's own does not.
static int transport_cancel(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);

    if (client->slots[call->tag].state != CAPOS_SLOT_SUBMITTED)
        return CAPOS_DONE;
    struct capos_sqe *sqe = capos_client_sqe(client);
    sqe->opcode = CAPOS_OP_CANCEL;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    sqe->source = (uint16_t)call->tag;
    sqe->interface = CAPOS_SLOT_TAG | call->tag;
    sqe->user_data = CAPOS_CANCEL_TAG;
    return CAPOS_DONE;
}

// A RELEASE that waits needs a slot, in which nobody is interested.
static int transport_drop(struct capos_transport *transport, const struct capos_promise *promise) {
    struct capos_client *client = client_of(transport);
    unsigned slot = capos_slot_take(client);

    if (slot == CAPOS_NO_SLOT)
        return -CAPOS_STATUS_OVERLOADED;
    struct capos_sqe *sqe = capos_client_sqe(client);
    sqe->opcode = CAPOS_OP_RELEASE;
    sqe->flags = CAPOS_SQE_PIPELINE;
    sqe->source = (uint16_t)promise->call->tag;
    sqe->slot = (uint16_t)slot;
    sqe->cap = promise->place;
    sqe->user_data = CAPOS_SLOT_TAG | slot;
    client->slots[slot].state = CAPOS_SLOT_ABANDONED;
    return CAPOS_DONE;
}

struct capos_transport *capos_client_transport(struct capos_client *client) {
    client->transport = (struct capos_transport){
        .begin = transport_begin,
        .send = transport_send,
        .wait = transport_wait,
        .call = transport_call,
        .release = transport_release,
        .context = client,
        .on = &client->on,
        .cancel = transport_cancel,
        .drop = transport_drop,
    };
    client->on = client->transport;
    client->on.send = on_send;
    client->on.call = on_call;
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
