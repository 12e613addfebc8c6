// SPDX-License-Identifier: MIT
// cap_enter (ringserve.h): takes SQEs, lets armed RECVs take messages, and waits. Each word of an
// SQE is read once, the first one first: what needs only a few (NOP, RELEASE) reads only those, all
// others go into a copy of our own. An operation either ends at once, with a result that is posted
// here, or names a slot, whose record posts it when it ends.
#include "core/ringserve.h"

#include "base/bits.h"
#include "core/accept.h"
#include "core/answer.h"
#include "core/call.h"
#include "core/cancel.h"
#include "core/captable.h"
#include "core/cpu.h"
#include "core/depend.h"
#include "core/direct.h"
#include "core/direct_park.h"
#include "core/dispatch.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/park.h"
#include "core/plain.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/token.h"
#include "machine/context.h"
#include "machine/time.h"
#include "ring/shared.h"

#define PENDING ACCEPT_PENDING

// Flags of what waits for another operation. It names a slot, whatever its opcode.
#define DEPENDS (CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK)

// The smallest RECV: a header and one id of a `released` notice.
#define RECV_MIN ((uint32_t)sizeof(struct capos_message) + 8)

struct operation {
    int32_t (*run)(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe);
    uint8_t flags;   // that it knows
    bool names_slot; // its CQE does too
};

static int32_t failure(enum capos_status status) {
    return -(int32_t)status;
}

bool ring_has_cqe(const struct ring *ring) {
    return ring->accepted - ring->skipped - ring->cq_head < ring->cqes;
}

void ring_name(struct call *call) {
    uint64_t word = atomic_load_explicit(&call->word, memory_order_relaxed);

    atomic_store_explicit(&call->word, call_word(word + CALL_SEQUENCE, CALL_CLAIMED),
                          memory_order_release);
}

static int32_t run_nop(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    (void)cpu, (void)ring, (void)sqe;
    return 0;
}

static int32_t run_release(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    return failure(captable_release(cpu, &ring->process->table, sqe->cap));
}

static void call_facet(struct cpu *cpu, struct ring *ring, struct call *call) {
    accept_session(cpu, ring, call);
    endpoint_call(cpu, call);
}

flat static int32_t run_call(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    struct captable_view view;
    struct object *target;
    enum capos_status status;
    uint32_t reserved = 0;
    struct call *call = accept_slot(ring, sqe->slot, &status);

    if (UNLIKELY(call == NULL))
        return failure(status);
    status = accept_call_form(ring, sqe);
    if (LIKELY(status == CAPOS_STATUS_OK))
        status = accept_target(ring, sqe->cap, &view, &target);
    if (UNLIKELY(status != CAPOS_STATUS_OK))
        return failure(status);
    if (sqe->room > 0) {
        status = captable_reserve(cpu, &ring->process->table, sqe->room, &reserved);
        if (status != CAPOS_STATUS_OK) {
            object_put(cpu, target);
            return failure(status);
        }
    }
    if (UNLIKELY(view.revoker != NULL)) {
        status = revoker_use_begin(cpu, call, view.revoker);
        if (status != CAPOS_STATUS_OK) {
            captable_unreserve(cpu, &ring->process->table, reserved);
            object_put(cpu, target);
            return failure(status);
        }
    }
    accept_fill(call, sqe, target, reserved);
    if (UNLIKELY(view.revoker != NULL))
        call->flags |= CALL_REVOCABLE;
    if (view.kind == OBJECT_FACET)
        call_facet(cpu, ring, call);
    else
        dispatch_call(cpu, call);
    return PENDING;
}

static enum capos_status check_recv(const struct ring *ring, const struct capos_sqe *sqe) {
    if (!ring_holds(ring, sqe->results, sqe->results_capacity) || sqe->room > CAPOS_TRANSFER_MAX ||
        !accept_descriptors(ring, sqe, sqe->room))
        return CAPOS_STATUS_MALFORMED;
    return sqe->results_capacity < RECV_MIN ? CAPOS_STATUS_TOO_BIG : CAPOS_STATUS_OK;
}

