// SPDX-License-Identifier: MIT
// PIPELINE and LINK (depend.h). Nothing here recurses on a chain: a source that fails adopts its
// dependants' dependants, so each ends in its turn; one that answers starts each of its own, and
// what that leads to (a call in a queue, a record that is DUE) goes on later, from elsewhere. An
// operation that fails as it is started fails those that wait for it, which are not started then.
#include "core/depend.h"

#include "core/accept.h"
#include "core/call.h"
#include "core/cancel.h"
#include "core/captable.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/endpoint.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/ringserve.h"
#include "core/sched.h"

void depend_init(struct depend *depend) {
    depend->chain = (struct depend_chain){DEPEND_NONE, DEPEND_NONE};
    depend->next = depend->source = DEPEND_NONE;
}

static struct depend *depend_of(const struct call *call) {
    return &call->ring->depends[call->slot];
}

// Chains; the ring is locked ----------------------------------------------------------------------

static void append(struct ring *ring, struct depend_chain *chain, const struct call *call) {
    uint8_t slot = (uint8_t)call->slot;

    ring->depends[slot].next = DEPEND_NONE;
    if (chain->first == DEPEND_NONE)
        chain->first = slot;
    else
        ring->depends[chain->last].next = slot;
    chain->last = slot;
}

static struct call *pop(struct ring *ring, struct depend_chain *chain) {
    struct call *call;

    if (chain->first == DEPEND_NONE)
        return NULL;
    call = &ring->calls[chain->first];
    chain->first = ring->depends[chain->first].next;
    if (chain->first == DEPEND_NONE)
        chain->last = DEPEND_NONE;
    return call;
}

static void unlink(struct ring *ring, struct depend_chain *chain, const struct call *call) {
    uint8_t before = DEPEND_NONE, slot = chain->first;

    for (; slot != call->slot; slot = ring->depends[slot].next)
        before = slot;
    if (before == DEPEND_NONE)
        chain->first = ring->depends[slot].next;
    else
        ring->depends[before].next = ring->depends[slot].next;
    if (chain->last == slot)
        chain->last = before;
}

static void mark_awaited(struct call *source) {
    if (depend_of(source)->chain.first == DEPEND_NONE)
        source->flags &= (uint8_t)~DEPEND_AWAITED;
    else
        source->flags |= DEPEND_AWAITED;
}

// What waits for `call` waits for `source`, which is awaited by none before them, from now on.
static void adopt(struct ring *ring, struct call *source, struct call *call) {
    struct depend *depend = depend_of(call), *to = depend_of(source);

    if (depend->chain.first == DEPEND_NONE)
        return;
    for (uint8_t slot = depend->chain.first; slot != DEPEND_NONE; slot = ring->depends[slot].next)
        ring->depends[slot].source = (uint8_t)source->slot;
    ring->depends[depend->chain.last].next = to->chain.first;
    if (to->chain.first == DEPEND_NONE)
        to->chain.last = depend->chain.last;
    to->chain.first = depend->chain.first;
    depend->chain = (struct depend_chain){DEPEND_NONE, DEPEND_NONE};
    mark_awaited(call);
}

// Starting ----------------------------------------------------------------------------------------

// Runs a claimed record whose target is no facet, by its own thread.
static void run(struct cpu *cpu, struct call *call) {
    enum capos_status status;

    switch (call->opcode) {
    case CAPOS_OP_CALL:
        dispatch_call(cpu, call);
        break;
    case CAPOS_OP_RELEASE:
        status = captable_release(cpu, &call->ring->process->table, call->waiting_cap);
        call_complete(cpu, call, -(int32_t)status, 0, 0);
        break;
    default: // NOP
        call_complete(cpu, call, 0, 0, 0);
        break;
    }
}

// Leaves a claimed record to its thread.
static void make_due(struct cpu *cpu, struct call *call) {
    struct ring *ring = call->ring;
    bool dead, woken = false;

    lock_take(&ring->lock);
    dead = ring->phase == RING_DEAD;
    if (!dead) {
        append(ring, &ring->due, call);
        ring_note_work(ring);
        call_set(call, CALL_DUE);
        woken = ring->phase == RING_WAITING;
        if (woken)
            ring->phase = RING_WOKEN;
    }
    lock_drop(&ring->lock);
    if (dead)
        call_fail(cpu, call, CAPOS_STATUS_CANCELLED);
    if (woken)
        sched_ready_handoff(cpu, ring->thread);
}

