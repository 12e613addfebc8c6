// SPDX-License-Identifier: MIT
// RETURN: how a server's answer goes to the caller, and how calls that a server holds end without
// one. While a token is LIVE and its table is locked, the caller's record stays as it is; the claim
// is made there, last, when everything else has been checked and reserved.
#include "core/answer.h"

#include "base/memory.h"
#include "core/call.h"
#include "core/captable.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/depend.h"
#include "core/endpoint.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/thread.h"
#include "core/token.h"
#include "core/transfer.h"

// What a RETURN has found out and reserved.
struct answer {
    const struct capos_sqe *sqe;
    struct ring *ring;
    struct token_table *table;
    struct token *token;
    struct call *call; // the caller's
    struct process *caller;
    struct call *receive;      // the RECV to arm again
    struct receiver *receiver; // the token's
    uint32_t bytes;            // to copy
    uint32_t room;
    uint32_t chain;   // slots reserved for the RECV
    uint32_t kept;    // the token's chain: the RECV's when it is armed again, if it is enough
    bool needs_slots; // it isn't
    bool claimed;     // past the point of no return: the token is free
};

static bool wants(const struct answer *answer, enum capos_sqe_flag flag) {
    return (answer->sqe->flags & flag) != 0;
}

static enum capos_status check_form(const struct ring *ring, const struct capos_sqe *sqe) {
    if (!ring_holds(ring, sqe->params, sqe->params_bytes))
        return CAPOS_STATUS_MALFORMED;
    if (sqe->sent == 0)
        return CAPOS_STATUS_OK;
    if (sqe->sent > CAPOS_TRANSFER_MAX || (sqe->flags & CAPOS_SQE_EXCEPTION) != 0)
        return CAPOS_STATUS_MALFORMED;
    return ring_holds(ring, sqe->descriptors, sqe->sent * (uint32_t)sizeof(struct capos_descriptor))
               ? CAPOS_STATUS_OK
               : CAPOS_STATUS_MALFORMED;
}

static enum capos_status check_sizes(struct answer *answer, const struct call *call) {
    answer->bytes = answer->sqe->params_bytes;
    if (answer->bytes > call->results_capacity) {
        if (!wants(answer, CAPOS_SQE_EXCEPTION))
            return CAPOS_STATUS_TOO_BIG;
        answer->bytes = call->results_capacity;
    }
    answer->room = call->room;
    return answer->sqe->sent > answer->room ? CAPOS_STATUS_NO_ROOM : CAPOS_STATUS_OK;
}

bool answer_can_rearm(const struct ring *ring, const struct token *token,
                      const struct endpoint *endpoint) {
    // It may not even exist any more, so the pointer is looked at first.
    uintptr_t at = (uintptr_t)token->receive - (uintptr_t)ring->calls;

    return at < ring->slots * sizeof(struct call) &&
           atomic_load_explicit(&token->receive->word, memory_order_relaxed) ==
               token->receive_word &&
           endpoint->receiver == token->receiver &&
           atomic_load_explicit(&endpoint->server, memory_order_acquire) == ring->process;
}

static enum capos_status check_rearm(struct answer *answer, const struct token *token) {
    if (!wants(answer, CAPOS_SQE_REARM))
        return CAPOS_STATUS_OK;
    if (!answer_can_rearm(answer->ring, token, token->receiver->endpoint))
        return CAPOS_STATUS_REFUSED;
    if (!wants(answer, CAPOS_SQE_SKIP_CQE) && !ring_has_cqe(answer->ring))
        return CAPOS_STATUS_OVERLOADED;
    answer->receive = token->receive;
    answer->needs_slots = token->reserved == 0 && token->receive->room > 0;
    return CAPOS_STATUS_OK;
}

// The point of no return: claims the call and frees the token, whose Receiver and reserved slots
// are the answer's now.
static bool claim_locked(struct answer *answer, struct token *token) {
    if (!call_claim(token->call, token->word))
        return false;
    answer->receiver = token->receiver;
    answer->kept = token->reserved;
    token_free_locked(token);
    answer->claimed = true;
    return true;
}

// Looks at the call that the token names, and checks what can be checked. CANCELLED when its caller
// is gone. Claims it right away if nothing else must be reserved first.
static enum capos_status look(struct answer *answer) {
    enum capos_status status = CAPOS_STATUS_OK;
    struct token *token;