static int32_t run_recv(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    struct process *process = ring->process;
    struct captable_view view;
    enum capos_status status;
    uint32_t reserved;
    struct call *call = accept_slot(ring, sqe->slot, &status);

    if (call == NULL)
        return failure(status);
    status = check_recv(ring, sqe);
    if (status == CAPOS_STATUS_OK)
        status = captable_lookup(&process->table, sqe->cap, &view);
    if (status == CAPOS_STATUS_OK && view.kind != OBJECT_RECEIVER)
        status = CAPOS_STATUS_REFUSED;
    if (status == CAPOS_STATUS_OK)
        status = token_table_make(cpu, &process->tokens);
    if (status == CAPOS_STATUS_OK)
        status = captable_reserve(cpu, &process->table, sqe->room, &reserved);
    if (status != CAPOS_STATUS_OK)
        return failure(status);
    if (!object_try_get(view.object)) {
        captable_unreserve(cpu, &process->table, reserved);
        return failure(CAPOS_STATUS_REFUSED);
    }
    accept_fill(call, sqe, view.object, reserved);
    call->sent = 0;
    call_set(call, CALL_ARMED);
    list_push_back(&ring->armed, &call->link);
    return PENDING;
}

flat static int32_t run_return(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    const uint8_t inherits = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
    enum capos_status status = answer_return(cpu, ring, sqe);

    if (LIKELY(status == CAPOS_STATUS_OK) && (sqe->flags & inherits) == inherits) {
        ring->accepted--; // the RECV, which counts on its own, has this SQE's CQE
        return PENDING;
    }
    return failure(status);
}

static int32_t run_park(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    enum capos_status status;
    struct call *call = accept_slot(ring, sqe->slot, &status);

    if (call != NULL)
        status = park_wait(cpu, ring, sqe, call);
    return status == CAPOS_STATUS_OK ? PENDING : failure(status);
}

static int32_t run_unpark(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    uint32_t woken;
    enum capos_status status = park_wake(cpu, ring, sqe, &woken);

    return status == CAPOS_STATUS_OK ? (int32_t)woken : failure(status);
}

// Is this the first word of a NOP or RELEASE that waits for nothing?
static inline bool is_short(uint64_t first, enum capos_opcode opcode) {
    return (first & 0xffff & ~((uint64_t)CAPOS_SQE_SKIP_CQE << 8)) == opcode;
}

// Those two; `result` is theirs if the rest is well formed.
static inline void end_short(struct ring *ring, const struct capos_sqe *sqe, uint64_t first,
                             int32_t result) {
    if (result >= 0 && UNLIKELY((first & (uint64_t)CAPOS_SQE_SKIP_CQE << 8) != 0))
        ring->skipped++;
    else
        ring_write_cqe(ring, ring_load_word(sqe, SQE_USER_DATA), result, 0, 0, 0);
}

static inline bool is_clean(const struct capos_sqe *sqe) {
    return LIKELY(ring_load_word(sqe, SQE_SENT) >> 48 == 0);
}

static inline void run_short_nop(struct ring *ring, const struct capos_sqe *sqe, uint64_t first) {
    end_short(ring, sqe, first, is_clean(sqe) ? 0 : -CAPOS_STATUS_MALFORMED);
}

static void run_short_release(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                              uint64_t first) {
    enum capos_status status = CAPOS_STATUS_MALFORMED;

    if (is_clean(sqe))
        status = captable_release(cpu, &ring->process->table, ring_load_word(sqe, SQE_CAP));
    end_short(ring, sqe, first, failure(status));
}

// All of them.
static const struct operation operations[CAPOS_OPCODES] = {
    [CAPOS_OP_NOP] = {run_nop, CAPOS_SQE_SKIP_CQE | CAPOS_SQE_LINK, false},
    [CAPOS_OP_CALL] = {run_call, CAPOS_SQE_SKIP_CQE | DEPENDS, true},
    [CAPOS_OP_RECV] = {run_recv, CAPOS_SQE_SEVERAL, true},
    [CAPOS_OP_RETURN] = {run_return, CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM | CAPOS_SQE_EXCEPTION,
                         false},
    [CAPOS_OP_RELEASE] = {run_release, CAPOS_SQE_SKIP_CQE | DEPENDS, false},
    [CAPOS_OP_CANCEL] = {cancel_run, CAPOS_SQE_SKIP_CQE, false},
    [CAPOS_OP_PARK] = {run_park, CAPOS_SQE_SKIP_CQE, true},
    [CAPOS_OP_UNPARK] = {run_unpark, CAPOS_SQE_SKIP_CQE, false},
};

