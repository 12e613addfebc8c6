// SPDX-License-Identifier: MIT
// Direct calls and answers (direct.h). Each is: checks without locks; the endpoint, the server's
// tokens and the other thread's ring are locked, each once, and the rest is checked; commit; the
// locks are dropped; the switch.
//
// The other thread is this CPU's from the commit on: its ring is not WAITING any more, so nobody
// else can end its wait, and on_cpu says who has it before the ring's lock is dropped, so a killer,
// who takes that lock after it has changed `attention`, finds the CPU to tell.
//
// The running thread goes the other way round: first nobody has it any more, then its ring begins
// to wait, under its lock. So who ends its wait finds it free, and it needs no mark for those that
// come in between: they leave a completion, or `attention`, which is looked at under the lock.
#include "core/direct.h"

#include "core/accept.h"
#include "core/answer.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/deliver.h"
#include "core/direct_parts.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/token.h"
#include "ring/shared.h"

// A call as far as it has been looked at.
struct direct_call {
    const struct direct_sqe *sqe;
    struct ring *ring;
    struct call *call;
    struct facet *facet;
    const struct ring_reference *reference; // of the caller at the service
};

// Names the call's record, which is IDLE, and has the server hold it.
static void hold_call(const struct direct_call *direct, struct token *token, struct call *receive) {
    struct call *call = direct->call;
    uint64_t word = atomic_load_explicit(&call->word, memory_order_relaxed) + CALL_SEQUENCE;

    direct->ring->accepted++;
    accept_fill_end(call, &direct->sqe->sqe, &direct->facet->object, 0);
    call->user_data = ring_load_word(direct->sqe->place, SQE_USER_DATA);
    deliver_hold_locked(token, call, call_word(word, CALL_DELIVERED), receive, true);
}

// The endpoint, the tokens and the server's ring are locked.
static void commit_call(struct cpu *cpu, const struct direct_call *direct, struct call *receive) {
    struct ring *to = receive->ring;
    struct token *token;

    debug_commit_begin(cpu);
    token = token_take_locked(&to->process->tokens);
    hold_call(direct, token, receive);
    direct_write_message(direct->ring, &direct->sqe->sqe,
                         ring_load_word(direct->sqe->place, SQE_INTERFACE), direct->facet,
                         direct->reference, receive, token_id(token), 0, 0);
    list_remove(&receive->offered);
    list_remove(&receive->link);
    to->offering = false;
    atomic_store_explicit(&receive->word, token->receive_word, memory_order_release);
    ring_end_wait(to, receive,
                  (uint32_t)sizeof(struct capos_message) + direct->sqe->sqe.params_bytes);
    sched_take(cpu, to->thread);
    debug_commit_end(cpu);
}

// The server, which now has the call; or NULL.
static struct thread *deliver_locked(struct cpu *cpu, const struct direct_call *direct,
                                     const struct endpoint *endpoint) {
    struct call *receive =
        direct_waiting_receive(direct->facet, endpoint, direct->sqe->sqe.params_bytes);
    struct token_table *tokens;
    struct ring *to;
    bool usual;

    if (UNLIKELY(receive == NULL))
        return NULL;
    to = receive->ring;
    tokens = &to->process->tokens;
    lock_take(&tokens->lock);
    lock_take(&to->lock);
    usual = token_is_free_locked(tokens) && direct_can_go_on(cpu, to, receive) &&
            object_try_get(&direct->facet->object);
    if (LIKELY(usual))
        commit_call(cpu, direct, receive);
    lock_drop(&to->lock);
    lock_drop(&tokens->lock);
    return LIKELY(usual) ? to->thread : NULL;
}

struct thread *direct_call(struct cpu *cpu, struct ring *ring, const struct direct_sqe *sqe,
                           uint32_t wait) {
    enum capos_status status;
    struct direct_call direct = {.sqe = sqe, .ring = ring};
    struct endpoint *endpoint;
    struct thread *server;

    // First, since this is where calls of the kernel part.
    direct.facet = direct_called_facet(ring, &sqe->sqe);
    if (direct.facet == NULL || sqe->word[SQE_SENT] >> 32 != 0) // sends or takes capabilities
        return NULL;
    direct.call = accept_slot(ring, sqe->sqe.slot, &status);
    if (direct.call == NULL || accept_message_form(ring, &sqe->sqe) != CAPOS_STATUS_OK ||
        !direct_is_waited_for(ring, sqe->sqe.slot, wait))
        return NULL;
    endpoint = direct.facet->endpoint;
    direct.reference = ring_reference(ring, endpoint->service);
    if (UNLIKELY(!ring_is_reference(direct.reference, endpoint->service)))
        return NULL;
    lock_take(&endpoint->lock);
    server = deliver_locked(cpu, &direct, endpoint);
    lock_drop(&endpoint->lock);
    return UNLIKELY(server == NULL) ? NULL : direct_change_over(cpu, ring, 1, direct.call, server);
}

