// SPDX-License-Identifier: MIT
// The direct ways (direct.h) of a call and of an answer that carry capabilities, or of a call that
// takes some back. They go as those of direct.c, with one thing more: what is sent is checked, with
// both capability tables locked, before the server's tokens and the other thread's ring are; slots
// are reserved before all of that, and what is left of them is given back after it. The caller's
// record has slots reserved meanwhile, so nobody else takes its end for one that leaves nothing to
// do (ring_goes_on_with).
#include "core/direct.h"

#include "core/accept.h"
#include "core/answer.h"
#include "core/debug.h"
#include "core/depend.h"
#include "core/direct_parts.h"
#include "core/token.h"
#include "core/transfer.h"

// A call or an answer as far as it has been looked at.
struct direct_caps {
    const struct capos_sqe *sqe;
    struct ring *ring;
    struct endpoint *endpoint;
    struct ring *to;      // the other thread's
    struct process *peer; // and its process; lent
    struct call *call;    // the caller's record
    uint32_t reserved;    // slots for its answer; or for the RECV that is armed again
    uint32_t left;        // of the receiver's: to be given back
    struct facet *facet;  // of a call
    const struct ring_reference *reference;
    struct token *token; // of an answer
};

static void give_back(struct cpu *cpu, const struct ring *ring, uint32_t chain) {
    captable_unreserve(cpu, &ring->process->table, chain);
}

// Checks what is sent; on success, and if there is anything, both capability tables are locked.
static bool prepare(struct cpu *cpu, const struct direct_caps *direct, uint32_t room) {
    const struct capos_sqe *sqe = direct->sqe;
    const struct ring *ring = direct->ring;

    return sqe->sent == 0 ||
           transfer_take(cpu, cpu->transfer, ring->process, direct->peer,
                         ring->base + sqe->descriptors, sqe->sent, room) == CAPOS_STATUS_OK;
}

static void undo(struct cpu *cpu, const struct direct_caps *direct) {
    if (direct->sqe->sent > 0)
        transfer_abort(cpu, cpu->transfer);
}

// Passes them, with `record`'s slots, to where its process wants to see them.
static void pass(struct cpu *cpu, struct direct_caps *direct, struct call *record,
                 uint32_t descriptors) {
    if (direct->sqe->sent > 0) {
        transfer_commit(cpu, cpu->transfer, &record->reserved);
        transfer_show(cpu->transfer, record->ring->base + descriptors);
    }
}

// Calls -------------------------------------------------------------------------------------------

// The endpoint, the tables, the tokens and the server's ring are locked.
static void commit_call(struct cpu *cpu, struct direct_caps *direct, struct call *receive) {
    const struct capos_sqe *sqe = direct->sqe;
    struct call *call = direct->call;
    struct ring *to = direct->to;
    struct token *token;

    debug_commit_begin(cpu);
    direct->ring->accepted++;
    ring_name(call);
    accept_fill_end(call, sqe, &direct->facet->object, direct->reserved);
    call->user_data = sqe->user_data;
    call->descriptors = sqe->descriptors;
    token = token_take_locked(&to->process->tokens);
    deliver_hold_locked(token, call, deliver_word(call), receive, sqe->sent == 0);
    pass(cpu, direct, receive, receive->descriptors);
    direct->left = receive->reserved;
    receive->reserved = 0;
    direct_write_message(direct->ring, sqe, sqe->interface, direct->facet, direct->reference,
                         receive, token_id(token), sqe->sent, sqe->room);
    list_remove(&receive->offered);
    list_remove(&receive->link);
    to->offering = false;
    ring_end_wait_caps(to, receive, (uint32_t)sizeof(struct capos_message) + sqe->params_bytes,
                       sqe->sent);
    sched_take(cpu, to->thread);
    debug_commit_end(cpu);
}

// Delivers to a RECV that waits; what is sent has been checked. False: nothing has happened.
static bool deliver_checked(struct cpu *cpu, struct direct_caps *direct, struct call *receive) {
    struct ring *to = direct->to;
    struct token_table *tokens = &to->process->tokens;
    bool usual;

    lock_take(&tokens->lock);
    lock_take(&to->lock);
    usual = token_is_free_locked(tokens) && direct_can_go_on(cpu, to, receive) &&
            object_try_get(&direct->facet->object);
    if (LIKELY(usual))
        commit_call(cpu, direct, receive);
    lock_drop(&to->lock);
    lock_drop(&tokens->lock);
    return usual;
}