// Posts the end of an operation that has no record.
static void post_now(struct ring *ring, const struct capos_sqe *sqe, bool names_slot,
                     int32_t result) {
    if (result >= 0 && (sqe->flags & CAPOS_SQE_SKIP_CQE) != 0)
        ring->skipped++;
    else
        ring_write_cqe(ring, sqe->user_data, result, names_slot ? sqe->slot : 0, 0, 0);
}

static inline bool is_to_close(const struct cpu *cpu) {
    return UNLIKELY(((uintptr_t)cpu->closing | (uintptr_t)cpu->moved) != 0);
}

// After the last one of several.
static inline void close_objects(struct cpu *cpu) {
    if (is_to_close(cpu) || UNLIKELY(cpu->untold != NULL))
        object_close_pending(cpu);
}

// Between two operations. What several RELEASEs in a row have let go is closed together. Servers
// are told of their facets after the last one, so that a call does not find its server busy with
// the notice of what was given up just before.
static inline void pause_between(struct cpu *cpu, uint64_t next) {
    if (!is_short(next & ~(uint64_t)CAPOS_OP_RELEASE, CAPOS_OP_NOP) && is_to_close(cpu))
        object_close(cpu);
    machine_interrupt_window(cpu);
}

// What `accepted` may come to.
static inline uint32_t accepted_at_most(const struct ring *ring) {
    return ring->cqes + ring->skipped + ring->cq_head;
}

// Are there no CQEs left for further operations? `limit` is what `accepted` may come to at least.
static inline bool is_full(const struct ring *ring, uint32_t *limit) {
    if (LIKELY((int32_t)(*limit - ring->accepted) > 0))
        return false;
    *limit = accepted_at_most(ring);
    return ring->accepted == *limit;
}

static inlined void run_one(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    uint32_t opcode = machine_clamp(sqe->opcode, CAPOS_OPCODES);
    const struct operation *operation = &operations[opcode];
    bool known = opcode == sqe->opcode, names_slot;
    int32_t result;

    if (UNLIKELY(!known || (sqe->flags & ~operation->flags) != 0))
        result = -CAPOS_STATUS_UNSUPPORTED;
    else if (UNLIKELY(sqe->zero != 0))
        result = -CAPOS_STATUS_MALFORMED;
    else if (UNLIKELY((sqe->flags & DEPENDS) != 0))
        result = depend_accept(cpu, ring, sqe);
    else
        result = operation->run(cpu, ring, sqe);
    if (result == PENDING)
        return;
    names_slot = known && (operation->names_slot || (sqe->flags & DEPENDS) != 0);
    if (names_slot && result < 0)
        depend_refused(ring, sqe);
    post_now(ring, sqe, names_slot, result);
}

static inlined void run_long(struct cpu *cpu, struct ring *ring, const struct capos_sqe *place,
                             uint64_t first) {
    struct capos_sqe sqe;

    ring_load_sqe(&sqe, place, first);
    run_one(cpu, ring, &sqe);
}

apart static void run_one_apart(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    run_one(cpu, ring, sqe);
}

// Runs one of which these words have been read.
seldom static void run_not_plain(struct cpu *cpu, struct ring *ring, const struct capos_sqe *place,
                                 struct plain_words read) {
    struct direct_sqe sqe;

    sqe.word[SQE_FIRST] = read.first;
    sqe.word[SQE_CAP] = read.cap;
    sqe.word[SQE_INTERFACE] = ring_load_word(place, SQE_INTERFACE);
    sqe.word[SQE_USER_DATA] = ring_load_word(place, SQE_USER_DATA);
    sqe.word[SQE_PARAMS] = read.params;
    sqe.word[SQE_RESULTS] = read.results;
    sqe.word[SQE_SENT] = read.last;
    sqe.word[SQE_DEADLINE] = ring_load_word(place, SQE_DEADLINE);
    run_one_apart(cpu, ring, &sqe.sqe);
}