    lock_take(&answer->table->lock);
    token = token_lookup_locked(answer->table, answer->sqe->cap);
    if (token == NULL)
        status = CAPOS_STATUS_REFUSED;
    else if (UNLIKELY(token->state == TOKEN_CANCELLED))
        status = CAPOS_STATUS_CANCELLED;
    else
        status = check_sizes(answer, token->call);
    if (LIKELY(status == CAPOS_STATUS_OK))
        status = check_rearm(answer, token);
    if (LIKELY(status == CAPOS_STATUS_OK)) {
        answer->token = token;
        answer->call = token->call;
        answer->caller = token->call->ring->process;
        if (answer->sqe->sent == 0 && !answer->needs_slots && !claim_locked(answer, token))
            status = CAPOS_STATUS_CANCELLED;
    }
    lock_drop(&answer->table->lock);
    return status;
}

static enum capos_status prepare_caps(struct cpu *cpu, const struct answer *answer) {
    const struct capos_sqe *sqe = answer->sqe;
    const struct ring *ring = answer->ring;

    if (sqe->sent == 0)
        return CAPOS_STATUS_OK;
    return transfer_take(cpu, cpu->transfer, ring->process, answer->caller,
                         ring->base + sqe->descriptors, sqe->sent, answer->room);
}

// Another thread may have given up what the token kept for the RECV: then there is nothing to arm
// it with.
static bool has_slots(const struct answer *answer, const struct token *token) {
    return !wants(answer, CAPOS_SQE_REARM) || answer->needs_slots || token->reserved != 0 ||
           answer->receive->room == 0;
}

static enum capos_status claim(struct answer *answer) {
    enum capos_status status = CAPOS_STATUS_CANCELLED;
    struct token *token = answer->token; // tokens stay where they are

    lock_take(&answer->table->lock);
    if (LIKELY(token_id(token) == answer->sqe->cap && token->state == TOKEN_LIVE)) {
        if (!has_slots(answer, token))
            status = CAPOS_STATUS_OVERLOADED;
        else if (claim_locked(answer, token))
            status = CAPOS_STATUS_OK;
    }
    lock_drop(&answer->table->lock);
    return status;
}

// What an answer needs beyond the token: slots for the RECV, and the capabilities that it sends.
// Then claims the call.
apart static enum capos_status reserve_and_claim(struct cpu *cpu, struct answer *answer) {
    struct captable *table = &answer->ring->process->table;
    enum capos_status status = CAPOS_STATUS_OK;

    if (answer->needs_slots)
        status = captable_reserve(cpu, table, answer->receive->room, &answer->chain);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = prepare_caps(cpu, answer);
    if (status == CAPOS_STATUS_OK) {
        status = claim(answer);
        if (status != CAPOS_STATUS_OK && answer->sqe->sent > 0)
            transfer_abort(cpu, cpu->transfer);
    }
    if (status != CAPOS_STATUS_OK)
        captable_unreserve(cpu, table, answer->chain);
    return status;
}

// Everything that the caller gets, but for its completion.
static void send(struct cpu *cpu, struct answer *answer) {
    struct call *call = answer->call;
    uint8_t *base = call->ring->base;
    uint32_t received = call->descriptors + call->sent * (uint32_t)sizeof(struct capos_descriptor);

    if (answer->sqe->sent > 0) {
        transfer_commit(cpu, cpu->transfer, &call->reserved);
        transfer_show(cpu->transfer, base + received);
        depend_remember(call, cpu->transfer->descriptor, answer->sqe->sent);
    }
    ring_copy(call->ring, call->results, answer->ring, answer->sqe->params, answer->bytes);
}

static void complete(struct cpu *cpu, const struct answer *answer) {
    uint8_t flags = wants(answer, CAPOS_SQE_EXCEPTION) ? CAPOS_CQE_EXCEPTION : 0;

    call_complete(cpu, answer->call, (int32_t)answer->bytes, flags, answer->sqe->sent);
}

void answer_rearm(struct ring *ring, struct call *receive, struct receiver *receiver,
                  uint32_t reserved, enum call_state state) {
    ring_name(receive);
    receive->target = &receiver->object;
    receive->reserved = reserved;
    call_set(receive, state);
    list_push_back(&ring->armed, &receive->link);
    ring->accepted++;
}

static void rearm(struct cpu *cpu, struct answer *answer) {
    if (UNLIKELY(!wants(answer, CAPOS_SQE_REARM))) {
        captable_unreserve(cpu, &answer->ring->process->table, answer->kept);
        object_put(cpu, &answer->receiver->object);
        return;
    }
    answer_rearm(answer->ring, answer->receive, answer->receiver,
                 answer->needs_slots ? answer->chain : answer->kept, CALL_ARMED);
}

seldom static bool unstick_first(struct cpu *cpu, struct token_table *table) {
    struct endpoint *endpoint = token_take_stuck(table);

    if (endpoint == NULL)
        return false;
    endpoint_match(cpu, endpoint);
    object_put(cpu, &endpoint->object);
    return true;
}

