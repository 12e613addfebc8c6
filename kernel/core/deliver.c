// SPDX-License-Identifier: MIT
// Calls and notices on their way to a server (endpoint.h). A message goes from the caller's ring
// straight to the receiver's; nothing is kept in between but the caller's record. Everything here
// runs under the endpoint's lock; what a delivery needs is checked, in this order, before anything
// is done: the sizes, room, a token, the capabilities.
#include "core/deliver.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/call.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/thread.h"
#include "core/token.h"
#include "core/transfer.h"

enum delivery {
    DELIVERED,  // the RECV has ended, the call is held
    CALL_ENDED, // the call has ended with an error; the RECV stays
    STUCK,      // both stay: the server holds as many calls as it may
};

static struct endpoint *endpoint_of_call(const struct call *call) {
    return facet_of(call->target)->endpoint;
}

static struct endpoint *endpoint_of_receive(const struct call *receive) {
    return receiver_of(receive->target)->endpoint;
}

// Ends a RECV that is not on the idle list any more.
static void end_receive(struct cpu *cpu, struct call *receive, int32_t result, uint8_t caps) {
    call_set(receive, CALL_CLAIMED);
    call_complete(cpu, receive, result, 0, caps);
}

static enum capos_status check_sizes(const struct call *call, const struct call *receive) {
    if (!deliver_fits(call->params_bytes, receive))
        return CAPOS_STATUS_TOO_BIG;
    return call->sent > receive->room ? CAPOS_STATUS_NO_ROOM : CAPOS_STATUS_OK;
}

// Makes the call one that the server holds. Both ends' processes can't go away meanwhile.
static struct token *hold(struct call *call, struct call *receive) {
    struct token_table *table = &receive->ring->process->tokens;
    struct token *token;

    lock_take(&table->lock);
    token = token_take_locked(table);
    if (token != NULL)
        deliver_hold_locked(token, call, deliver_word(call), receive, call->sent == 0);
    lock_drop(&table->lock);
    return token;
}

// Notes that the endpoint has something for a process whose tokens are all held, so that the next
// one that is freed leads to a match. False: one has just been freed.
apart static bool note_stuck(struct endpoint *endpoint, struct token_table *table) {
    struct token_table *before = endpoint->stuck_in;
    bool stuck;

    // A table that has this endpoint in its list is there; another one that had may be gone.
    if (before != table && list_is_linked(&endpoint->stuck)) {
        lock_take(&before->lock);
        stuck = list_is_linked(&endpoint->stuck);
        list_remove(&endpoint->stuck);
        lock_drop(&before->lock);
        if (stuck) // the reference of the list
            atomic_fetch_sub_explicit(&endpoint->object.references, 1, memory_order_relaxed);
    }
    lock_take(&table->lock);
    stuck = table->free == 0;
    if (stuck && !list_is_linked(&endpoint->stuck)) {
        object_get(&endpoint->object);
        list_push_back(&table->stuck, &endpoint->stuck);
    }
    endpoint->stuck_in = table;
    lock_drop(&table->lock);
    return stuck;
}

// Writes it `at` bytes behind the beginning of what the RECV takes.
static inline void write_message(const struct call *call, const struct call *receive, uint32_t at,
                                 uint64_t token) {
    struct capos_message *header = deliver_header(receive, at);

    deliver_write_call(header, token, call->interface, call->method);
    deliver_write_facet(header, facet_of(call->target));
    deliver_write_session(header, call->session, call->session_epoch);
    deliver_write_sizes(header, call->params_bytes, call->results_capacity, call->sent, call->room);
    ring_copy(receive->ring, receive->results + at + (uint32_t)sizeof(struct capos_message),
              call->ring, call->params, call->params_bytes);
}

// Checks the capabilities of a call; on success both tables are locked.
static enum capos_status prepare_caps(struct cpu *cpu, struct call *call, struct call *receive) {
    return transfer_take(cpu, cpu->transfer, call->ring->process, receive->ring->process,
                         call->ring->base + call->descriptors, call->sent, receive->room);
}

static void commit_caps(struct cpu *cpu, struct call *receive) {
    struct transfer *transfer = cpu->transfer;

    transfer_commit(cpu, transfer, &receive->reserved);
    transfer_show(transfer, receive->ring->base + receive->descriptors);
}

static void deliver_commit(struct cpu *cpu, struct call *call, struct call *receive,
                           const struct token *token) {
    debug_commit_begin(cpu);
    if (UNLIKELY(call->sent > 0))
        commit_caps(cpu, receive);
    write_message(call, receive, 0, token_id(token));
    end_receive(cpu, receive, (int32_t)(sizeof(struct capos_message) + call->params_bytes),
                call->sent);
    debug_commit_end(cpu);
}