static inlined void post_plain(struct ring *ring, const struct call *call, int32_t result) {
    if (LIKELY(result != PENDING))
        ring_write_cqe(ring, call->user_data, result, call->slot, 0, 0);
}

// One that may be a plain call.
static inlined void run_plain(struct cpu *cpu, struct ring *ring, const struct capos_sqe *place,
                              uint64_t first) {
    const struct plain_words words = {
        .first = first,
        .cap = ring_load_word(place, SQE_CAP),
        .params = ring_load_word(place, SQE_PARAMS),
        .results = ring_load_word(place, SQE_RESULTS),
        .last = ring_load_word(place, SQE_SENT),
    };
    struct plain plain;

    if (LIKELY(plain_accept(ring, &words, &plain)))
        post_plain(ring, plain.call,
                   plain_run(cpu, &plain, &words, ring_load_word(place, SQE_INTERFACE),
                             ring_load_word(place, SQE_USER_DATA)));
    else
        run_not_plain(cpu, ring, place, words);
}

// Runs one that has been read.
static void run_read(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    struct plain_words words;
    struct plain plain;

    memcpy(&words.first, sqe, sizeof words.first);
    memcpy(&words.params, &sqe->params, sizeof words.params);
    memcpy(&words.results, &sqe->results, sizeof words.results);
    memcpy(&words.last, &sqe->descriptors, sizeof words.last);
    words.cap = sqe->cap;
    if (plain_may_be(words.first) && LIKELY(plain_accept(ring, &words, &plain)))
        post_plain(ring, plain.call,
                   plain_run(cpu, &plain, &words, sqe->interface, sqe->user_data));
    else
        run_one_apart(cpu, ring, sqe);
}

static const struct capos_sqe *next_sqe(const struct ring *ring) {
    return &ring->sq[ring->sq_head & (ring->sqes - 1)];
}

static const struct capos_sqe *sqe_after_next(const struct ring *ring) {
    return &ring->sq[(ring->sq_head + 1) & (ring->sqes - 1)];
}

// Takes up to `count` SQEs, of which the first one's first word has been read, and says how many.
// After the last one interrupts come in anyway, on the way out.
static uint32_t submit(struct cpu *cpu, struct ring *ring, uint32_t count, uint64_t first) {
    uint32_t taken = 0, limit = accepted_at_most(ring);

    while (taken < count && !is_full(ring, &limit)) {
        const struct capos_sqe *place = next_sqe(ring);

        if (taken++ > 0) {
            first = ring_load_word(place, 0);
            pause_between(cpu, first);
        }
        ring->sq_head++;
        ring->accepted++;
        if (is_short(first, CAPOS_OP_NOP))
            run_short_nop(ring, place, first);
        else if (is_short(first, CAPOS_OP_RELEASE))
            run_short_release(cpu, ring, place, first);
        else if (plain_may_be(first))
            run_plain(cpu, ring, place, first);
        else
            run_long(cpu, ring, place, first);
    }
    close_objects(cpu);
    ring_publish_taken(ring);
    return taken;
}

// The same for one that has been read.
static uint32_t submit_first(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    ring->sq_head++;
    ring->accepted++;
    run_read(cpu, ring, sqe);
    close_objects(cpu);
    ring_publish_taken(ring);
    return 1;
}

// What the thread has written to the header, read once.
struct indices {
    uint32_t sq_tail, cq_head;
};

static struct indices read_header(const struct ring *ring) {
    const struct capos_ring_header *header =
        (const struct capos_ring_header *)(const void *)ring->base;

    return (struct indices){ring_load_index(&header->sq_tail), ring_load_index(&header->cq_head)};
}

static bool are_possible(const struct ring *ring, struct indices indices) {
    return indices.sq_tail - ring->sq_head <= ring->sqes &&
           ring->cq_tail - indices.cq_head <= ring->cq_tail - ring->cq_head;
}

