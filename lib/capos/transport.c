// SPDX-License-Identifier: MIT
//
// Calls over the ring (capnp/call.h's transport). A call takes one slot and one span of the message
// area, for descriptors, results and params in this order. Params are built in place. Where the
// schema does not bound them, they get as much room as there is, which is cut to what was used when
// the call is sent. call->place is the
// slot.
#include "capos/client.h"

#include "base/memory.h"
#include "capos/exception.h"

enum {
    PARAMS_BYTES = CAPOS_KERNEL_PARAMS_MAX,
    WORD = 8,
    GROWTH = 8,        // words that a newer server may add to results without pointers
    BOUNDED_MAX = 640, // words of the largest messages for which there is room because of a bound
    KEPT_BYTES = 5120, // of the largest span that a free slot keeps
    SMALL_BYTES = AREA_SMALL * AREA_UNIT,
};

static struct capos_client *client_of(struct capos_transport *transport) {
    return transport->context;
}

static int fail(struct capos_call *call, enum capos_status status) {
    call->reason = capos_status_text(status);
    return -(int)status;
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
    if (method->results_words != 0 && method->results_words <= BOUNDED_MAX)
        return (method->results_words + (uint32_t)GROWTH) * WORD;
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
    if (method->params_words != 0 && method->params_words <= BOUNDED_MAX)
        return method->params_words * (uint32_t)WORD;
    return larger(*least, PARAMS_BYTES);
}

// Gives the slot a span of `most` bytes, or fewer, but at least `least`. What it has may do.
static bool make_room(struct capos_client *client, struct capos_slot *s, uint32_t most,
                      uint32_t least) {
    if (s->place.method != NULL && s->span.bytes >= most && s->span.bytes <= SMALL_BYTES)
        return true;
    return capos_slot_make_room(client, s->sqe.slot, most, least);
}

// Makes the slot ready for calls of the method. What was asked for by capos_expect_params or
// _results, or is large, is made for this call only.
__attribute__((noinline)) static bool prepare(struct capos_client *client, struct capos_slot *s,
                                              const struct capos_method *method) {
    uint32_t descriptors = (method->params_capabilities + method->results_capabilities) *
                           (uint32_t)sizeof(struct capos_descriptor);
    uint32_t results = results_bytes(client, method);
    uint32_t least, params = params_bytes(client, method, &least);
    uint32_t fixed = descriptors + results;
    bool special = (client->next_params | client->next_results) != 0;

    client->next_params = client->next_results = 0;
    if (!make_room(client, s, fixed + params, fixed + least))
        return false;
    s->sqe.opcode = CAPOS_OP_CALL;
    s->sqe.method = method->ordinal;
    s->sqe.interface = method->interface;
    s->sqe.params = s->span.offset + fixed;
    s->sqe.results = s->span.offset + descriptors;
    s->sqe.results_capacity = results;
    s->sqe.descriptors = s->span.offset;
    s->sqe.room = method->results_capabilities;
    s->place.results = capos_client_at(client, s->sqe.results);
    capos_builder_take_buffers(
        &s->place.params, capos_client_at(client, s->sqe.params), (s->span.bytes - fixed) / WORD,
        capos_client_at(client, s->sqe.descriptors), method->params_capabilities);
    if (s->place.params.capacity == 0)
        s->sqe.params = s->sqe.results; // where nothing is, must be a place as well
    bool keeps = !special && fixed + params <= KEPT_BYTES && s->span.bytes >= fixed + params;
    s->place.method = keeps ? method : NULL;
    return true;
}

// The list of free slots goes where all see it, or where only this side does.
static void show_free(struct capos_client *client, bool show) {
    struct capos_place *first = *capos_client_free(client);

    client->free = first;
    client->transport.ready = show ? first : NULL;
}

static int transport_begin(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    bool expects = client->transport.ready == NULL;
    unsigned slot;
    struct capos_slot *s;

    show_free(client, true);
    slot = capos_slot_take(client);
    if (slot == CAPOS_NO_SLOT)
        return fail_to_begin(call);
    s = &client->slots[slot];
    call->place = &s->place;
    if ((expects || s->place.method != call->method) && !prepare(client, s, call->method))
        return fail_to_begin(call);
    call->params = s->place.params;
    return CAPOS_DONE;
}

static inline struct capos_slot *slot_of(const struct capos_call *call) {
    return (struct capos_slot *)call->place;
}

// The slot's submission. NULL: the queue is full.
static inline struct capos_sqe *place(struct capos_client *client, struct capos_slot *s,
                                      const struct capos_call *call) {
    struct capos_sqe *sqe = ring_user_place(&client->ring);
    uint32_t bytes = call->params.used * WORD;

    if (sqe == NULL)
        return NULL;
    *sqe = s->sqe;
    sqe->cap = call->target;
    sqe->params_bytes = bytes;
    sqe->sent = call->params.descriptor_count;
    return sqe;
}

// Other calls may be made before this one is answered: what is large is cut to what is used of it.
static inline void trim(struct capos_client *client, struct capos_slot *s,
                        const struct capos_call *call) {
    uint32_t used = s->sqe.params + call->params.used * WORD - s->span.offset;

    if ((s->place.method != NULL && s->span.bytes <= SMALL_BYTES) || call->params.capacity == 0)
        return;
    s->place.method = NULL;
    area_trim(&client->area, &s->span, used);
}