// A claimed record's target, with its reference; a use of the revoker that it was found through
// begins. No locks held.
static enum capos_status set_target(struct cpu *cpu, struct call *call,
                                    const struct captable_view *view, struct object *target) {
    enum capos_status status = CAPOS_STATUS_OK;

    if (view->revoker != NULL)
        status = revoker_use_begin(cpu, call, view->revoker);
    if (status != CAPOS_STATUS_OK) {
        object_put(cpu, target);
        return status;
    }
    call->target = target;
    if (view->revoker != NULL) {
        lock_take(&call->ring->lock);
        call->flags |= CALL_REVOCABLE;
        lock_drop(&call->ring->lock);
    }
    return CAPOS_STATUS_OK;
}

// The target of a pipelined record, from its source's answer.
static enum capos_status find_target(struct cpu *cpu, struct call *call) {
    struct ring *ring = call->ring;
    const struct depend *source = &ring->depends[depend_of(call)->source];
    struct captable_view view;
    enum capos_status status;
    struct object *target;
    uint64_t cap = 0;

    if (call->waiting_cap < source->caps)
        cap = source->cap[call->waiting_cap];
    if (cap == 0)
        return CAPOS_STATUS_REFUSED;
    call->waiting_cap = cap;
    if (call->opcode == CAPOS_OP_RELEASE)
        return CAPOS_STATUS_OK;
    status = accept_target(ring, cap, &view, &target);
    return status == CAPOS_STATUS_OK ? set_target(cpu, call, &view, target) : status;
}

static bool is_for_endpoint(const struct call *call) {
    return call->target != NULL && call->target->type->kind == OBJECT_FACET;
}

// The same as accept_session, on whatever CPU the source has been answered: false when the ring
// doesn't know the service. The ring is locked.
static bool set_known_session(struct ring *ring, struct call *call) {
    uint64_t service = facet_of(call->target)->endpoint->service;
    const struct ring_reference *known = ring_reference(ring, service);

    call->session[0] = known->reference.word[0];
    call->session[1] = known->reference.word[1];
    call->session_epoch = ring->process->session.epoch;
    return known->known && known->service == service;
}

static void set_session(struct cpu *cpu, struct call *call) {
    struct ring *ring = call->ring;
    struct session_reference reference;
    bool known;

    lock_take(&ring->lock);
    known = set_known_session(ring, call);
    lock_drop(&ring->lock);
    if (known)
        return;
    reference =
        session_reference(cpu, &ring->process->session, facet_of(call->target)->endpoint->service);
    call->session[0] = reference.word[0];
    call->session[1] = reference.word[1];
}

// Starts a claimed record whose source has answered with results. `here`: its own thread may run
// it at once.
static void start(struct cpu *cpu, struct call *call, bool here) {
    enum capos_status status = CAPOS_STATUS_OK;

    if ((call_flags(call) & CAPOS_SQE_PIPELINE) != 0) {
        status = find_target(cpu, call);
        if (status == CAPOS_STATUS_OK && is_for_endpoint(call))
            set_session(cpu, call);
    }
    if (status != CAPOS_STATUS_OK)
        call_fail(cpu, call, status);
    else if (is_for_endpoint(call))
        endpoint_call(cpu, call);
    else if (here)
        run(cpu, call);
    else
        make_due(cpu, call);
}

// The usual dependant: a CALL on a facet of the answer that is under no revoker, by a ring that
// knows the service. It has its target and session then; true. Otherwise nothing has happened. The
// ring is locked.
static inline bool find_facet_locked(struct ring *ring, struct call *call,
                                     const struct depend *source) {
    struct captable_view view;

    if (UNLIKELY((call->flags & CAPOS_SQE_PIPELINE) == 0 || call->opcode != CAPOS_OP_CALL ||
                 call->waiting_cap >= source->caps ||
                 captable_lookup(&ring->process->table, source->cap[call->waiting_cap], &view) !=
                     CAPOS_STATUS_OK ||
                 view.kind != OBJECT_FACET || view.revoker != NULL ||
                 !ring_knows_reference(ring, facet_of(view.object)->endpoint->service) ||
                 !object_try_get(view.object)))
        return false;
    call->target = view.object;
    (void)set_known_session(ring, call);
    return true;
}