// Lets every armed RECV take a message, and offers those that found none if `enlist`, unless the
// wait is satisfied by then.
static void offer(struct cpu *cpu, struct ring *ring, bool enlist) {
    struct list_node *node, *next;
    struct call *receive;

    for (node = list_first(&ring->armed); node != NULL; node = next) {
        next = list_next(&ring->armed, node);
        receive = list_entry(node, struct call, link);
        if (call_state(receive) != CALL_ARMED)
            continue;
        if (!endpoint_offer(cpu, receive, enlist)) {
            ring->offering |= enlist;
            continue;
        }
        list_remove(node);
        enlist = enlist && !ring_is_satisfied(ring);
    }
}

apart static void offer_now(struct cpu *cpu, struct ring *ring) {
    offer(cpu, ring, false);
}

// Takes back what was offered and forgets what has ended.
apart static void withdraw(struct cpu *cpu, struct ring *ring) {
    struct list_node *node, *next;
    struct call *receive;

    for (node = list_first(&ring->armed); node != NULL; node = next) {
        next = list_next(&ring->armed, node);
        receive = list_entry(node, struct call, link);
        if (call_state(receive) == CALL_OFFERED)
            endpoint_withdraw(cpu, receive);
        if (call_state(receive) != CALL_ARMED)
            list_remove(node);
    }
}

static bool is_past(struct cpu *cpu, uint64_t deadline) {
    return deadline != CAPOS_NO_DEADLINE && deadline <= machine_now(cpu);
}

// What others have left to the ring's own thread.
seldom static void catch_up(struct cpu *cpu, struct ring *ring) {
    ring_drain(ring);
    if (ring_has_due(ring))
        depend_run_due(cpu, ring);
}

// Begins to wait, or goes on with it, for what the ring says. True when the thread waits, and this
// CPU must run something else.
static bool wait_on(struct cpu *cpu, struct ring *ring, uint64_t deadline) {
    struct thread *thread = ring->thread;

    do {
        if (UNLIKELY(ring_has_work(ring)))
            catch_up(cpu, ring);
        if (ring_is_satisfied(ring) || is_past(cpu, deadline)) {
            if (!ring_waits_for_slot(ring) && !list_is_empty(&ring->armed))
                offer_now(cpu, ring);
            return false;
        }
        if (!ring_waits_for_slot(ring)) {
            offer(cpu, ring, true);
            if (!ring_has_work(ring) && ring_is_satisfied(ring))
                return false;
        }
        if (deadline != CAPOS_NO_DEADLINE)
            timer_arm(cpu, &thread->deadline, deadline);
        // Whoever kills the thread either sees it wait or is seen here.
        if (ring_wait(ring) && !(thread_is_killed(thread) && ring_interrupt_wait(ring)))
            return true;
        if (deadline != CAPOS_NO_DEADLINE)
            timer_stop(cpu, &thread->deadline);
    } while (UNLIKELY(ring_has_due(ring)) && !thread_is_killed(thread));
    return false;
}

static bool wait_for(struct cpu *cpu, struct ring *ring, uint32_t wait, uint64_t deadline) {
    if (wait == 0 && LIKELY(!ring_has_work(ring))) {
        if (!list_is_empty(&ring->armed))
            offer_now(cpu, ring);
        return false;
    }
    ring->deadline = deadline;
    return wait_on(cpu, ring, deadline);
}

static void leave(struct cpu *cpu, struct ring *ring) {
    if (ring->offering) {
        if (!list_is_empty(&ring->armed))
            withdraw(cpu, ring);
        ring->offering = false;
    }
    ring_end(ring);
}

static uint64_t result_of(uint32_t taken, enum capos_enter_reason reason) {
    return taken | (uint64_t)reason << 32;
}