// The RECV is on no list. Another endpoint of the same process may take the last token meanwhile:
// hold() sees that.
static enum delivery deliver(struct cpu *cpu, struct call *call, struct call *receive) {
    enum capos_status status = check_sizes(call, receive);
    struct token *token;

    if (UNLIKELY(call->sent > 0 && status == CAPOS_STATUS_OK)) {
        if (!token_table_grow(cpu, &receive->ring->process->tokens))
            return STUCK;
        status = prepare_caps(cpu, call, receive);
    }
    if (UNLIKELY(status != CAPOS_STATUS_OK)) {
        call_set(call, CALL_CLAIMED);
        call_fail(cpu, call, status);
        return CALL_ENDED;
    }
    token = hold(call, receive);
    if (UNLIKELY(token == NULL) && call->sent == 0 &&
        token_table_grow(cpu, &receive->ring->process->tokens))
        token = hold(call, receive);
    if (UNLIKELY(token == NULL)) {
        if (call->sent > 0)
            transfer_abort(cpu, cpu->transfer);
        return STUCK;
    }
    if (UNLIKELY(atomic_load_explicit(&call->ring->thread->payer, memory_order_relaxed) != NULL))
        sched_lend(cpu, call, receive->ring->thread, token_id(token));
    deliver_commit(cpu, call, receive, token);
    return DELIVERED;
}

// Is a call such that all it needs is a token, and room `at` bytes behind the beginning of what the
// RECV takes?
static inline bool is_plain(const struct call *call, const struct call *receive, uint32_t at) {
    return LIKELY(call->sent == 0 &&
                  at + sizeof(struct capos_message) + (uint64_t)call->params_bytes <=
                      receive->results_capacity &&
                  atomic_load_explicit(&call->ring->thread->payer, memory_order_relaxed) == NULL);
}

// As deliver_hold_locked, for a call behind another one that the same RECV has taken. The server
// arms the RECV again when it has answered the last, so that one's token has what it takes.
static inline void hold_behind_locked(struct token *token, struct call *call,
                                      struct token *before) {
    uint64_t word = deliver_word(call);

    deliver_tie_locked(token, call, word);
    token->receive = before->receive;
    token->receive_word = before->receive_word;
    object_get(&before->receiver->object);
    token_set_receiver(token, before->receiver);
    token->reserved = before->reserved;
    before->reserved = 0;
    atomic_store_explicit(&call->word, word, memory_order_release);
}

// How many calls may a RECV take in one go that has taken a message or not? What others wait for is
// left to them.
static inline uint32_t most_calls(const struct endpoint *endpoint, const struct call *receive,
                                  bool taken) {
    if ((call_flags(receive) & CAPOS_SQE_SEVERAL) != 0 && LIKELY(list_is_empty(&endpoint->idle)))
        return CAPOS_SEVERAL_MAX;
    return taken ? 0 : 1;
}

// Lets a RECV that is on no list have calls from the beginning of the queue for as long as they are
// plain and there are tokens, from `at` bytes on. Says where they end; the RECV has not ended.
static inline uint32_t take_calls(struct cpu *cpu, struct endpoint *endpoint, struct call *receive,
                                  uint32_t at) {
    struct token_table *table = &receive->ring->process->tokens;
    struct token *token, *before = NULL;
    struct list_node *node;
    struct call *call;

    lock_take(&table->lock);
    for (uint32_t most = most_calls(endpoint, receive, at != 0); most > 0; most--) {
        node = list_first(&endpoint->calls);
        if (node == NULL)
            break;
        call = list_entry(node, struct call, link);
        if (!is_plain(call, receive, at) || (token = token_take_locked(table)) == NULL)
            break;
        debug_commit_begin(cpu);
        list_remove(node);
        if (before == NULL)
            deliver_hold_locked(token, call, deliver_word(call), receive, true);
        else
            hold_behind_locked(token, call, before);
        write_message(call, receive, at, token_id(token));
        at += (uint32_t)sizeof(struct capos_message) + call->params_bytes;
        before = token;
        debug_commit_end(cpu);
    }
    lock_drop(&table->lock);
    return at;
}

// Ids in one `released`, whatever room there is for more.
#define RELEASED_MAX 512u

