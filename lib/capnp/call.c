// SPDX-License-Identifier: MIT
// The calling end: the order in which a call goes through its transport, and its sticky status.
#include "capnp/call.h"

static int fail(struct capos_call *call, int status, const char *reason) {
    call->status = status;
    call->reason = reason;
    return status;
}

int capos_call_send(struct capos_call *call) {
    if (call->status != CAPOS_DONE)
        return call->status;
    if (call->state != CAPOS_CALL_BEGUN)
        return fail(call, CAPOS_INVALID_ARGUMENT, "the call was sent before");
    if (call->params.error != CAPOS_BUILD_OK)
        return fail(call, CAPOS_INVALID_ARGUMENT, "the params do not fit");
    call->state = CAPOS_CALL_SENT;
    call->status = call->transport->send(call->transport, call);
    return call->status;
}

int capos_call_wait(struct capos_call *call, struct capos_struct *results) {
    if (call->status == CAPOS_DONE && call->state == CAPOS_CALL_BEGUN)
        fail(call, CAPOS_INVALID_ARGUMENT, "the call was not sent");
    if (call->status == CAPOS_DONE && call->state == CAPOS_CALL_SENT) {
        call->status = call->transport->wait(call->transport, call);
        if (call->status == CAPOS_DONE && !capos_validate(&call->results, call->method->results))
            fail(call, CAPOS_FAILED, capos_fault_name(call->results.fault.kind));
    }
    call->state = CAPOS_CALL_ANSWERED;
    if (call->status != CAPOS_DONE)
        capos_reader_init(&call->results, NULL, 0);
    *results = capos_reader_root(&call->results);
    return call->status;
}

void capos_call_release(struct capos_call *call) {
    if (call->state != CAPOS_CALL_NEW)
        call->transport->release(call->transport, call);
    call->state = CAPOS_CALL_NEW;
}
