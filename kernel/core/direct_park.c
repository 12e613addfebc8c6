// SPDX-License-Identifier: MIT
// UNPARK and PARK as one step (direct_park.h). Checks without locks; the words' buckets are locked,
// in the order of their addresses, or once if they are the same, and in them the other thread's
// ring; the rest is checked; commit; the locks are dropped; the switch (direct_parts.h).
//
// Both buckets are held over the whole, so to everybody else the UNPARK and the PARK happen at one
// moment, and what park.c says of wake-ups that are not lost holds for each of them: the word to
// park on is compared with its bucket locked, and the record is there before that lock is dropped.
// The woken one can only look for it afterwards.
#include "core/direct_park.h"

#include "core/accept.h"
#include "core/debug.h"
#include "core/direct_parts.h"
#include "core/park_parts.h"

// The two operations as far as they have been looked at.
struct hand_over {
    const struct direct_pair *pair;
    struct ring *ring;
    struct call *call;               // of the PARK
    struct park_word wake, wait_for; // the words
};

// Both words, when nothing about them is unusual.
static bool find_words(struct hand_over *hand_over) {
    const struct direct_pair *pair = hand_over->pair;
    struct park_word *wake = &hand_over->wake, *wait_for = &hand_over->wait_for;

    if (UNLIKELY(park_find(hand_over->ring, pair->wake_cap, pair->wake_at, wake) !=
                 CAPOS_STATUS_OK) ||
        wake->revoker != NULL)
        return false;
    if (pair->cap == 0 || pair->cap != pair->wake_cap)
        return park_find(hand_over->ring, pair->cap, pair->at, wait_for) == CAPOS_STATUS_OK &&
               wait_for->revoker == NULL;
    wait_for->revoker = NULL;
    return park_find_in(wake->memory, pair->at, wait_for) == CAPOS_STATUS_OK;
}

static void lock_both(const struct hand_over *hand_over) {
    struct call_queue *first = hand_over->wake.bucket, *second = hand_over->wait_for.bucket;

    if ((uintptr_t)first > (uintptr_t)second) {
        first = second;
        second = hand_over->wake.bucket;
    }
    lock_take(&first->lock);
    if (first != second)
        lock_take(&second->lock);
}

static void drop_both(const struct hand_over *hand_over) {
    lock_drop(&hand_over->wake.bucket->lock);
    if (hand_over->wait_for.bucket != hand_over->wake.bucket)
        lock_drop(&hand_over->wait_for.bucket->lock);
}

// Has the PARK a reference to what its word is in? That of the record that is woken will do.
static bool has_reference(const struct hand_over *hand_over, const struct call *woken) {
    struct memory *memory = hand_over->wait_for.memory;

    return memory == NULL || woken->target == &memory->object || object_try_get(&memory->object);
}

// Gives back the reference of the record that is woken, unless the PARK has it now.
static void put_reference(struct cpu *cpu, const struct hand_over *hand_over, struct call *woken) {
    struct memory *memory = hand_over->wait_for.memory;

    if (woken->target == NULL)
        return;
    if (memory == NULL || woken->target != &memory->object)
        object_put(cpu, woken->target);
    __atomic_store_n(&woken->target, NULL, __ATOMIC_RELAXED);
}

// The buckets and the woken thread's ring are locked.
static void commit(struct cpu *cpu, const struct hand_over *hand_over, struct call *woken) {
    struct ring *to = woken->ring;

    debug_commit_begin(cpu);
    hand_over->ring->accepted += 2;
    hand_over->ring->skipped++; // the UNPARK's completion
    list_remove(&woken->link);
    put_reference(cpu, hand_over, woken);
    park_hold(hand_over->call, 0, hand_over->pair->user_data, &hand_over->wait_for);
    call_set(woken, CALL_IDLE);
    ring_end_wait(to, woken, 0);
    sched_take(cpu, to->thread);
    debug_commit_end(cpu);
}

// The thread that was parked; or NULL. The buckets are locked.
static struct thread *wake_locked(struct cpu *cpu, const struct hand_over *hand_over) {
    struct call *woken = park_first(hand_over->wake.bucket, hand_over->wake.at);
    struct ring *to;
    bool usual;

    if (UNLIKELY(woken == NULL || !timer_is_idle(&woken->timer)) ||
        park_compare(cpu, hand_over->ring, &hand_over->wait_for, hand_over->pair->expected) !=
            CAPOS_STATUS_OK)
        return NULL;
    to = woken->ring;
    lock_take(&to->lock);
    usual = direct_can_go_on(cpu, to, woken) && has_reference(hand_over, woken);
    if (LIKELY(usual))
        commit(cpu, hand_over, woken);
    lock_drop(&to->lock);
    return LIKELY(usual) ? to->thread : NULL;
}

flat struct thread *direct_park(struct cpu *cpu, struct ring *ring, const struct direct_pair *pair,
                                uint32_t wait) {
    struct hand_over hand_over = {.pair = pair, .ring = ring};
    enum capos_status status;
    struct thread *next;

    hand_over.call = accept_slot(ring, pair->slot, &status);
    if (hand_over.call == NULL || !direct_is_waited_for(ring, pair->slot, wait) ||
        !find_words(&hand_over))
        return NULL;
    lock_both(&hand_over);
    next = wake_locked(cpu, &hand_over);
    drop_both(&hand_over);
    return UNLIKELY(next == NULL) ? NULL : direct_change_over(cpu, ring, 2, hand_over.call, next);
}