// Can the call be answered by these params, and its RECV be offered again, with nothing else that
// follows from it? The tokens and the endpoint are locked.
static bool is_usual_answer(const struct ring *ring, const struct capos_sqe *sqe,
                            const struct token *token, const struct endpoint *endpoint) {
    return token_is_live_locked(token, sqe->cap) && answer_can_rearm(ring, token, endpoint) &&
           (token->reserved != 0 || token->receive->room == 0) &&
           sqe->params_bytes <= token->call->results_capacity;
}

// Offers the RECV again, as the only one that is armed. The endpoint is locked.
static void offer_again(struct ring *ring, struct call *receive, struct endpoint *endpoint,
                        const struct token *token) {
    uint64_t word = token->receive_word + CALL_SEQUENCE;

    receive->target = &token->receiver->object;
    receive->reserved = token->reserved;
    atomic_store_explicit(&receive->word, call_word(word, CALL_OFFERED), memory_order_release);
    list_push_back(&ring->armed, &receive->link);
    list_push_front(&endpoint->idle, &receive->offered);
    ring->offering = true;
    ring->accepted++; // this SQE's CQE is the RECV's
}

// The endpoint, the tokens and the caller's ring are locked; the call is claimed.
static void commit_return(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                          struct endpoint *endpoint, struct token *token) {
    struct call *call = token->call;
    struct ring *to = call->ring;

    debug_commit_begin(cpu);
    offer_again(ring, token->receive, endpoint, token);
    token_free_locked(token);
    ring_copy_over(to, call->results, ring, sqe->params, sqe->params_bytes);
    call_put_target(cpu, call);
    ring_end_wait(to, call, sqe->params_bytes);
    sched_take(cpu, to->thread);
    debug_commit_end(cpu);
}

// The caller, which now has its answer; or NULL. The tokens are locked as well.
static struct thread *answer_locked(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                                    struct endpoint *endpoint, struct token *token) {
    struct call *call = token->call;
    struct ring *to = call->ring;
    bool usual;

    lock_take(&to->lock);
    usual = direct_can_go_on(cpu, to, call) && call_claim_as(call, token->word, CALL_IDLE);
    if (LIKELY(usual))
        commit_return(cpu, ring, sqe, endpoint, token);
    lock_drop(&to->lock);
    return LIKELY(usual) ? to->thread : NULL;
}

// The endpoint is locked.
static struct thread *return_locked(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                                    struct endpoint *endpoint, struct token *token) {
    struct token_table *tokens = &ring->process->tokens;
    struct thread *caller = NULL;

    lock_take(&tokens->lock);
    if (LIKELY(is_usual_answer(ring, sqe, token, endpoint) && list_is_empty(&tokens->stuck)))
        caller = answer_locked(cpu, ring, sqe, endpoint, token);
    lock_drop(&tokens->lock);
    return caller;
}

struct thread *direct_return(struct cpu *cpu, struct ring *ring, const struct direct_sqe *sqe,
                             uint32_t wait) {
    struct thread *caller = NULL;
    struct receiver *receiver;
    struct call *receive;
    struct endpoint *endpoint;
    struct token *token;

    if (sqe->word[SQE_SENT] >> 32 != 0 || wait != 1 || !list_is_empty(&ring->armed) ||
        !ring_holds(ring, sqe->sqe.params, sqe->sqe.params_bytes))
        return NULL;
    token = token_peek(&ring->process->tokens, sqe->sqe.cap);
    receiver = UNLIKELY(token == NULL) ? NULL : token_peek_receiver(token);
    if (UNLIKELY(receiver == NULL))
        return NULL;
    endpoint = receiver->endpoint;
    lock_take(&endpoint->lock);
    if (LIKELY(!deliver_has_work(endpoint)))
        caller = return_locked(cpu, ring, &sqe->sqe, endpoint, token);
    lock_drop(&endpoint->lock);
    if (UNLIKELY(caller == NULL))
        return NULL;
    // The RECV is the only one that is armed now.
    receive = list_entry(ring->armed.head.next, struct call, link);
    return direct_change_over(cpu, ring, 1, receive, caller);
}
