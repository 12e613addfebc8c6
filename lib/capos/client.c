// SPDX-License-Identifier: MIT
//
// See client.h. A completion finds its way back by user_data: an operation with a slot carries the
// slot's number under a tag that no token can equal (a token's low half is a small index), RELEASE
// and CANCEL carry tags of their own, and all else is a RETURN's token.
#include "capos/client.h"

#include "base/memory.h"

bool capos_client_init(struct capos_client *client, void *base, capos_enter *enter,
                       void *enter_context) {
    // A client may have more room than its ring needs: what is beyond is not cleared.
    memset(client, 0, offsetof(struct capos_client, free));
    if (!ring_user_attach(&client->ring, base))
        return false;
    client->return_failed = NULL;
    client->lost = 0;
    if (client->ring.slots > CAPOS_RING_SLOTS_MAX)
        client->ring.slots = CAPOS_RING_SLOTS_MAX;
    area_init(&client->area, client->ring.area, client->ring.size);
    for (unsigned slot = client->ring.slots; slot-- > 0;) {
        client->slots[slot] = (struct capos_slot){
            .sqe = {.slot = (uint16_t)slot, .user_data = CAPOS_SLOT_TAG | slot}};
        client->free[client->free_count++] = (uint8_t)slot;
    }
    client->enter = enter;
    client->enter_context = enter_context;
    client->transport = *capos_client_transport(client);
    return true;
}

// Nobody will read this answer: what came with it is given up.
static void drop_answer(struct capos_client *client, unsigned slot) {
    const struct capos_cqe *completion = &client->slots[slot].completion;
    const struct capos_descriptor *received = capos_slot_received(client, &client->slots[slot]);

    for (unsigned i = 0; completion->result >= 0 && i < completion->caps; i++)
        capos_client_release(client, received[i].cap);
    capos_slot_give(client, slot);
}

static inline void complete_slot(struct capos_client *client, unsigned slot,
                                 const struct capos_cqe *cqe) {
    struct capos_slot *s = &client->slots[slot];
    bool abandoned = s->state == CAPOS_SLOT_ABANDONED;

    s->completion = *cqe;
    s->state = CAPOS_SLOT_COMPLETE;
    if (abandoned) {
        drop_answer(client, slot);
    } else if (s->ready != NULL) {
        uint32_t at = (client->ready_first + client->ready_count) % CAPOS_RING_SLOTS_MAX;

        client->ready[at] = (uint8_t)slot;
        client->ready_count++;
    }
}

static void complete_other(struct capos_client *client, const struct capos_cqe *cqe) {
    if (cqe->user_data == CAPOS_CANCEL_TAG)
        return; // the call had ended
    if (cqe->user_data == CAPOS_NOBODY_TAG || client->return_failed == NULL)
        client->lost++;
    else if (cqe->result < 0)
        client->return_failed(client->return_context, cqe->user_data,
                              (enum capos_status) - cqe->result);
}

static inline void take_completions(struct capos_client *client) {
    struct capos_cqe cqe;

    while (ring_user_take(&client->ring, &cqe))
        if (cqe.user_data >= CAPOS_SLOT_TAG)
            complete_slot(client, cqe.user_data & 0xffff, &cqe);
        else
            complete_other(client, &cqe);
}

// Submits all there is and waits as `wait` says, taking completions whenever the kernel returns.
static inline void enter(struct capos_client *client, uint32_t wait, uint64_t deadline) {
    uint64_t result;

    do {
        ring_user_publish(&client->ring);
        result = client->enter(ring_user_pending(&client->ring), wait, deadline, client);
        take_completions(client);
        if (CAPOS_ENTER_REASON(result) == CAPOS_ENTER_RING_BAD)
            __builtin_trap(); // only a stray write of our own to the ring can do this
    } while (CAPOS_ENTER_REASON(result) != CAPOS_ENTER_DONE);
}

bool capos_client_forget(struct capos_client *client) {
    bool any = false;

    for (unsigned i = 0; i < client->free_count; i++) {
        struct capos_slot *s = &client->slots[client->free[i]];

        any = any || s->span.bytes > 0;
        area_give(&client->area, &s->span);
        s->method = NULL;
    }
    return any;
}

bool capos_slot_make_room(struct capos_client *client, unsigned slot, uint32_t most,
                          uint32_t least) {
    struct capos_slot *s = &client->slots[slot];

    s->method = NULL;
    area_give(&client->area, &s->span);
    return area_take(&client->area, most, &s->span) ||
           (capos_client_forget(client) && area_take(&client->area, most, &s->span)) ||
           area_take_some(&client->area, most, least, &s->span);
}

struct capos_sqe *capos_client_sqe_slowly(struct capos_client *client) {
    struct capos_sqe *sqe;

    do
        enter(client, 0, 0);
    while ((sqe = ring_user_next(&client->ring)) == NULL);
    return sqe;
}

void capos_slot_wait(struct capos_client *client, unsigned slot) {
    while (client->slots[slot].state == CAPOS_SLOT_SUBMITTED)
        enter(client, CAPOS_WAIT_SLOT | slot, CAPOS_NO_DEADLINE);
}

void capos_client_flush(struct capos_client *client) {
    enter(client, 0, 0);
}

void capos_client_release(struct capos_client *client, uint64_t cap) {
    if (cap == 0)
        return;
    struct capos_sqe *sqe = capos_client_sqe(client);
    sqe->opcode = CAPOS_OP_RELEASE;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    sqe->cap = cap;
    sqe->user_data = CAPOS_NOBODY_TAG;
}

bool capos_client_turn(struct capos_client *client, uint64_t deadline) {
    do
        if (client->ready_count == 0)
            enter(client, 1, deadline);
    while (client->ready_count == 0 && deadline == CAPOS_NO_DEADLINE);
    if (client->ready_count == 0)
        return false;
    while (client->ready_count > 0) {
        struct capos_slot *s = &client->slots[client->ready[client->ready_first]];

        client->ready_first = (client->ready_first + 1) % CAPOS_RING_SLOTS_MAX;
        client->ready_count--;
        s->ready(s->context);
    }
    return true;
}
