// SPDX-License-Identifier: MIT
// What a delivery consists of, for those that deliver: deliver.c, and direct.c for the usual case.
// The endpoint is locked.
#ifndef CORE_DELIVER_H
#define CORE_DELIVER_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/endpoint.h"
#include "core/ringserve.h"
#include "core/token.h"

#include <capos/ring.h>
#include <stdbool.h>
#include <stdint.h>

// May an OFFERED RECV still take messages? Not after its process has passed the Receiver on. (When
// the Receiver is lost no RECV stays OFFERED.)
static inline bool deliver_is_holder(const struct endpoint *endpoint, const struct call *receive) {
    return atomic_load_explicit(&endpoint->server, memory_order_acquire) == receive->ring->process;
}

// May any RECV? Not after its process has lost the Receiver.
static inline bool deliver_is_server(const struct endpoint *endpoint, const struct call *receive) {
    return endpoint->receiver == receiver_of(receive->target) &&
           deliver_is_holder(endpoint, receive);
}

// Is there anything that a RECV should have first?
static inline bool deliver_has_work(const struct endpoint *endpoint) {
    return endpoint->released != NULL || !list_is_empty(&endpoint->cancelled) ||
           !list_is_empty(&endpoint->calls);
}

static inline bool deliver_fits(uint32_t params_bytes, const struct call *receive) {
    return sizeof(struct capos_message) + (uint64_t)params_bytes <= receive->results_capacity;
}

// The word of a call that is being delivered, once it is.
static inlined uint64_t deliver_word(const struct call *call) {
    return call_word(atomic_load_explicit(&call->word, memory_order_relaxed), CALL_DELIVERED);
}

// Ties a token to a call, whose `word` it will be, which says DELIVERED. Its death may claim it as
// soon as it has that. The table of the server's tokens is locked.
static inlined void deliver_tie_locked(struct token *token, struct call *call, uint64_t word) {
    call->token = token;
    token->call = call;
    token->word = word;
}

// Makes the call one that the server holds by the token: that is its word from now on. The token
// gets the RECV's Receiver and, if it has not used them, its slots, which a REARM then need not
// look for. The table of the server's tokens is locked.
static inlined void deliver_hold_locked(struct token *token, struct call *call, uint64_t word,
                                        struct call *receive, bool slots) {
    deliver_tie_locked(token, call, word);
    token->receive = receive;
    token->receive_word =
        call_word(atomic_load_explicit(&receive->word, memory_order_relaxed), CALL_IDLE);
    token_set_receiver(token, receiver_of(receive->target)); // the reference goes over
    __atomic_store_n(&receive->target, NULL, __ATOMIC_RELAXED);
    if (slots) {
        token->reserved = receive->reserved;
        receive->reserved = 0;
    }
    atomic_store_explicit(&call->word, word, memory_order_release);
}

// The header of a message, where the RECV wants it, behind what it has taken already. It is only
// written: what is in the receiver's ring may change at any time. The four functions below make it
// whole.
static inlined struct capos_message *deliver_header(const struct call *receive, uint32_t at) {
    return (struct capos_message *)(void *)(receive->ring->base + receive->results + at);
}

static inlined void deliver_write_facet(struct capos_message *header, const struct facet *facet) {
    header->object_id = facet->object_id;
    header->facet_interface = facet->interface;
    header->disclosure = facet->disclosure;
}

static inlined void deliver_write_session(struct capos_message *header, const uint64_t session[2],
                                          uint32_t epoch) {
    header->session[0] = session[0];
    header->session[1] = session[1];
    header->session_epoch = epoch;
}

static inlined void deliver_write_call(struct capos_message *header, uint64_t token,
                                       uint64_t interface, uint16_t method) {
    header->token = token;
    header->interface = interface;
    header->method = method;
    header->kind = CAPOS_MESSAGE_CALL;
}

static inlined void deliver_write_sizes(struct capos_message *header, uint32_t params_bytes,
                                        uint32_t results_capacity, uint8_t caps, uint8_t room) {
    header->params_words = (uint16_t)(params_bytes / 8);
    header->results_capacity = results_capacity;
    header->caps = caps;
    header->room = room;
}

#endif
