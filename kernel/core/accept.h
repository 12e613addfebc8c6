// SPDX-License-Identifier: MIT
// What accepting an SQE has in common: its slot's record, the form of a CALL, a CALL's target and
// the caller's session. By the ring's own thread; inline, since they are on the way of every call.
#ifndef CORE_ACCEPT_H
#define CORE_ACCEPT_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/process.h"
#include "core/ringserve.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdint.h>

// What an opcode's function answers when the operation's record posts its end, or nobody does.
#define ACCEPT_PENDING INT32_MIN

// The record of a free slot, or NULL.
static inlined struct call *accept_slot(struct ring *ring, uint16_t named,
                                        enum capos_status *status) {
    uint32_t slot = machine_clamp(named, ring->slots);
    struct call *call;

    *status = CAPOS_STATUS_MALFORMED;
    if (UNLIKELY(slot != named)) {
        if (!ring_has_slot(ring, named))
            return NULL;
        slot = machine_clamp(named, ring->slots);
    }
    call = &ring->calls[slot];
    *status = CAPOS_STATUS_BUSY;
    return LIKELY(call_state(call) == CALL_IDLE) ? call : NULL;
}

static inlined bool accept_descriptors(const struct ring *ring, const struct capos_sqe *sqe,
                                       uint32_t count) {
    return count == 0 ||
           ring_holds(ring, sqe->descriptors, count * (uint32_t)sizeof(struct capos_descriptor));
}

_Static_assert(CAPOS_RING_PAGES_MAX *CAPOS_PAGE_SIZE <= CAPOS_MESSAGE_BYTES_MAX,
               "what lies in a message area is not too large for a message");

// The form of a CALL that sends and takes no capabilities.
static inlined enum capos_status accept_message_form(const struct ring *ring,
                                                     const struct capos_sqe *sqe) {
    return LIKELY(ring_holds_both(ring, sqe->params, sqe->params_bytes, sqe->results,
                                  sqe->results_capacity))
               ? CAPOS_STATUS_OK
               : CAPOS_STATUS_MALFORMED;
}

static inlined enum capos_status accept_call_form(const struct ring *ring,
                                                  const struct capos_sqe *sqe) {
    enum capos_status status = accept_message_form(ring, sqe);

    if (UNLIKELY(status == CAPOS_STATUS_MALFORMED))
        return status;
    if ((sqe->sent | sqe->room) != 0 &&
        (sqe->sent > CAPOS_TRANSFER_MAX || sqe->room > CAPOS_TRANSFER_MAX ||
         !accept_descriptors(ring, sqe, (uint32_t)sqe->sent + sqe->room)))
        return CAPOS_STATUS_MALFORMED;
    return status;
}

// What a record needs until it ends, but for its word and user_data.
static inlined void accept_fill_end(struct call *call, const struct capos_sqe *sqe,
                                    struct object *target, uint32_t reserved) {
    call->opcode = sqe->opcode;
    call->flags = sqe->flags;
    call->sent = sqe->sent;
    call->room = sqe->room;
    call->target = target;
    call->results = sqe->results;
    call->results_capacity = sqe->results_capacity;
    call->reserved = reserved;
}

// And what it needs until it begins.
static inline void accept_fill(struct call *call, const struct capos_sqe *sqe,
                               struct object *target, uint32_t reserved) {
    ring_name(call);
    accept_fill_end(call, sqe, target, reserved);
    call->user_data = sqe->user_data;
    call->method = sqe->method;
    call->interface = sqe->interface;
    call->params = sqe->params;
    call->params_bytes = sqe->params_bytes;
    call->descriptors = sqe->descriptors;
}

// The object that a CALL through `cap` goes to, with a reference. REFUSED: none that can be called.
must_use static inline enum capos_status accept_target(const struct ring *ring, uint64_t cap,
                                                       struct captable_view *view,
                                                       struct object **target) {
    enum capos_status status = captable_lookup(&ring->process->table, cap, view);

    if (status != CAPOS_STATUS_OK)
        return status;
    *target = view->object;
    return view->kind != OBJECT_RECEIVER && object_try_get(view->object) ? CAPOS_STATUS_OK
                                                                         : CAPOS_STATUS_REFUSED;
}

// Notes who the caller is to the service of the facet that the call goes to.
static inline void accept_session(struct cpu *cpu, struct ring *ring, struct call *call) {
    uint64_t service = facet_of(call->target)->endpoint->service;
    const struct ring_reference *known = ring_reference(ring, service);

    if (UNLIKELY(!ring_is_reference(known, service)))
        ring_learn_reference(cpu, ring, service);
    call->session[0] = known->reference.word[0];
    call->session[1] = known->reference.word[1];
    call->session_epoch = ring->process->session.epoch;
}

#endif