// As many object ids as the RECV has room for, in one message.
static void deliver_released(struct cpu *cpu, struct endpoint *endpoint, struct call *receive) {
    struct capos_message header = {.kind = CAPOS_MESSAGE_RELEASED};
    uint32_t room = (receive->results_capacity - (uint32_t)sizeof(header)) / 8, n = 0;
    uint8_t *to = receive->ring->base + receive->results;
    struct facet *facet;

    for (; n < min_u32(room, RELEASED_MAX) && endpoint->released != NULL; n++) {
        facet = facet_of(endpoint->released);
        endpoint->released = facet->object.next;
        memcpy(to + sizeof(header) + n * sizeof(uint64_t), &facet->object_id, sizeof(uint64_t));
        facet_bury(cpu, facet);
    }
    header.params_words = (uint16_t)n;
    memcpy(to, &header, sizeof(header));
    n = take_calls(cpu, endpoint, receive, (uint32_t)(sizeof(header) + n * sizeof(uint64_t)));
    end_receive(cpu, receive, (int32_t)n, 0);
}

// A token is a name in one process's table: a process that has got the Receiver since is not told
// of another's.
static bool deliver_cancelled(struct cpu *cpu, struct endpoint *endpoint, struct call *receive) {
    struct capos_message header = {.kind = CAPOS_MESSAGE_CANCELLED};
    struct list_node *node;
    struct token *token;

    do {
        node = list_pop_front(&endpoint->cancelled);
        if (node == NULL)
            return false;
        token = list_entry(node, struct token, notice);
    } while (token->table->process != receive->ring->process);
    header.token = token_id(token);
    memcpy(receive->ring->base + receive->results, &header, sizeof(header));
    end_receive(cpu, receive, (int32_t)take_calls(cpu, endpoint, receive, sizeof(header)), 0);
    return true;
}

// A call that is all the server gets, and all it needs is a token: false when it isn't, or there is
// none, and nothing has happened. The call is on no list any more, nor is the RECV, if it is true.
static inline bool deliver_plain(struct cpu *cpu, struct call *call, struct call *receive) {
    struct token *token;

    if (UNLIKELY(!is_plain(call, receive, 0)))
        return false;
    token = hold(call, receive);
    if (UNLIKELY(token == NULL))
        return false;
    debug_commit_begin(cpu);
    write_message(call, receive, 0, token_id(token));
    end_receive(cpu, receive, (int32_t)(sizeof(struct capos_message) + call->params_bytes), 0);
    debug_commit_end(cpu);
    return true;
}

// The usual case: there are plain calls and nothing else. False: nothing has happened.
static inline bool take_only_calls(struct cpu *cpu, struct endpoint *endpoint,
                                   struct call *receive) {
    uint32_t bytes;

    if (list_is_empty(&endpoint->calls) || UNLIKELY(endpoint->released != NULL) ||
        UNLIKELY(!list_is_empty(&endpoint->cancelled)))
        return false;
    bytes = take_calls(cpu, endpoint, receive, 0);
    if (UNLIKELY(bytes == 0))
        return false;
    end_receive(cpu, receive, (int32_t)bytes, 0);
    return true;
}

// Lets a RECV that is on no list have the first thing that it can take: true when it has ended.
apart static bool serve(struct cpu *cpu, struct endpoint *endpoint, struct call *receive) {
    struct call *call;

    if (endpoint->released != NULL) {
        deliver_released(cpu, endpoint, receive);
        return true;
    }
    if (deliver_cancelled(cpu, endpoint, receive))
        return true;
    while (!list_is_empty(&endpoint->calls)) {
        if (take_only_calls(cpu, endpoint, receive))
            return true;
        call = list_entry(list_first(&endpoint->calls), struct call, link);
        list_remove(&call->link);
        switch (deliver(cpu, call, receive)) {
        case DELIVERED:
            return true;
        case CALL_ENDED:
            break;
        case STUCK:
            list_push_front(&endpoint->calls, &call->link);
            if (note_stuck(endpoint, &receive->ring->process->tokens))
                return false;
            break;
        }
    }
    return false;
}

void endpoint_match_locked(struct cpu *cpu, struct endpoint *endpoint) {
    struct list_node *node;
    struct call *receive;

    while (deliver_has_work(endpoint) && (node = list_pop_front(&endpoint->idle)) != NULL) {
        receive = list_entry(node, struct call, offered);
        if (!deliver_is_server(endpoint, receive)) {
            end_receive(cpu, receive, -CAPOS_STATUS_DISCONNECTED, 0);
        } else if (!serve(cpu, endpoint, receive)) {
            list_push_front(&endpoint->idle, node);
            return;
        }
    }
}

void endpoint_match(struct cpu *cpu, struct endpoint *endpoint) {
    lock_take(&endpoint->lock);
    endpoint_match_locked(cpu, endpoint);
    lock_drop(&endpoint->lock);
}