// The endpoint is locked.
static bool deliver_locked(struct cpu *cpu, struct direct_caps *direct) {
    const struct capos_sqe *sqe = direct->sqe;
    struct call *receive =
        direct_waiting_receive(direct->facet, direct->endpoint, sqe->params_bytes);

    if (receive == NULL || sqe->sent > receive->room)
        return false;
    direct->to = receive->ring;
    direct->peer = receive->ring->process;
    if (!prepare(cpu, direct, receive->room))
        return false;
    if (LIKELY(deliver_checked(cpu, direct, receive)))
        return true;
    undo(cpu, direct);
    return false;
}

static bool look_at_call(struct direct_caps *direct, uint32_t wait) {
    const struct capos_sqe *sqe = direct->sqe;
    struct ring *ring = direct->ring;
    enum capos_status status;

    direct->facet = direct_called_facet(ring, sqe);
    direct->call = accept_slot(ring, sqe->slot, &status);
    if (direct->facet == NULL || direct->call == NULL || (sqe->flags | sqe->zero) != 0 ||
        accept_call_form(ring, sqe) != CAPOS_STATUS_OK ||
        !direct_is_waited_for(ring, sqe->slot, wait))
        return false;
    direct->endpoint = direct->facet->endpoint;
    direct->reference = ring_reference(ring, direct->endpoint->service);
    return ring_is_reference(direct->reference, direct->endpoint->service);
}

flat struct thread *direct_call_caps(struct cpu *cpu, struct ring *ring,
                                     const struct capos_sqe *sqe, uint32_t wait) {
    struct direct_caps direct = {.sqe = sqe, .ring = ring};
    bool delivered;

    if (!look_at_call(&direct, wait) || captable_reserve(cpu, &ring->process->table, sqe->room,
                                                         &direct.reserved) != CAPOS_STATUS_OK)
        return NULL;
    lock_take(&direct.endpoint->lock);
    delivered = deliver_locked(cpu, &direct);
    lock_drop(&direct.endpoint->lock);
    if (UNLIKELY(!delivered)) {
        give_back(cpu, ring, direct.reserved);
        return NULL;
    }
    give_back(cpu, direct.to, direct.left);
    return direct_change_over(cpu, ring, 1, NULL, direct.to->thread);
}

// Answers -----------------------------------------------------------------------------------------

// Can the token's call be answered by this, with nothing else that follows from it, by who has
// these slots reserved, or none, for the RECV? The tokens are locked.
static bool can_answer(const struct direct_caps *direct, const struct token *token) {
    const struct capos_sqe *sqe = direct->sqe;

    return token_is_live_locked(token, sqe->cap) && token->receiver == direct->endpoint->receiver &&
           answer_can_rearm(direct->ring, token, direct->endpoint) &&
           list_is_empty(&token->table->stuck) && sqe->sent <= token->call->room &&
           sqe->params_bytes <= token->call->results_capacity;
}

static bool has_slots(const struct direct_caps *direct, const struct token *token) {
    return (token->reserved != 0) != (direct->reserved != 0) || token->receive->room == 0;
}

// Finds out who the caller is, and what the RECV needs. False: not the usual case.
static bool look_at_token(struct direct_caps *direct, uint32_t *room, uint32_t *needs) {
    struct token_table *tokens = &direct->ring->process->tokens;
    struct token *token = direct->token;
    bool usual;

    lock_take(&tokens->lock);
    usual = can_answer(direct, token);
    if (LIKELY(usual)) {
        direct->to = token->call->ring;
        direct->peer = token->call->ring->process;
        *room = token->call->room;
        *needs = token->reserved != 0 ? 0 : token->receive->room;
    }
    lock_drop(&tokens->lock);
    return usual;
}

// Everything is locked; the call is claimed.
static void commit_return(struct cpu *cpu, struct direct_caps *direct) {
    const struct capos_sqe *sqe = direct->sqe;
    struct token *token = direct->token;
    struct call *call = token->call, *receive = token->receive;
    struct ring *ring = direct->ring, *to = direct->to;

    debug_commit_begin(cpu);
    answer_rearm(ring, receive, token->receiver, token->reserved | direct->reserved, CALL_OFFERED);
    list_push_front(&direct->endpoint->idle, &receive->offered);
    ring->offering = true;
    token_free_locked(token);
    pass(cpu, direct, call,
         call->descriptors + call->sent * (uint32_t)sizeof(struct capos_descriptor));
    direct->left = call->reserved;
    call->reserved = 0;
    if (sqe->sent > 0) {
        depend_remember(call, cpu->transfer->descriptor, sqe->sent);
        call->flags |= DEPEND_GAVE;
    }
    ring_copy_over(to, call->results, ring, sqe->params, sqe->params_bytes);
    call_put_target(cpu, call);
    ring_end_wait_caps(to, call, sqe->params_bytes, sqe->sent);
    sched_take(cpu, to->thread);
    debug_commit_end(cpu);
}