// Are these so many SQEs, one or two, all that there are, to be waited for without a deadline, and
// with nothing else to do before, of a usual thread that has read all completions? Then there is a
// CQE for each: whatever is in flight has a slot, and there are twice as many CQEs as slots.
static inlined bool are_alone(const struct thread *thread, uint32_t count, struct indices indices,
                              uint64_t deadline) {
    const struct ring *ring = &thread->ring;

    return indices.sq_tail - ring->sq_head == count && indices.cq_head == ring->cq_tail &&
           deadline == CAPOS_NO_DEADLINE && !ring_has_work(ring) && !thread_is_unusual(thread);
}

// What follows when `taken` of the SQEs that were asked for have been run.
static inlined struct thread *end_enter(struct cpu *cpu, struct ring *ring, uint32_t taken,
                                        uint32_t asked, uint32_t wait, uint64_t deadline) {
    enum capos_enter_reason reason = CAPOS_ENTER_DONE;

    if (UNLIKELY(taken < asked))
        reason = taken == CAPOS_ENTER_BATCH ? CAPOS_ENTER_MORE : CAPOS_ENTER_CQ_FULL;
    machine_context_set_result(&ring->thread->context, result_of(taken, reason));
    if (UNLIKELY(reason != CAPOS_ENTER_DONE))
        offer_now(cpu, ring);
    else if (wait_for(cpu, ring, wait, deadline))
        return sched_leave_waiting(cpu);
    leave(cpu, ring);
    return sched_leave(cpu);
}

// All that was asked for. Of the first SQE the first word has been read, or the whole, `sqe`.
static struct thread *enter(struct cpu *cpu, struct ring *ring, uint32_t asked, uint32_t wait,
                            uint64_t deadline, uint64_t first, const struct capos_sqe *sqe) {
    uint32_t taken = 0;

    ring_begin(ring);
    if (UNLIKELY(ring_has_work(ring)))
        catch_up(cpu, ring);
    if (sqe != NULL)
        taken = submit_first(cpu, ring, sqe);
    else if (asked != 0)
        taken = submit(cpu, ring, min_u32(asked, CAPOS_ENTER_BATCH), first);
    return end_enter(cpu, ring, taken, asked, wait, deadline);
}

// The same for one that carries capabilities or has room for some.
static struct thread *take_directly_caps(struct cpu *cpu, struct ring *ring,
                                         const struct capos_sqe *sqe, uint32_t wait) {
    if (sqe->opcode == CAPOS_OP_CALL)
        return direct_call_caps(cpu, ring, sqe, wait);
    return direct_return_caps(cpu, ring, sqe, wait);
}

// One SQE, which was not usual: what has not been read of it is, now.
apart flat static struct thread *enter_unusual(struct cpu *cpu, struct ring *ring, uint32_t wait,
                                               struct direct_sqe *sqe) {
    sqe->word[SQE_INTERFACE] = ring_load_word(sqe->place, SQE_INTERFACE);
    sqe->word[SQE_USER_DATA] = ring_load_word(sqe->place, SQE_USER_DATA);
    if (sqe->sqe.opcode != CAPOS_OP_CALL)
        sqe->word[SQE_RESULTS] = ring_load_word(sqe->place, SQE_RESULTS);
    if ((sqe->sqe.sent | sqe->sqe.room) != 0) {
        struct thread *next = take_directly_caps(cpu, ring, &sqe->sqe, wait);

        if (LIKELY(next != NULL))
            return next;
    }
    sqe->word[SQE_DEADLINE] = ring_load_word(sqe->place, SQE_DEADLINE);
    return enter(cpu, ring, 1, wait, CAPOS_NO_DEADLINE, sqe->word[SQE_FIRST], &sqe->sqe);
}

// The usual call or answer, perhaps. `first`: the first word of the SQE at `place`.
static struct thread *enter_alone(struct cpu *cpu, struct ring *ring, const struct capos_sqe *place,
                                  uint64_t first, uint32_t wait) {
    struct direct_sqe sqe;
    struct thread *next;

    kassert(ring_has_cqe(ring));
    sqe.place = place;
    sqe.word[SQE_FIRST] = first;
    sqe.word[SQE_CAP] = ring_load_word(place, SQE_CAP);
    sqe.word[SQE_PARAMS] = ring_load_word(place, SQE_PARAMS);
    sqe.word[SQE_SENT] = ring_load_word(place, SQE_SENT);
    if ((uint8_t)first == CAPOS_OP_CALL) {
        sqe.word[SQE_RESULTS] = ring_load_word(place, SQE_RESULTS);
        next = direct_call(cpu, ring, &sqe, wait);
    } else {
        next = direct_return(cpu, ring, &sqe, wait);
    }
    return LIKELY(next != NULL) ? next : enter_unusual(cpu, ring, wait, &sqe);
}

