// SPDX-License-Identifier: MIT
//
// A thread's own use of its ring: slots, the message area, what is submitted and what comes back.
// An operation takes a slot, fills in an SQE, and ends in one of two ways: somebody waits for the
// slot, or the slot has a function that capos_client_turn calls when the completion is there. Those
// functions are called from the turn only, never from inside a wait, so a program that waits in
// the middle of its work is not entered again.
//
// A client belongs to one thread. The kernel is reached through `enter` alone, so that a test can
// stand in for it.
#ifndef CAPOS_LIB_CLIENT_H
#define CAPOS_LIB_CLIENT_H

#include "capnp/call.h"
#include "capos/area.h"
#include "ring/user.h"

#include <capos/limits.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    CAPOS_NO_SLOT = 0xffff,
    CAPOS_RESULTS_BYTES = 2304, // room for results of which nothing is known: 2,048 bytes of Data
};

enum capos_slot_state {
    CAPOS_SLOT_FREE,
    CAPOS_SLOT_IDLE,      // taken, nothing submitted
    CAPOS_SLOT_SUBMITTED, // the kernel's until its completion
    CAPOS_SLOT_COMPLETE,
    CAPOS_SLOT_ABANDONED, // submitted, and nobody wants the answer
};

struct capos_client;

// Enters the kernel, as cap_enter does with the same three numbers. Processes have theirs in
// local.c, tests their own.
uint64_t capos_enter_kernel(uint32_t to_submit, uint32_t wait, uint64_t deadline,
                            struct capos_client *client);

// An operation that the kernel holds, or may soon. Its part of the message area has room for
// descriptors, then for results, then for params; its submission says where they are. A slot that
// was used for a call keeps both while it is free, unless they are very large or somebody needs the
// room: the next call of the same method finds it ready, with `params` begun.
struct capos_slot {
    struct capos_place place; // first; its method is what all of this is made for, or NULL
    uint8_t state;            // since it was sent; before that, and when free, as it was
    uint8_t sent;             // descriptors that were sent
    uint32_t wait;            // for this slot, as cap_enter is told of it
    struct area_span span;
    struct capos_cqe completion;
    void (*ready)(void *context); // or NULL: somebody waits for it
    void *context;
    struct capos_sqe sqe; // what does not change from call to call of a method
};

struct capos_client {
    struct ring_user ring;
    struct capos_transport transport, on; // `on` carries calls that wait for another one
    void *enter_context;                  // for capos_enter_kernel
    uint32_t next_params;                 // capos_expect_params
    uint32_t next_results;                // capos_expect_results
    // Free slots, the next one to be taken first; `none` is the list's end. They stand in
    // transport.ready, but here while the next call to begin expects something and must ask.
    struct capos_place *free, none;
    uint32_t fresh; // slots from here on were never taken, and hold anything
    uint32_t ready_first, ready_count;
    uint8_t ready[CAPOS_RING_SLOTS_MAX]; // complete slots that have a function, oldest first
    struct capos_slot slots[CAPOS_RING_SLOTS_MAX];
    struct area area;

    // Told when a RETURN failed: the call is still held. Set by the server that uses this client.
    void (*return_failed)(void *context, uint64_t token, enum capos_status status);
    void *return_context;
    uint64_t lost; // failures of operations that nobody waits for: 0 in a correct program
};

// Attaches to the ring at `base`. False when it is none that this code knows.
must_use bool capos_client_init(struct capos_client *client, void *base, void *enter_context);

// For capos_client_init.
void capos_client_init_transport(struct capos_client *client);

// Calls through this client (capnp/call.h). The results of a call lie in the message area until it
// is released; a call that is released while the kernel has it is abandoned.
struct capos_transport *capos_client_transport(struct capos_client *client);

// The next call to begin gets room for `bytes` of params, if they have pointers, in place of what
// the schema's bound on them asks for (up to 5 KiB), or 4,096; what is not used when it is sent is
// given back.
void capos_expect_params(struct capos_client *client, uint32_t bytes);

// The next call to begin gets room for `bytes` of results, in place of what its method suggests.
void capos_expect_results(struct capos_client *client, uint32_t bytes);

// Sends a call that was begun and built, and has `ready` called from a turn once it is answered;
// then capos_call_wait returns at once. On an error the call is not on its way, and `ready` is not
// called.
must_use int capos_call_then(struct capos_client *client, struct capos_call *call,
                             void (*ready)(void *context), void *context);

// Gives up a capability of this process, with the next submission. 0 is none and does nothing.
void capos_client_release(struct capos_client *client, uint64_t cap);

// Takes what has completed, waiting until something has or the deadline (ns, as Timer.now counts)
// has passed, then calls the functions of all complete slots. False when there was none.
bool capos_client_turn(struct capos_client *client, uint64_t deadline);

// Submits everything now, without waiting.
void capos_client_flush(struct capos_client *client);

// For servers and transports:

// Where the list of free slots begins.
static inline struct capos_place **capos_client_free(struct capos_client *client) {
    return client->transport.ready == NULL ? &client->free : &client->transport.ready;
}

