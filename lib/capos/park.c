// SPDX-License-Identifier: MIT
//
// See park.h. The slot that a thread parks with is kept back from its client, so that a thread
// whose slots are all in use can take a lock all the same.
#include "capos/park.h"

#include "capos/local.h"
#include "capos/runtime.h"

enum capos_status capos_park_shared(uint64_t memory_object, uint64_t offset, uint32_t expected,
                                    uint64_t deadline) {
    struct capos_client *client = capos_client();
    unsigned slot = LOCAL_SLOT;
    struct capos_sqe *sqe = capos_client_sqe(client);
    enum capos_status status;

    sqe->opcode = CAPOS_OP_PARK;
    sqe->cap = memory_object;
    sqe->interface = offset;
    sqe->params = expected;
    sqe->deadline = deadline;
    capos_slot_submit(client, slot, sqe);
    capos_slot_wait(client, slot);
    status = (enum capos_status) - client->slots[slot].completion.result;
    client->slots[slot].state = CAPOS_SLOT_IDLE;
    return status;
}

void capos_unpark_shared_later(uint64_t memory_object, uint64_t offset, uint32_t count) {
    struct capos_sqe *sqe = capos_client_sqe(capos_client());

    sqe->opcode = CAPOS_OP_UNPARK;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    sqe->cap = memory_object;
    sqe->interface = offset;
    sqe->params = count;
    sqe->user_data = CAPOS_NOBODY_TAG;
}

void capos_unpark_shared(uint64_t memory_object, uint64_t offset, uint32_t count) {
    capos_unpark_shared_later(memory_object, offset, count);
    capos_client_flush(capos_client());
}

enum capos_status capos_park(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
    return capos_park_shared(0, (uintptr_t)word, expected, deadline);
}

void capos_unpark(const _Atomic uint32_t *word, uint32_t count) {
    capos_unpark_shared(0, (uintptr_t)word, count);
}

void capos_unpark_later(const _Atomic uint32_t *word, uint32_t count) {
    capos_unpark_shared_later(0, (uintptr_t)word, count);
}
