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

// Ties a token to a call: its word once that is DELIVERED. Its death may claim it as soon as it
// has that. The table of the server's tokens is locked.
static inlined uint64_t deliver_tie_locked(struct token *token, struct call *call) {
    uint64_t word =
        call_word(atomic_load_explicit(&call->word, memory_order_relaxed), CALL_DELIVERED);

    call->token = token;
    token->call = call;
    token->word = word;
    return word;
}

// Makes the call one that the server holds by the token: DELIVERED. The token gets the RECV's
// Receiver and, if it has not used them, its slots, which a REARM then need not look for. The table
// of the server's tokens is locked.
static inlined void deliver_hold_locked(struct token *token, struct call *call,
                                        struct call *receive, bool slots) {
    uint64_t word = deliver_tie_locked(token, call);

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

// What a message says of its call.
struct deliver_what {
    uint64_t token;
    uint64_t interface;
    uint64_t session[2];
    uint32_t session_epoch;
    uint16_t method;
    uint8_t caps, room;
    uint32_t params_bytes;
    uint32_t results_capacity;
    uint32_t at; // behind what the RECV has taken already
};

// Writes the header where the RECV wants it. Only writes: what is in the receiver's ring may change
// at any time.
static inline void deliver_write_header(const struct call *receive, const struct facet *facet,
                                        const struct deliver_what *what) {
    struct capos_message *header =
        (struct capos_message *)(void *)(receive->ring->base + receive->results + what->at);

    header->token = what->token;
    header->object_id = facet->object_id;
    header->interface = what->interface;
    header->method = what->method;
    header->kind = CAPOS_MESSAGE_CALL;
    header->caps = what->caps;
    header->params_words = (uint16_t)(what->params_bytes / 8);
    header->room = what->room;
    header->disclosure = facet->disclosure;
    header->session[0] = what->session[0];
    header->session[1] = what->session[1];
    header->session_epoch = what->session_epoch;
    header->results_capacity = what->results_capacity;
    header->facet_interface = facet->interface;
}

#endif