// The lowest slot that was never taken, or CAPOS_NO_SLOT.
__attribute__((cold, noinline)) unsigned capos_slot_take_fresh(struct capos_client *client);

// Takes a free slot, or CAPOS_NO_SLOT. What it keeps is its own.
static inline unsigned capos_slot_take(struct capos_client *client) {
    struct capos_place **first = capos_client_free(client);
    struct capos_slot *s = (struct capos_slot *)*first;

    if (*first == &client->none)
        return capos_slot_take_fresh(client);
    *first = s->place.next;
    s->state = CAPOS_SLOT_IDLE;
    return s->sqe.slot;
}

// Gives back a slot that the kernel doesn't have; what was not made for a method is not kept.
static inline void capos_slot_give_back(struct capos_client *client, struct capos_slot *s) {
    struct capos_place **first = capos_client_free(client);

    if (s->place.method == NULL)
        area_give(&client->area, &s->span);
    s->ready = NULL;
    s->state = CAPOS_SLOT_FREE;
    s->place.next = *first;
    *first = &s->place;
}

static inline void capos_slot_give(struct capos_client *client, unsigned slot) {
    capos_slot_give_back(client, &client->slots[slot]);
}

// Free slots lose what they keep. False when none kept anything.
bool capos_client_forget(struct capos_client *client);

// Takes a span of the message area. Free slots lose what they keep if that makes the room.
must_use bool capos_client_take_room(struct capos_client *client, uint32_t bytes,
                                     struct area_span *span);

// Gives the slot, which has been taken, a span of `most` bytes in place of the one it has, or of
// fewer, but at least `least`. Free slots lose what they keep if that makes the room. False when
// there is none; then the slot has no span.
must_use bool capos_slot_make_room(struct capos_client *client, unsigned slot, uint32_t most,
                                   uint32_t least);

// Enters the kernel until there is room in the queue; then as ring_user_next.
struct capos_sqe *capos_client_sqe_slowly(struct capos_client *client);

// The next SQE, all zero; never NULL.
static inline struct capos_sqe *capos_client_sqe(struct capos_client *client) {
    struct capos_sqe *sqe = ring_user_next(&client->ring);

    return sqe != NULL ? sqe : capos_client_sqe_slowly(client);
}

// user_data of an operation with a slot: a tag that no token can equal, and the slot.
#define CAPOS_SLOT_TAG UINT64_C(0xffffffffffff0000)

// user_data of a CANCEL.
#define CAPOS_CANCEL_TAG UINT64_C(0xfffffffffffd0000)

// user_data of an operation that nobody waits for, with SKIP_CQE: its failure is counted as lost.
#define CAPOS_NOBODY_TAG UINT64_C(0xfffffffffffe0000)

// The slot's operation has been filled in: marks it submitted. Its user_data is set.
static inline void capos_slot_submit(struct capos_client *client, unsigned slot,
                                     struct capos_sqe *sqe) {
    sqe->slot = (uint16_t)slot;
    sqe->user_data = CAPOS_SLOT_TAG | slot;
    client->slots[slot].state = CAPOS_SLOT_SUBMITTED;
}

// Submits the slot's own `sqe`; the caller may still change the copy that is returned. NULL when
// the queue is full.
static inline struct capos_sqe *capos_slot_submit_own(struct capos_client *client,
                                                      struct capos_slot *slot) {
    struct capos_sqe *sqe = ring_user_place(&client->ring);

    if (sqe == NULL)
        return NULL;
    *sqe = slot->sqe;
    slot->state = CAPOS_SLOT_SUBMITTED;
    return sqe;
}

// Takes note of a completion that was passed.
void capos_client_complete(struct capos_client *client, const struct capos_cqe *completion);

// What an entry of the kernel with this result has left, taken.
void capos_client_entered(struct capos_client *client, uint64_t result);

// Enters the kernel until the slot is complete.
void capos_slot_wait(struct capos_client *client, unsigned slot);

// Enters the kernel once, with all there is and this wait without a deadline. The next completion,
// if the kernel is content and there is exactly one: it is passed already, and stays until the
// kernel is entered again. False: capos_client_entered is to be told the result.
must_use static inline bool capos_client_enter_for_one(struct capos_client *client, uint32_t wait,
                                                       const struct capos_cqe **completion,
                                                       uint64_t *result) {
    uint32_t pending = ring_user_submit(&client->ring);

    *result = capos_enter_kernel(pending, wait, CAPOS_NO_DEADLINE, client);
    return __builtin_expect(CAPOS_ENTER_REASON(*result) == CAPOS_ENTER_DONE, 1) &&
           __builtin_expect(ring_user_pass_only(&client->ring, completion), 1);
}

static inline void *capos_client_at(struct capos_client *client, uint32_t offset) {
    return (char *)client->ring.header + offset;
}

// The received descriptors of a complete slot.
static inline struct capos_descriptor *capos_slot_received(struct capos_client *client,
                                                           const struct capos_slot *slot) {
    struct capos_descriptor *descriptors =
        (struct capos_descriptor *)capos_client_at(client, slot->sqe.descriptors);

    return descriptors + slot->sent;
}

#endif