// The usual case: a server waits for just this call. False: nothing has happened. The endpoint is
// locked.
static bool deliver_at_once(struct cpu *cpu, struct endpoint *endpoint, struct call *call) {
    struct list_node *node = list_first(&endpoint->idle);
    struct call *receive;

    if (UNLIKELY(node == NULL || deliver_has_work(endpoint)))
        return false;
    receive = list_entry(node, struct call, offered);
    if (UNLIKELY(!deliver_is_server(endpoint, receive)))
        return false;
    list_remove(node);
    if (LIKELY(deliver_plain(cpu, call, receive)))
        return true;
    switch (deliver(cpu, call, receive)) {
    case DELIVERED:
        return true;
    case CALL_ENDED:
        list_push_front(&endpoint->idle, node);
        return true;
    case STUCK:
        break;
    }
    list_push_front(&endpoint->idle, node);
    return false;
}

void endpoint_call(struct cpu *cpu, struct call *call) {
    struct facet *facet = facet_of(call->target);
    struct endpoint *endpoint = facet->endpoint;

    lock_take(&endpoint->lock);
    if (UNLIKELY(!facet_is_live(facet))) {
        lock_drop(&endpoint->lock);
        call_fail(cpu, call, CAPOS_STATUS_DISCONNECTED);
        return;
    }
    if (UNLIKELY(!deliver_at_once(cpu, endpoint, call))) {
        call_set(call, CALL_QUEUED);
        list_push_back(&endpoint->calls, &call->link);
        if (!list_is_empty(&endpoint->idle))
            endpoint_match_locked(cpu, endpoint);
    }
    lock_drop(&endpoint->lock);
}

apart flat bool endpoint_offer(struct cpu *cpu, struct call *receive, bool enlist) {
    struct endpoint *endpoint = endpoint_of_receive(receive);
    bool ended = true;

    lock_take(&endpoint->lock);
    if (UNLIKELY(!deliver_is_server(endpoint, receive)))
        end_receive(cpu, receive, -CAPOS_STATUS_DISCONNECTED, 0);
    else if (!take_only_calls(cpu, endpoint, receive))
        ended = deliver_has_work(endpoint) && serve(cpu, endpoint, receive);
    if (!ended && enlist) {
        call_set(receive, CALL_OFFERED);
        list_push_front(&endpoint->idle, &receive->offered);
    }
    lock_drop(&endpoint->lock);
    return ended;
}

void endpoint_withdraw(struct cpu *cpu, struct call *receive) {
    struct receiver *receiver = receiver_of(call_target(receive));
    struct endpoint *endpoint;

    (void)cpu;
    if (receiver == NULL) // a message has just been delivered
        return;
    endpoint = receiver->endpoint;
    lock_take(&endpoint->lock);
    if (call_state(receive) == CALL_OFFERED) {
        list_remove(&receive->offered);
        call_set(receive, CALL_ARMED);
    }
    lock_drop(&endpoint->lock);
}

bool endpoint_unqueue(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct object *target = call_target(call);
    struct endpoint *endpoint;
    bool queued;

    if (target == NULL) // has just been ended
        return false;
    endpoint = facet_of(target)->endpoint;
    lock_take(&endpoint->lock);
    queued = call_state(call) == CALL_QUEUED;
    if (queued) {
        list_remove(&call->link);
        call_set(call, CALL_CLAIMED);
    }
    lock_drop(&endpoint->lock);
    if (queued)
        call_fail(cpu, call, status);
    return queued;
}

// Marks the token of a call whose caller is gone, unless the server's end has dealt with it. The
// endpoint is locked.
static bool cancel_token(struct token *token, const struct call *call, uint64_t word) {
    struct token_table *table = token->table;
    bool live;

    lock_take(&table->lock);
    live = token->state == TOKEN_LIVE && token->call == call && token->word == word;
    if (live) {
        token->state = TOKEN_CANCELLED;
        token->call = NULL;
    }
    lock_drop(&table->lock);
    return live;
}

void endpoint_disown(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status) {
    struct endpoint *endpoint = endpoint_of_call(call);
    struct token *token = call->token;

    lock_take(&endpoint->lock);
    // Who has lost the Receiver, or passed it on, is not told; the token goes with its RETURN or
    // end.
    if (cancel_token(token, call, word) && endpoint->receiver == token->receiver &&
        endpoint->server == token->table->process) {
        list_push_back(&endpoint->cancelled, &token->notice);
        endpoint_match_locked(cpu, endpoint);
    }
    lock_drop(&endpoint->lock);
    call_fail(cpu, call, status);
}

bool endpoint_abandon(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status) {
    if (!call_claim(call, word))
        return false;
    endpoint_disown(cpu, call, word, status);
    return true;
}