// Can an SQE with this first word be the first of an UNPARK and a PARK that go together?
static bool may_hand_over(uint64_t first) {
    return (first & 0xffff) == (CAPOS_OP_UNPARK | (uint64_t)CAPOS_SQE_SKIP_CQE << 8);
}

// Two SQEs that have been read, in the general way.
seldom static struct thread *enter_both(struct cpu *cpu, struct ring *ring, uint32_t wait,
                                        const struct capos_sqe *first,
                                        const struct capos_sqe *second) {
    ring_begin(ring);
    (void)submit_first(cpu, ring, first);
    machine_interrupt_window(cpu);
    (void)submit_first(cpu, ring, second);
    return end_enter(cpu, ring, 2, 2, wait, CAPOS_NO_DEADLINE);
}

// The same of which only the first words have been read, the second of which is no usual PARK's.
seldom static struct thread *enter_others(struct cpu *cpu, struct ring *ring, uint32_t wait,
                                          uint64_t first, uint64_t second) {
    struct capos_sqe unpark, other;

    ring_load_sqe(&unpark, next_sqe(ring), first);
    ring_load_sqe(&other, sqe_after_next(ring), second);
    return enter_both(cpu, ring, wait, &unpark, &other);
}

// What else an UNPARK and a PARK say; usually it is this.
struct pair_form {
    uint32_t count;
    uint16_t zero, zero_after;
    uint64_t deadline;
};
static const struct pair_form usual_form = {.count = 1, .deadline = CAPOS_NO_DEADLINE};

static inlined struct direct_pair load_pair(const struct capos_sqe *unpark,
                                            const struct capos_sqe *park, uint64_t park_first) {
    return (struct direct_pair){
        .wake_cap = ring_load_word(unpark, SQE_CAP),
        .wake_at = ring_load_word(unpark, SQE_INTERFACE),
        .cap = ring_load_word(park, SQE_CAP),
        .at = ring_load_word(park, SQE_INTERFACE),
        .user_data = ring_load_word(park, SQE_USER_DATA),
        .expected = (uint32_t)ring_load_word(park, SQE_PARAMS),
        .slot = (uint16_t)(park_first >> 32),
    };
}

// An UNPARK and a PARK that are not usual. The first one's user_data, which only a failure has, is
// what has not been read of them.
seldom static struct thread *enter_unusual_pair(struct cpu *cpu, struct ring *ring, uint32_t wait,
                                                struct direct_pair pair, struct pair_form form) {
    const struct capos_sqe unpark = {
        .opcode = CAPOS_OP_UNPARK,
        .flags = CAPOS_SQE_SKIP_CQE,
        .cap = pair.wake_cap,
        .interface = pair.wake_at,
        .user_data = ring_load_word(next_sqe(ring), SQE_USER_DATA),
        .params = form.count,
        .zero = form.zero,
    };
    const struct capos_sqe park = {
        .opcode = CAPOS_OP_PARK,
        .slot = pair.slot,
        .cap = pair.cap,
        .interface = pair.at,
        .user_data = pair.user_data,
        .params = pair.expected,
        .zero = form.zero_after,
        .deadline = form.deadline,
    };

    return enter_both(cpu, ring, wait, &unpark, &park);
}

