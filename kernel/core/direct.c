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

// A call as far as it has been looked at.
struct direct_call {
    const struct capos_sqe *sqe;
    struct ring *ring;
    struct call *call;
    struct facet *facet;
    const struct ring_reference *reference; // of the caller at the service
};

static void write_message(const struct direct_call *direct, const struct call *receive,
                          uint64_t token) {
    const struct capos_sqe *sqe = direct->sqe;
    const struct deliver_what what = {
        .token = token,
        .interface = sqe->interface,
        .session = {direct->reference->reference.word[0], direct->reference->reference.word[1]},
        .session_epoch = direct->ring->process->session.epoch,
        .method = sqe->method,
        .params_bytes = sqe->params_bytes,
        .results_capacity = sqe->results_capacity,
    };

    deliver_write_header(receive, direct->facet, &what);
    ring_copy_over(receive->ring, receive->results + (uint32_t)sizeof(struct capos_message),
                   direct->ring, sqe->params, sqe->params_bytes);
}

// The endpoint, the tokens and the server's ring are locked.
static void commit_call(struct cpu *cpu, const struct direct_call *direct, struct call *receive) {
    struct ring *to = receive->ring;
    struct call *call = direct->call;
    struct token *token;

    debug_commit_begin(cpu);
    direct->ring->accepted++;
    accept_fill_end(call, direct->sqe, &direct->facet->object, 0);
    token = token_take_locked(&to->process->tokens);
    deliver_hold_locked(token, call, receive, true);
    write_message(direct, receive, token_id(token));
    list_remove(&receive->offered);
    list_remove(&receive->link);
    to->offering = false;
    ring_end_wait(to, receive, (uint32_t)sizeof(struct capos_message) + direct->sqe->params_bytes);
    sched_take(cpu, to->thread);
    debug_commit_end(cpu);
}

// The server, which now has the call; or NULL.
static struct thread *deliver_locked(struct cpu *cpu, const struct direct_call *direct,
                                     const struct endpoint *endpoint) {
    struct call *receive =
        direct_waiting_receive(direct->facet, endpoint, direct->sqe->params_bytes);
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

struct thread *direct_call(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                           uint32_t wait) {
    enum capos_status status;
    struct direct_call direct = {.sqe = sqe, .ring = ring};
    struct endpoint *endpoint;
    struct thread *server;

    direct.facet = direct_called_facet(ring, sqe); // first: this is where calls of the kernel part
    if (direct.facet == NULL)
        return NULL;
    direct.call = accept_slot(ring, sqe->slot, &status);
    if (direct.call == NULL || (sqe->flags | sqe->sent | sqe->room | sqe->zero) != 0 ||
        accept_call_form(ring, sqe) != CAPOS_STATUS_OK ||
        !direct_is_waited_for(ring, sqe->slot, wait))
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
                            const struct token *token) {
    const struct call *call = token->call;

    return answer_can_rearm(ring, token) && (token->reserved != 0 || token->receive->room == 0) &&
           sqe->params_bytes <= call->results_capacity;
}

// The endpoint, the tokens and the caller's ring are locked; the call is claimed.
static void commit_return(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                          struct endpoint *endpoint, struct token *token) {
    struct call *call = token->call, *receive = token->receive;
    struct ring *to = call->ring;

    debug_commit_begin(cpu);
    // This SQE's CQE is the RECV's.
    answer_rearm(ring, receive, token->receiver, token->reserved, CALL_OFFERED);
    list_push_front(&endpoint->idle, &receive->offered);
    ring->offering = true;
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
    usual = direct_can_go_on(cpu, to, call) && call_claim(call, token->word);
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
    if (LIKELY(token_is_live_locked(token, sqe->cap) && token->receiver == endpoint->receiver &&
               list_is_empty(&tokens->stuck) && is_usual_answer(ring, sqe, token)))
        caller = answer_locked(cpu, ring, sqe, endpoint, token);
    lock_drop(&tokens->lock);
    return caller;
}

struct thread *direct_return(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                             uint32_t wait) {
    struct thread *caller = NULL;
    struct receiver *receiver;
    struct call *receive;
    struct endpoint *endpoint;
    struct token *token;

    if (sqe->flags != (CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE) || (sqe->sent | sqe->zero) != 0 ||
        !ring_holds(ring, sqe->params, sqe->params_bytes) || wait != 1 ||
        !list_is_empty(&ring->armed))
        return NULL;
    token = token_peek(&ring->process->tokens, sqe->cap);
    receiver = UNLIKELY(token == NULL) ? NULL : token_peek_receiver(token);
    if (UNLIKELY(receiver == NULL))
        return NULL;
    endpoint = receiver->endpoint;
    lock_take(&endpoint->lock);
    if (LIKELY(!deliver_has_work(endpoint)))
        caller = return_locked(cpu, ring, sqe, endpoint, token);
    lock_drop(&endpoint->lock);
    if (UNLIKELY(caller == NULL))
        return NULL;
    // The RECV is the only one that is armed now.
    receive = list_entry(ring->armed.head.next, struct call, link);
    return direct_change_over(cpu, ring, 1, receive, caller);
}