void depend_run_due(struct cpu *cpu, struct ring *ring) {
    struct call *call;

    for (;;) {
        lock_take(&ring->lock);
        call = pop(ring, &ring->due);
        ring_note_work(ring);
        if (call != NULL)
            call_set(call, CALL_CLAIMED);
        lock_drop(&ring->lock);
        if (call == NULL)
            return;
        run(cpu, call);
        if (cpu->closing != NULL || cpu->moved != NULL)
            object_close_pending(cpu);
        machine_interrupt_window(cpu);
    }
}

// Accepting ---------------------------------------------------------------------------------------

// RECV's end is decided under an endpoint's lock, where nothing else can be started.
static bool can_be_source(const struct call *source, bool pipeline) {
    if (source->opcode == CAPOS_OP_CALL)
        return true;
    return !pipeline && (source->opcode == CAPOS_OP_NOP || source->opcode == CAPOS_OP_RELEASE ||
                         source->opcode == CAPOS_OP_PARK);
}

static enum capos_status check_form(const struct ring *ring, const struct capos_sqe *sqe) {
    uint32_t slot = machine_clamp(sqe->source, ring->slots);
    bool pipeline = (sqe->flags & CAPOS_SQE_PIPELINE) != 0;

    if (pipeline && ((sqe->flags & CAPOS_SQE_LINK) != 0 || sqe->cap >= CAPOS_TRANSFER_MAX))
        return CAPOS_STATUS_MALFORMED;
    if (slot != sqe->source || slot == sqe->slot || !can_be_source(&ring->calls[slot], pipeline))
        return CAPOS_STATUS_MALFORMED;
    return sqe->opcode == CAPOS_OP_CALL ? accept_call_form(ring, sqe) : CAPOS_STATUS_OK;
}

// The target of a linked CALL and the slots of any.
static enum capos_status reserve(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                                 struct call *call, struct captable_view *view,
                                 struct object **target, uint32_t *chain) {
    enum capos_status status = CAPOS_STATUS_OK;

    view->revoker = NULL;
    *target = NULL;
    *chain = 0;
    if (sqe->opcode != CAPOS_OP_CALL)
        return CAPOS_STATUS_OK;
    if ((sqe->flags & CAPOS_SQE_LINK) != 0)
        status = accept_target(ring, sqe->cap, view, target);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = captable_reserve(cpu, &ring->process->table, sqe->room, chain);
    if (status == CAPOS_STATUS_OK && view->revoker != NULL) {
        status = revoker_use_begin(cpu, call, view->revoker);
        if (status != CAPOS_STATUS_OK)
            captable_unreserve(cpu, &ring->process->table, *chain);
    }
    if (status != CAPOS_STATUS_OK && *target != NULL)
        object_put(cpu, *target);
    return status;
}

// Lets a claimed record wait for its source. False: that has ended.
static bool wait_for(struct ring *ring, struct call *call, struct call *source) {
    enum call_state state;
    bool waits;

    lock_take(&ring->lock);
    state = call_state(source);
    waits = state != CALL_IDLE && state != CALL_DONE;
    depend_of(call)->source = (uint8_t)source->slot;
    if (waits) {
        append(ring, &depend_of(source)->chain, call);
        source->flags |= DEPEND_AWAITED;
        call_set(call, CALL_WAITING);
    }
    lock_drop(&ring->lock);
    return waits;
}

flat int32_t depend_accept(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    enum capos_status status, form = check_form(ring, sqe);
    struct call *call = accept_slot(ring, sqe->slot, &status), *source;
    struct captable_view view;
    struct object *target;
    uint32_t chain;

    if (call != NULL)
        status = form;
    if (status == CAPOS_STATUS_OK)
        status = reserve(cpu, ring, sqe, call, &view, &target, &chain);
    if (status != CAPOS_STATUS_OK)
        return -(int32_t)status;
    accept_fill(call, sqe, target, chain);
    if (view.revoker != NULL)
        call->flags |= CALL_REVOCABLE;
    if (sqe->opcode != CAPOS_OP_CALL)
        call->sent = call->room = 0;
    if (is_for_endpoint(call))
        accept_session(cpu, ring, call);
    else
        call->waiting_cap = sqe->cap;
    source = &ring->calls[sqe->source];
    if (wait_for(ring, call, source))
        return ACCEPT_PENDING;
    if ((source->flags & DEPEND_GAVE) == 0)
        depend_of(source)->caps = 0;
    if ((source->flags & DEPEND_FAILED) != 0)
        call_fail(cpu, call, CAPOS_STATUS_SOURCE_FAILED);
    else
        start(cpu, call, true);
    return ACCEPT_PENDING;
}

