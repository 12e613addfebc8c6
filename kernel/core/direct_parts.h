// SPDX-License-Identifier: MIT
// What the direct ways (direct.c, direct_caps.c, direct_park.c) have in common: may this CPU go on
// with the thread that is woken, is the running one's wait a usual one, and the switch from one to
// the other.
#ifndef CORE_DIRECT_PARTS_H
#define CORE_DIRECT_PARTS_H

#include "core/captable.h"
#include "core/cpu.h"
#include "core/deliver.h"
#include "core/endpoint.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/sched.h"
#include "core/thread.h"
#include "machine/context.h"

#include <capos/ring.h>
#include <stdbool.h>
#include <stdint.h>

// May this CPU go on with a thread that waits in its ring for the completion of `call`, and would
// that have nothing else to do first? The ring is locked.
static inlined bool direct_can_go_on(const struct cpu *cpu, const struct ring *ring,
                                     const struct call *call) {
    return ring_waits_for(ring, call) && sched_may_take(cpu, ring->thread);
}

// Will the ring's thread, which has read all its completions, wait for one more or for this slot's,
// and take no message meanwhile?
static inlined bool direct_is_waited_for(const struct ring *ring, uint16_t slot, uint32_t wait) {
    return wait == (CAPOS_WAIT_SLOT | slot) || (wait == 1 && list_is_empty(&ring->armed));
}

// `next` goes on here; the running thread, of which so many SQEs were taken, waits, and is known to
// go on with the end of `awaited` (ring_goes_on_with); NULL: nothing is known.
static inlined struct thread *direct_change_over(struct cpu *cpu, struct ring *ring, uint32_t taken,
                                                 struct call *awaited, struct thread *next) {
    machine_context_set_result(&ring->thread->context, taken); // CAPOS_ENTER_DONE
    ring->sq_head += taken;
    ring_publish_taken(ring);
    sched_pass(cpu, next);
    return sched_leave_passed(cpu, next, ring_rest(ring, awaited) ? NULL : ring->thread);
}

// The facet that is called, when it can be called without more ado; lent.
static inlined struct facet *direct_called_facet(const struct ring *ring,
                                                 const struct capos_sqe *sqe) {
    struct captable_view view;

    if (captable_lookup(&ring->process->table, sqe->cap, &view) != CAPOS_STATUS_OK ||
        view.kind != OBJECT_FACET || view.revoker != NULL)
        return NULL;
    return facet_of(view.object);
}

// The RECV that the call is for. The endpoint is locked.
static inlined struct call *direct_waiting_receive(const struct facet *facet,
                                                   const struct endpoint *endpoint,
                                                   uint32_t params_bytes) {
    struct call *receive = list_entry(endpoint->idle.head.next, struct call, offered);

    if (list_is_empty(&endpoint->idle) || !facet_is_current(facet) || deliver_has_work(endpoint))
        return NULL;
    kassert(deliver_is_server(endpoint, receive) || !deliver_is_holder(endpoint, receive));
    return deliver_is_holder(endpoint, receive) && deliver_fits(params_bytes, receive) ? receive
                                                                                       : NULL;
}

// Writes the message of a call by this SQE, with so many capabilities sent and taken back.
static inlined void direct_write_message(const struct ring *ring, const struct capos_sqe *sqe,
                                         uint64_t interface, const struct facet *facet,
                                         const struct ring_reference *reference,
                                         const struct call *receive, uint64_t token, uint8_t sent,
                                         uint8_t room) {
    struct capos_message *header = deliver_header(receive, 0);

    deliver_write_call(header, token, interface, sqe->method);
    deliver_write_facet(header, facet);
    deliver_write_session(header, reference->reference.word, ring->process->session.epoch);
    deliver_write_sizes(header, sqe->params_bytes, sqe->results_capacity, sent, room);
    ring_copy_over(receive->ring, receive->results + (uint32_t)sizeof(struct capos_message), ring,
                   sqe->params, sqe->params_bytes);
}

#endif
