// SPDX-License-Identifier: MIT
// The calling end: the order in which a call goes through its transport, and its sticky status.
#include "capnp/call.h"

static int fail(struct capos_call *call, int status, const char *reason) {
    call->status = status;
    call->reason = reason;
    return status;
}

int capos_call_begin_slowly(struct capos_call *call) {
    call->place = NULL;
    return call->transport->begin(call->transport, call);
}

void capos_call_release_slowly(struct capos_call *call) {
    if (call->state != CAPOS_CALL_NEW)
        call->transport->release(call->transport, call);
    call->state = CAPOS_CALL_NEW;
}

// The id that the answer to another call has brought; 0 if none.
static uint64_t brought(struct capos_promise promise) {
    const struct capos_reader *results = &promise.call->results;
    return promise.place < results->descriptor_count ? results->descriptors[promise.place].cap : 0;
}

// Waits for the answer to a call, which must be sound.
static bool waited(struct capos_call *call) {
    struct capos_struct results;
    return capos_call_wait(call, &results) == CAPOS_DONE;
}

void capos_call_begin_on(struct capos_call *call, struct capos_promise target,
                         const struct capos_method *method) {
    struct capos_call *source = target.call;
    struct capos_transport *transport = source->transport;
    bool sent = source->state == CAPOS_CALL_SENT || source->state == CAPOS_CALL_ANSWERED;
    if (source->status == CAPOS_DONE && sent && transport->on != NULL) {
        capos_call_begin(call, transport->on, target.place, method);
        call->waits = CAPOS_CALL_ON;
        call->source = source;
        return;
    }
    if (source->status == CAPOS_DONE && sent)
        sent = waited(source);
    capos_call_begin(call, transport, sent ? brought(target) : 0, method);
    if (source->status != CAPOS_DONE)
        fail(call, source->status, source->reason);
    else if (!sent)
        fail(call, CAPOS_INVALID_ARGUMENT, "the call that it waits for was not sent");
}

// A call that is on a promise waits already; its source may be one.
static bool may_wait(const struct capos_transport *transport,
                     const struct capos_transport *source) {
    if (transport->on == NULL)
        return transport == source;
    return transport != transport->on && transport->on == source->on;
}

int capos_call_after(struct capos_call *call, struct capos_call *source) {
    if (call->status != CAPOS_DONE)
        return call->status;
    if (call->state != CAPOS_CALL_BEGUN || !may_wait(call->transport, source->transport))
        return fail(call, CAPOS_INVALID_ARGUMENT, "the call can't wait for that one");
    if (source->status != CAPOS_DONE)
        return fail(call, source->status, source->reason);
    if (source->state != CAPOS_CALL_SENT && source->state != CAPOS_CALL_ANSWERED)
        return fail(call, CAPOS_INVALID_ARGUMENT, "the call that it waits for was not sent");
    if (call->transport->on == NULL) {
        if (!waited(source))
            fail(call, source->status, source->reason);
        return call->status;
    }
    call->transport = call->transport->on;
    call->waits = CAPOS_CALL_AFTER;
    call->source = source;
    return CAPOS_DONE;
}

int capos_promise_release(struct capos_promise promise) {
    struct capos_transport *transport = promise.call->transport;
    return transport->drop == NULL ? CAPOS_UNIMPLEMENTED : transport->drop(transport, &promise);
}

int capos_call_cancel(struct capos_call *call) {
    if (call->state != CAPOS_CALL_SENT || call->status != CAPOS_DONE)
        return CAPOS_DONE;
    if (call->transport->cancel == NULL)
        return CAPOS_UNIMPLEMENTED;
    return call->transport->cancel(call->transport, call);
}

int capos_call_unsendable(struct capos_call *call) {
    if (call->status != CAPOS_DONE)
        return call->status;
    if (call->state != CAPOS_CALL_BEGUN)
        return fail(call, CAPOS_INVALID_ARGUMENT, "the call was sent before");
    return fail(call, CAPOS_INVALID_ARGUMENT, "the params do not fit");
}

void capos_call_unawaited(struct capos_call *call) {
    if (call->status == CAPOS_DONE && call->state == CAPOS_CALL_BEGUN)
        fail(call, CAPOS_INVALID_ARGUMENT, "the call was not sent");
    call->state = CAPOS_CALL_ANSWERED;
}

struct capos_struct capos_call_results(struct capos_call *call) {
    struct capos_struct results = {NULL, NULL, NULL, 0, 0, 0};
    struct capos_reader *reader = &call->results;
    const struct capos_descriptor *descriptors = reader->descriptors;
    uint32_t count = reader->descriptor_count;
    if (call->status == CAPOS_DONE) {
        capos_reader_init(reader, reader->only.words, reader->only.size);
        capos_reader_set_descriptors(reader, descriptors, count);
        if (capos_validate_root(reader, call->method->results, &results))
            return results;
        fail(call, CAPOS_FAILED, capos_fault_name(reader->fault.kind));
    }
    capos_reader_init(reader, NULL, 0);
    return capos_reader_root(reader);
}
