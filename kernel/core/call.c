// SPDX-License-Identifier: MIT
// The ends of calls, and calls that kernel objects hold (call.h). A held record is linked to its
// queue under the queue's lock; whoever unlinks it there has claimed it, then stops its timer, and
// only then ends it, so the timer's function never sees the record's next use.
#include "core/call.h"

#include "core/captable.h"
#include "core/dispatch.h"
#include "core/object.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/ringserve.h"

void call_put_target(struct cpu *cpu, struct call *call) {
    object_put(cpu, call->target);
    __atomic_store_n(&call->target, NULL, __ATOMIC_RELAXED);
}

void call_complete(struct cpu *cpu, struct call *call, int32_t result, uint8_t cqe_flags,
                   uint8_t caps) {
    if (__builtin_expect((call_flags(call) & CALL_REVOCABLE) != 0, 0))
        revoker_use_end(cpu, call);
    if (call->reserved != 0) {
        captable_unreserve(cpu, &call->ring->process->table, call->reserved);
        call->reserved = 0;
    }
    if (call->target != NULL)
        call_put_target(cpu, call);
    ring_post(cpu, call, result, cqe_flags, caps);
}

void call_fail(struct cpu *cpu, struct call *call, enum capos_status status) {
    call_complete(cpu, call, -(int32_t)status, 0, 0);
}

void call_queue_init(struct call_queue *queue, call_answer_fn *answer) {
    lock_init(&queue->lock, LOCK_QUEUE);
    list_init(&queue->calls);
    queue->answer = answer;
}

void call_hold(struct cpu *cpu, struct capos_invocation *invocation, struct call_queue *queue,
               uint64_t deadline) {
    struct call *call = dispatch_record(invocation);

    call->queue = queue;
    timer_init(&call->timer, TIMER_CALL);
    lock_take(&queue->lock);
    list_push_back(&queue->calls, &call->link);
    call_set(call, CALL_HELD);
    if (deadline != CAPOS_NO_DEADLINE)
        timer_arm(cpu, &call->timer, deadline);
    lock_drop(&queue->lock);
}

// Unlinks a record that is still held, and thereby claims it. The queue is locked.
static void claim_locked(struct call *call) {
    list_remove(&call->link);
    call_set(call, CALL_CLAIMED);
}

bool call_queue_answer(struct cpu *cpu, struct call_queue *queue, enum capos_status status) {
    struct list_node *first;
    struct call *call;

    lock_take(&queue->lock);
    first = list_first(&queue->calls);
    call = first == NULL ? NULL : list_entry(first, struct call, link);
    if (call != NULL)
        claim_locked(call);
    lock_drop(&queue->lock);
    if (call == NULL)
        return false;
    timer_stop(cpu, &call->timer);
    queue->answer(cpu, call, status);
    return true;
}

void call_queue_answer_all(struct cpu *cpu, struct call_queue *queue, enum capos_status status) {
    while (call_queue_answer(cpu, queue, status))
        continue;
}

bool call_unhold(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status) {
    struct call_queue *queue = call->queue;
    bool held;

    // What was read is the queue only if the call was held then; its target lends it to us.
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&call->word, memory_order_relaxed) != word)
        return false;
    lock_take(&queue->lock);
    held = atomic_load_explicit(&call->word, memory_order_relaxed) == word;
    if (held)
        claim_locked(call);
    lock_drop(&queue->lock);
    if (!held)
        return false;
    timer_stop(cpu, &call->timer);
    call_fail(cpu, call, status);
    return true;
}

void call_timed_out(struct cpu *cpu, struct call *call) {
    struct call_queue *queue = call->queue;
    bool held;

    lock_take(&queue->lock);
    held = call_state(call) == CALL_HELD;
    if (held)
        claim_locked(call);
    lock_drop(&queue->lock);
    timer_fired(&call->timer);
    if (held)
        queue->answer(cpu, call, CAPOS_STATUS_TIMED_OUT);
}