void depend_refused(struct ring *ring, const struct capos_sqe *sqe) {
    enum capos_status status;
    struct call *call = accept_slot(ring, sqe->slot, &status);

    if (call == NULL)
        return;
    call->flags |= DEPEND_FAILED;
    if (call->opcode != CAPOS_OP_RECV) // which a RETURN may still arm again
        call->opcode = sqe->opcode;
}

// Ending ------------------------------------------------------------------------------------------

void depend_remember(struct call *call, const struct capos_descriptor *received, uint32_t count) {
    struct depend *depend = depend_of(call);

    depend->caps = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++)
        depend->cap[i] = received[i].cap;
}

// Whoever killed the thread has left a record that was CLAIMED to us; it may be in a queue by now.
seldom static void end_of_dead(struct cpu *cpu, struct call *call) {
    struct ring *ring = call->ring;

    lock_drop(&ring->lock);
    cancel_record(cpu, call, CAPOS_STATUS_CANCELLED);
    lock_take(&ring->lock);
}

static inline void end_if_dead(struct cpu *cpu, struct call *call) {
    if (UNLIKELY(call->ring->phase == RING_DEAD))
        end_of_dead(cpu, call);
}

// Starts those that wait for a source that has answered. The ring's lock is dropped once for each;
// what can be found out under it is found out before.
static void start_all_locked(struct cpu *cpu, struct ring *ring, struct depend *source) {
    struct call *call;
    bool found;

    while ((call = pop(ring, &source->chain)) != NULL) {
        call_set(call, CALL_CLAIMED);
        found = find_facet_locked(ring, call, source);
        lock_drop(&ring->lock);
        if (LIKELY(found))
            endpoint_call(cpu, call);
        else
            start(cpu, call, false);
        lock_take(&ring->lock);
        end_if_dead(cpu, call);
    }
}

// Those that wait for a source that has failed fail, too.
seldom static void fail_all_locked(struct cpu *cpu, struct ring *ring, struct call *source) {
    struct call *call;

    while ((call = pop(ring, &depend_of(source)->chain)) != NULL) {
        call_set(call, CALL_CLAIMED);
        adopt(ring, source, call);
        lock_drop(&ring->lock);
        call_fail(cpu, call, CAPOS_STATUS_SOURCE_FAILED);
        lock_take(&ring->lock);
        end_if_dead(cpu, call);
    }
}

void depend_end_locked(struct cpu *cpu, struct call *source, bool results, uint8_t caps) {
    struct ring *ring = source->ring;
    struct depend *depend = depend_of(source);

    if (caps > 0)
        source->flags |= DEPEND_GAVE;
    else
        depend->caps = 0;
    if (UNLIKELY(!results)) {
        source->flags |= DEPEND_FAILED;
        fail_all_locked(cpu, ring, source);
    } else if (depend->chain.first != DEPEND_NONE) {
        start_all_locked(cpu, ring, depend);
    } else {
        return;
    }
    mark_awaited(source);
}

void depend_leave_locked(struct call *call) {
    struct ring *ring = call->ring;
    struct call *source;

    if (call_state(call) == CALL_DUE) {
        unlink(ring, &ring->due, call);
        ring_note_work(ring);
        return;
    }
    source = &ring->calls[depend_of(call)->source];
    unlink(ring, &depend_of(source)->chain, call);
    mark_awaited(source);
}

bool depend_cancel(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status) {
    struct ring *ring = call->ring;
    bool there;

    lock_take(&ring->lock);
    there = atomic_load_explicit(&call->word, memory_order_relaxed) == word;
    if (there) {
        depend_leave_locked(call);
        call_set(call, CALL_CLAIMED);
    }
    lock_drop(&ring->lock);
    if (there)
        call_fail(cpu, call, status);
    return there;
}