// Lets an endpoint go on that had found no free token; false when there is none. Whoever adds one
// to the list looks for a free token after that.
static bool unstick(struct cpu *cpu, struct token_table *table) {
    return UNLIKELY(!list_is_empty(&table->stuck)) && unstick_first(cpu, table);
}

// Frees the token of a call whose caller is gone. REFUSED when another thread has.
seldom static enum capos_status drop_token(struct cpu *cpu, struct token_table *table,
                                           uint64_t id) {
    struct receiver *receiver = NULL;
    struct endpoint *endpoint;
    struct token *token;
    uint32_t kept = 0;

    lock_take(&table->lock);
    token = token_lookup_locked(table, id);
    endpoint = token == NULL ? NULL : token->receiver->endpoint;
    lock_drop(&table->lock);
    if (endpoint == NULL)
        return CAPOS_STATUS_REFUSED;
    lock_take(&endpoint->lock);
    lock_take(&table->lock);
    token = token_lookup_locked(table, id);
    if (token != NULL) {
        receiver = token->receiver;
        kept = token->reserved;
        list_remove(&token->notice);
        token_free_locked(token);
    }
    lock_drop(&table->lock);
    lock_drop(&endpoint->lock);
    if (receiver == NULL)
        return CAPOS_STATUS_REFUSED;
    captable_unreserve(cpu, &table->process->table, kept);
    object_put(cpu, &receiver->object);
    (void)unstick(cpu, table);
    return CAPOS_STATUS_CANCELLED;
}

// The call's time is no longer its caller's.
static void stop_serving(struct cpu *cpu, const struct ring *ring, uint64_t token) {
    struct thread *thread = ring->thread;

    if (UNLIKELY(atomic_load_explicit(&thread->account.serving, memory_order_relaxed) == token))
        sched_give_back(cpu, thread);
}

// The rest is found out.
static inline void begin(struct answer *answer, struct ring *ring, const struct capos_sqe *sqe) {
    answer->sqe = sqe;
    answer->ring = ring;
    answer->table = &ring->process->tokens;
    answer->chain = answer->kept = 0;
    answer->needs_slots = answer->claimed = false;
}

enum capos_status answer_return(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    struct answer answer;
    enum capos_status status = check_form(ring, sqe);

    begin(&answer, ring, sqe);
    if (LIKELY(status == CAPOS_STATUS_OK))
        status = look(&answer);
    if (UNLIKELY(status == CAPOS_STATUS_OK && !answer.claimed))
        status = reserve_and_claim(cpu, &answer);
    if (UNLIKELY(status == CAPOS_STATUS_CANCELLED))
        status = drop_token(cpu, answer.table, sqe->cap);
    if (LIKELY(status == CAPOS_STATUS_OK || status == CAPOS_STATUS_CANCELLED))
        stop_serving(cpu, ring, sqe->cap);
    if (UNLIKELY(status != CAPOS_STATUS_OK))
        return status;
    debug_commit_begin(cpu);
    send(cpu, &answer);
    rearm(cpu, &answer);
    debug_commit_end(cpu);
    complete(cpu, &answer); // which may deliver what waited for this answer
    (void)unstick(cpu, answer.table);
    return CAPOS_STATUS_OK;
}

// Ends one token's call if it is one of those that are to end.
static void end_held(struct cpu *cpu, struct token_table *table, uint32_t index,
                     const struct receiver *receiver) {
    struct token *token = token_at(table, index);
    struct receiver *held = NULL;
    struct call *call = NULL;
    uint32_t kept = 0;
    uint64_t id = 0;

    lock_take(&table->lock);
    if ((token->state == TOKEN_LIVE || token->state == TOKEN_CANCELLED) &&
        (receiver == NULL || token->receiver == receiver)) {
        id = token_id(token);
        if (token->state == TOKEN_LIVE && call_claim(token->call, token->word)) {
            call = token->call;
            held = token->receiver;
            kept = token->reserved;
            token_free_locked(token);
        }
    }
    lock_drop(&table->lock);
    if (call != NULL) {
        call_fail(cpu, call, CAPOS_STATUS_DISCONNECTED);
        captable_unreserve(cpu, &table->process->table, kept);
        object_put(cpu, &held->object);
        (void)unstick(cpu, table);
    } else if (id != 0 && drop_token(cpu, table, id) == CAPOS_STATUS_REFUSED) {
        return; // another thread was quicker
    }
}

bool endpoint_end_held(struct cpu *cpu, struct process *process, const struct receiver *receiver,
                       uint32_t *position, uint32_t budget) {
    struct token_table *table = &process->tokens;

    for (; budget > 0 && *position < table->count; budget--)
        end_held(cpu, table, (*position)++, receiver);
    // More endpoints than tokens may be stuck, and none may stay in the list of a table that goes.
    while (receiver == NULL && budget > 0 && unstick(cpu, table))
        budget--;
    return budget > 0;
}