// The tokens are locked as well.
static bool answer_locked(struct cpu *cpu, struct direct_caps *direct) {
    struct token *token = direct->token;
    struct ring *to = direct->to;
    bool usual;

    lock_take(&to->lock);
    usual = atomic_load_explicit(&to->phase, memory_order_relaxed) == RING_WAITING &&
            ring_goes_on_after(to, token->call) && sched_may_take(cpu, to->thread) &&
            call_claim(token->call, token->word);
    if (LIKELY(usual))
        commit_return(cpu, direct);
    lock_drop(&to->lock);
    return usual;
}

// The endpoint is locked. Meanwhile the token may have come to name another call.
static bool return_locked(struct cpu *cpu, struct direct_caps *direct, uint32_t room) {
    struct token_table *tokens = &direct->ring->process->tokens;
    struct token *token = direct->token;
    bool usual;

    if (deliver_has_work(direct->endpoint) || !prepare(cpu, direct, room))
        return false;
    lock_take(&tokens->lock);
    usual = can_answer(direct, token) && token->call->ring == direct->to &&
            has_slots(direct, token) && answer_locked(cpu, direct);
    lock_drop(&tokens->lock);
    if (UNLIKELY(!usual))
        undo(cpu, direct);
    return usual;
}

// The token, if it seems that its caller goes on with its answer, which is exact when the caller's
// ring is locked. Looked at first: of several calls that were sent together few are such.
static struct token *find_waited_for(struct token_table *tokens, uint64_t id) {
    struct token *token = token_peek(tokens, id);
    bool waited_for;

    if (token == NULL)
        return NULL;
    lock_take(&tokens->lock);
    waited_for =
        token_is_live_locked(token, id) && call_flags(token->call) == 0 &&
        atomic_load_explicit(&token->call->ring->phase, memory_order_relaxed) == RING_WAITING;
    lock_drop(&tokens->lock);
    return waited_for ? token : NULL;
}

static bool look_at_return(struct direct_caps *direct, uint32_t wait) {
    const struct capos_sqe *sqe = direct->sqe;
    const struct ring *ring = direct->ring;
    struct receiver *receiver;

    if (sqe->flags != (CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE) || sqe->zero != 0 ||
        sqe->sent > CAPOS_TRANSFER_MAX || !ring_holds(ring, sqe->params, sqe->params_bytes) ||
        !accept_descriptors(ring, sqe, sqe->sent) || wait != 1 || !list_is_empty(&ring->armed))
        return false;
    receiver = token_peek_receiver(direct->token);
    if (receiver == NULL)
        return false;
    direct->endpoint = receiver->endpoint;
    return true;
}

static struct thread *answer_waiting(struct cpu *cpu, struct direct_caps *direct, uint32_t wait) {
    struct ring *ring = direct->ring;
    uint32_t room, needs;
    bool answered;

    if (!look_at_return(direct, wait) || !look_at_token(direct, &room, &needs) ||
        captable_reserve(cpu, &ring->process->table, needs, &direct->reserved) != CAPOS_STATUS_OK)
        return NULL;
    lock_take(&direct->endpoint->lock);
    answered = return_locked(cpu, direct, room);
    lock_drop(&direct->endpoint->lock);
    if (UNLIKELY(!answered)) {
        give_back(cpu, ring, direct->reserved);
        return NULL;
    }
    give_back(cpu, direct->to, direct->left);
    // The RECV is the only one that is armed now.
    return direct_change_over(cpu, ring, 1, list_entry(ring->armed.head.next, struct call, link),
                              direct->to->thread);
}

flat struct thread *direct_return_caps(struct cpu *cpu, struct ring *ring,
                                       const struct capos_sqe *sqe, uint32_t wait) {
    struct token *token = find_waited_for(&ring->process->tokens, sqe->cap);
    struct direct_caps direct = {.sqe = sqe, .ring = ring, .token = token};

    return token == NULL ? NULL : answer_waiting(cpu, &direct, wait);
}
