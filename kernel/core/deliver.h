// SPDX-License-Identifier: MIT
// What a delivery consists of, for those that deliver: deliver.c, and direct.c for the usual case.
// The endpoint is locked.
#ifndef CORE_DELIVER_H
#define CORE_DELIVER_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/endpoint.h"
#include "core/ringserve.h"

#include <capos/ring.h>
#include <stdbool.h>
#include <stdint.h>

// May the RECV still take messages? Not after its process has lost or passed on the Receiver.
static inline bool deliver_is_server(const struct endpoint *endpoint, const struct call *receive) {
    return endpoint->receiver == receiver_of(receive->target) &&
           atomic_load_explicit(&endpoint->server, memory_order_acquire) == receive->ring->process;
}

// Is there anything that a RECV should have first?
static inline bool deliver_has_work(const struct endpoint *endpoint) {
    return endpoint->released != NULL || !list_is_empty(&endpoint->cancelled) ||
           !list_is_empty(&endpoint->calls);
}

static inline bool deliver_fits(uint32_t params_bytes, const struct call *receive) {
    return sizeof(struct capos_message) + (uint64_t)params_bytes <= receive->results_capacity;
}

// Makes the call one that the server holds by the token that is returned: DELIVERED, and the
// token has the RECV's Receiver and, if the call sends no capabilities, its slots. NULL when all
// tokens are held. The table of the server's tokens is locked.
must_use struct token *deliver_hold_locked(struct call *call, struct call *receive);

// Writes the header and the params where the RECV wants them.
void deliver_write(const struct call *call, const struct call *receive, uint64_t token);

#endif