// Submits the call; makes room in the queue if it is full.
static inline struct capos_sqe *submit(struct capos_client *client, struct capos_call *call) {
    struct capos_slot *s = slot_of(call);
    struct capos_sqe *sqe;

    while ((sqe = place(client, s, call)) == NULL)
        capos_client_flush(client);
    s->state = CAPOS_SLOT_SUBMITTED;
    s->sent = call->params.descriptor_count;
    s->place.answered = false;
    trim(client, s, call);
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
    sqe->source = slot_of(call->source)->sqe.slot;
    return CAPOS_DONE;
}

// The end of a call that was answered with capabilities, or not with results.
__attribute__((noinline)) static int end_otherwise(struct capos_client *client,
                                                   const struct capos_slot *s,
                                                   const struct capos_cqe *completion,
                                                   struct capos_call *call) {
    const struct capos_descriptor *descriptors = capos_client_at(client, s->sqe.descriptors);
    uint32_t words = (uint32_t)completion->result / WORD;

    if (completion->result < 0)
        return fail(call, (enum capos_status) - completion->result);
    if ((completion->flags & CAPOS_CQE_EXCEPTION) != 0)
        return capos_exception_read(s->place.results, words, &call->reason);
    capos_call_answer(call, s->place.results, words, descriptors + call->params.descriptor_count,
                      completion->caps);
    return CAPOS_DONE;
}

static inline int end(struct capos_client *client, const struct capos_slot *s,
                      const struct capos_cqe *completion, struct capos_call *call) {
    if (__builtin_expect(!ring_cqe_is_plain(completion), 0))
        return end_otherwise(client, s, completion, call);
    capos_call_answer(call, s->place.results, (uint32_t)completion->result / WORD, NULL, 0);
    return CAPOS_DONE;
}

static int transport_wait(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    struct capos_slot *s = slot_of(call);

    if (s->state == CAPOS_SLOT_SUBMITTED)
        capos_slot_wait(client, s->sqe.slot);
    s->ready = NULL;
    return end(client, s, &s->completion, call);
}

// What is not as usual: a full queue.
__attribute__((noinline)) static int call_slowly(struct capos_transport *transport,
                                                 struct capos_call *call) {
    submit(client_of(transport), call);
    return transport_wait(transport, call);
}

// Or other completions than the call's: one that was passed, or what an entry has left.
__attribute__((noinline)) static int wait_slowly(struct capos_transport *transport,
                                                 struct capos_call *call, uint64_t result,
                                                 const struct capos_cqe *other) {
    struct capos_client *client = client_of(transport);

    slot_of(call)->state = CAPOS_SLOT_SUBMITTED;
    if (other != NULL)
        capos_client_complete(client, other);
    else
        capos_client_entered(client, result);
    return transport_wait(transport, call);
}

static int transport_call(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);
    struct capos_slot *s = slot_of(call);
    const struct capos_cqe *completion;
    uint64_t result;

    if (place(client, s, call) == NULL)
        return call_slowly(transport, call);
    if (!capos_client_enter_for_one(client, s->wait, &completion, &result))
        return wait_slowly(transport, call, result, NULL);
    if (__builtin_expect(completion->user_data != s->sqe.user_data, 0))
        return wait_slowly(transport, call, result, completion);
    return end(client, s, completion, call);
}

static int on_call(struct capos_transport *transport, struct capos_call *call) {
    int status = on_send(transport, call);

    return status == CAPOS_DONE ? transport_wait(transport, call) : status;
}

static void transport_release(struct capos_transport *transport, struct capos_call *call) {
    struct capos_slot *s = slot_of(call);

    if (s == NULL)
        return;
    if (s->state == CAPOS_SLOT_SUBMITTED)
        s->state = CAPOS_SLOT_ABANDONED;
    else
        capos_slot_give_back(client_of(transport), s);
}

// The completion of the CANCEL says nothing that the call's own does not.
static int transport_cancel(struct capos_transport *transport, struct capos_call *call) {
    struct capos_client *client = client_of(transport);

    if (slot_of(call)->state != CAPOS_SLOT_SUBMITTED)
        return CAPOS_DONE;
    struct capos_sqe *sqe = capos_client_sqe(client);
    sqe->opcode = CAPOS_OP_CANCEL;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    sqe->source = slot_of(call)->sqe.slot;
    sqe->interface = slot_of(call)->sqe.user_data;
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
    sqe->source = slot_of(promise->call)->sqe.slot;
    sqe->slot = (uint16_t)slot;
    sqe->cap = promise->place;
    sqe->user_data = CAPOS_SLOT_TAG | slot;
    client->slots[slot].state = CAPOS_SLOT_ABANDONED;
    return CAPOS_DONE;
}

void capos_client_init_transport(struct capos_client *client) {
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
    client->transport.ready = &client->none;
}

struct capos_transport *capos_client_transport(struct capos_client *client) {
    return &client->transport;
}

void capos_expect_params(struct capos_client *client, uint32_t bytes) {
    client->next_params = bytes;
    show_free(client, false);
}

void capos_expect_results(struct capos_client *client, uint32_t bytes) {
    client->next_results = bytes;
    show_free(client, false);
}

int capos_call_then(struct capos_client *client, struct capos_call *call,
                    void (*ready)(void *context), void *context) {
    int status = capos_call_send(call);

    (void)client;
    if (status != CAPOS_DONE)
        return status;
    slot_of(call)->ready = ready;
    slot_of(call)->context = context;
    return CAPOS_DONE;
}