// An UNPARK and what comes after it. `first`: the UNPARK's first word.
static inline struct thread *enter_pair(struct cpu *cpu, struct ring *ring, uint64_t first,
                                        uint32_t wait) {
    const struct capos_sqe *unpark = next_sqe(ring), *park = sqe_after_next(ring);
    uint64_t park_first = ring_load_word(park, 0);
    struct direct_pair pair;
    struct pair_form form;
    struct thread *next;

    if (UNLIKELY((park_first & 0xffff) != CAPOS_OP_PARK))
        return enter_others(cpu, ring, wait, first, park_first);
    form = (struct pair_form){
        .count = (uint32_t)ring_load_word(unpark, SQE_PARAMS),
        .zero = (uint16_t)(ring_load_word(unpark, SQE_SENT) >> 48),
        .zero_after = (uint16_t)(ring_load_word(park, SQE_SENT) >> 48),
        .deadline = ring_load_word(park, SQE_DEADLINE),
    };
    pair = load_pair(unpark, park, park_first);
    if (UNLIKELY(form.count != 1 || (form.zero | form.zero_after) != 0 ||
                 form.deadline != CAPOS_NO_DEADLINE))
        return enter_unusual_pair(cpu, ring, wait, pair, form);
    next = direct_park(cpu, ring, &pair, wait);
    return LIKELY(next != NULL) ? next : enter_unusual_pair(cpu, ring, wait, pair, usual_form);
}

// What the thread says is possible, or nothing of it is done.
static inline struct thread *enter_checked(struct cpu *cpu, struct ring *ring,
                                           struct indices indices, uint32_t to_submit,
                                           uint32_t wait, uint64_t deadline, uint64_t first) {
    if (UNLIKELY(!are_possible(ring, indices))) {
        machine_context_set_result(&ring->thread->context, result_of(0, CAPOS_ENTER_RING_BAD));
        return sched_leave(cpu);
    }
    ring->cq_head = indices.cq_head;
    return enter(cpu, ring, min_u32(to_submit, indices.sq_tail - ring->sq_head), wait, deadline,
                 first, NULL);
}

apart static struct thread *enter_any_two(struct cpu *cpu, struct ring *ring,
                                          struct indices indices, uint32_t wait, uint64_t deadline,
                                          uint64_t first) {
    return enter_checked(cpu, ring, indices, 2, wait, deadline, first);
}

// Kept apart, since what it needs registers for is none of the others' business.
apart static struct thread *enter_two(struct cpu *cpu, struct ring *ring, struct indices indices,
                                      uint32_t wait, uint64_t deadline, uint64_t first) {
    if (may_hand_over(first) && are_alone(ring->thread, 2, indices, deadline)) {
        ring->cq_head = indices.cq_head;
        return enter_pair(cpu, ring, first, wait);
    }
    return enter_any_two(cpu, ring, indices, wait, deadline, first);
}

struct thread *ringserve_enter(struct cpu *cpu, uint32_t to_submit, uint32_t wait,
                               uint64_t deadline) {
    struct thread *thread = cpu->current;
    struct ring *ring = &thread->ring;
    const struct capos_sqe *place;
    struct indices indices;
    uint64_t first;

    kernel_enter(cpu);
    indices = read_header(ring);
    atomic_store_explicit(&ring->waits, wait, memory_order_relaxed);
    place = next_sqe(ring);
    first = indices.sq_tail == ring->sq_head ? 0 : ring_load_word(place, 0);
    if (to_submit == 1 && are_alone(thread, 1, indices, deadline) && direct_may_be(first)) {
        ring->cq_head = indices.cq_head;
        return enter_alone(cpu, ring, place, first, wait);
    }
    if (UNLIKELY(to_submit == 2))
        return enter_two(cpu, ring, indices, wait, deadline, first);
    return enter_checked(cpu, ring, indices, to_submit, wait, deadline, first);
}

// Runs what is due, and goes on with the wait.
apart static bool wait_again(struct cpu *cpu, struct ring *ring) {
    ring_begin(ring);
    return wait_on(cpu, ring, ring->deadline);
}

bool ringserve_resume(struct cpu *cpu, struct thread *thread) {
    struct ring *ring = &thread->ring;

    if (UNLIKELY(!timer_is_idle(&thread->deadline)))
        timer_stop(cpu, &thread->deadline);
    if (UNLIKELY(ring_has_due(ring)) && wait_again(cpu, ring))
        return false;
    leave(cpu, ring);
    return true;
}
