// SPDX-License-Identifier: MIT
//
// See park.h. The slot that a thread parks with is kept back from its client, so that a thread
// whose slots are all in use can take a lock all the same. It is submitted and waited for in one
// step, so its state is only of interest when something else comes in between.
#include "capos/park.h"

#include "capos/local.h"
#include "capos/runtime.h"

// A place for a submission, to be filled in whole.
static inlined struct capos_sqe *place_for(struct capos_client *client) {
    struct capos_sqe *sqe = ring_user_place(&client->ring);

    return __builtin_expect(sqe != NULL, 1) ? sqe : capos_client_sqe_slowly(client);
}

static inlined void submit_unpark(struct capos_client *client, uint64_t memory_object,
                                  uint64_t offset, uint32_t count) {
    *place_for(client) = (struct capos_sqe){
        .opcode = CAPOS_OP_UNPARK,
        .flags = CAPOS_SQE_SKIP_CQE,
        .cap = memory_object,
        .interface = offset,
        .user_data = CAPOS_NOBODY_TAG,
        .params = count,
    };
}

// What else came than the completion that was waited for has been taken: waits on, and ends.
seldom static enum capos_status wait_longer(struct capos_client *client) {
    struct capos_slot *slot = &client->slots[LOCAL_SLOT];

    if (slot->state != CAPOS_SLOT_COMPLETE) {
        slot->state = CAPOS_SLOT_SUBMITTED;
        capos_slot_wait(client, LOCAL_SLOT);
    }
    slot->state = CAPOS_SLOT_IDLE;
    return (enum capos_status) - slot->completion.result;
}

static inlined enum capos_status park(struct capos_client *client, uint64_t memory_object,
                                      uint64_t offset, uint32_t expected, uint64_t deadline) {
    const uint64_t tag = CAPOS_SLOT_TAG | LOCAL_SLOT;
    const struct capos_cqe *completion;
    uint64_t result;

    *place_for(client) = (struct capos_sqe){
        .opcode = CAPOS_OP_PARK,
        .slot = LOCAL_SLOT,
        .cap = memory_object,
        .interface = offset,
        .user_data = tag,
        .params = expected,
        .deadline = deadline,
    };
    if (!capos_client_enter_for_one(client, CAPOS_WAIT_SLOT | LOCAL_SLOT, &completion, &result))
        capos_client_entered(client, result);
    else if (__builtin_expect(completion->user_data == tag, 1))
        return (enum capos_status) - completion->result;
    else
        capos_client_complete(client, completion);
    return wait_longer(client);
}

enum capos_status capos_park_shared(uint64_t memory_object, uint64_t offset, uint32_t expected,
                                    uint64_t deadline) {
    return park(capos_client(), memory_object, offset, expected, deadline);
}

void capos_unpark_shared_later(uint64_t memory_object, uint64_t offset, uint32_t count) {
    submit_unpark(capos_client(), memory_object, offset, count);
}

void capos_unpark_shared(uint64_t memory_object, uint64_t offset, uint32_t count) {
    capos_unpark_shared_later(memory_object, offset, count);
    capos_client_flush(capos_client());
}

enum capos_status capos_hand_over_shared(uint64_t wake_object, uint64_t wake_offset,
                                         uint64_t memory_object, uint64_t offset, uint32_t expected,
                                         uint64_t deadline) {
    struct capos_client *client = capos_client();

    submit_unpark(client, wake_object, wake_offset, 1);
    return park(client, memory_object, offset, expected, deadline);
}

enum capos_status capos_park(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
    return park(capos_client(), 0, (uintptr_t)word, expected, deadline);
}

void capos_unpark(const _Atomic uint32_t *word, uint32_t count) {
    capos_unpark_shared(0, (uintptr_t)word, count);
}

void capos_unpark_later(const _Atomic uint32_t *word, uint32_t count) {
    submit_unpark(capos_client(), 0, (uintptr_t)word, count);
}

enum capos_status capos_hand_over(const _Atomic uint32_t *wake, const _Atomic uint32_t *word,
                                  uint32_t expected, uint64_t deadline) {
    struct capos_client *client = capos_client();

    submit_unpark(client, 0, (uintptr_t)wake, 1);
    return park(client, 0, (uintptr_t)word, expected, deadline);
}
