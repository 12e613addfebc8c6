// SPDX-License-Identifier: MIT
//
// See client.h. A completion finds its way back by user_data: an operation with a slot carries the
// slot's number under a tag that no token can equal (a token's low half is a small index), RELEASE
// and CANCEL carry tags of their own, and all else is a RETURN's token.
#include "capos/client.h"

#include "base/memory.h"

enum { WORD = 8 };

bool capos_client_init(struct capos_client *client, void *base, void *enter_context) {
    // A client may have more room than its ring needs: what is beyond is not cleared.
    memset(client, 0, offsetof(struct capos_client, fresh));
    if (!ring_user_attach(&client->ring, base))
        return false;
    client->fresh = client->ready_first = client->ready_count = 0;
    client->return_failed = NULL;
    client->lost = 0;
    if (client->ring.slots > CAPOS_RING_SLOTS_MAX)
        client->ring.slots = CAPOS_RING_SLOTS_MAX;
    area_init(&client->area, client->ring.area, client->ring.size);
    client->enter_context = enter_context;
    capos_client_init_transport(client);
    return true;
}

unsigned capos_slot_take_fresh(struct capos_client *client) {
    unsigned slot = client->fresh;

    if (slot == client->ring.slots)
        return CAPOS_NO_SLOT;
    client->fresh++;
    client->slots[slot] =
        (struct capos_slot){.state = CAPOS_SLOT_IDLE,
                            .wait = CAPOS_WAIT_SLOT | slot,
                            .sqe = {.slot = (uint16_t)slot, .user_data = CAPOS_SLOT_TAG | slot}};
    return slot;
}

// Nobody will read this answer: what came with it is given up.
__attribute__((noinline)) static void drop_answer(struct capos_client *client,
                                                  struct capos_slot *s) {
    const struct capos_cqe *completion = &s->completion;
    const struct capos_descriptor *received = capos_slot_received(client, s);

    for (unsigned i = 0; completion->result >= 0 && i < completion->caps; i++)
        capos_client_release(client, received[i].cap);
    capos_slot_give_back(client, s);
}

__attribute__((noinline)) static void complete_other(struct capos_client *client,
                                                     const struct capos_cqe *cqe) {
    if (cqe->user_data == CAPOS_CANCEL_TAG)
        return; // the call had ended
    if (cqe->user_data == CAPOS_NOBODY_TAG || client->return_failed == NULL)
        client->lost++;
    else if (cqe->result < 0)
        client->return_failed(client->return_context, cqe->user_data,
                              (enum capos_status) - cqe->result);
}

// What is done about it may enter the kernel again: the completion is copied first.
static inline void complete(struct capos_client *client, const struct capos_cqe *completion) {
    unsigned slot = (uint16_t)completion->user_data;
    struct capos_slot *s = &client->slots[slot];

    if (completion->user_data < CAPOS_SLOT_TAG) {
        const struct capos_cqe other = *completion;

        complete_other(client, &other);
        return;
    }
    bool abandoned = s->state == CAPOS_SLOT_ABANDONED;
    s->completion = *completion;
    s->state = CAPOS_SLOT_COMPLETE;
    s->place.results_words = (uint32_t)completion->result / WORD;
    s->place.answered = ring_cqe_is_plain(completion);
    if (abandoned) {
        drop_answer(client, s);
    } else if (s->ready != NULL) {
        s->place.answered = false; // who waits for it must say so
        uint32_t at = client->ready_first + client->ready_count++;

        client->ready[at % CAPOS_RING_SLOTS_MAX] = (uint8_t)slot;
    }
}

void capos_client_complete(struct capos_client *client, const struct capos_cqe *completion) {
    complete(client, completion);
}

static inline void take_completions(struct capos_client *client) {
    const struct capos_cqe *cqe;

    while ((cqe = ring_user_peek(&client->ring)) != NULL) {
        ring_user_pass(&client->ring);
        complete(client, cqe);
    }
}

void capos_client_entered(struct capos_client *client, uint64_t result) {
    if (CAPOS_ENTER_REASON(result) == CAPOS_ENTER_RING_BAD)
        __builtin_trap(); // only a stray write of our own to the ring can do this
    take_completions(client);
}

// One cap_enter that submits all there is and waits as `wait` says. Says why the kernel returned.
static inline enum capos_enter_reason enter_once(struct capos_client *client, uint32_t wait,
                                                 uint64_t deadline) {
    uint32_t pending = ring_user_submit(&client->ring);
    uint64_t result = capos_enter_kernel(pending, wait, deadline, client);

    capos_client_entered(client, result);
    return (enum capos_enter_reason)CAPOS_ENTER_REASON(result);
}

// The same, until all was taken and waited for.
static void enter(struct capos_client *client, uint32_t wait, uint64_t deadline) {
    while (enter_once(client, wait, deadline) != CAPOS_ENTER_DONE)
        continue;
}

bool capos_client_forget(struct capos_client *client) {
    bool any = false;

    for (struct capos_place *p = *capos_client_free(client); p != &client->none; p = p->next) {
        struct capos_slot *s = (struct capos_slot *)p;

        any = any || s->span.bytes > 0;
        area_give(&client->area, &s->span);
        p->method = NULL;
    }
    return any;
}

bool capos_client_take_room(struct capos_client *client, uint32_t bytes, struct area_span *span) {
    return area_take(&client->area, bytes, span) ||
           (capos_client_forget(client) && area_take(&client->area, bytes, span));
}

bool capos_slot_make_room(struct capos_client *client, unsigned slot, uint32_t most,
                          uint32_t least) {
    struct capos_slot *s = &client->slots[slot];

    s->place.method = NULL;
    area_give(&client->area, &s->span);
    return capos_client_take_room(client, most, &s->span) ||
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
        (void)enter_once(client, client->slots[slot].wait, CAPOS_NO_DEADLINE);
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

// Calls the function of the slot that has been complete for longest.
static inline void call_ready(struct capos_client *client) {
    struct capos_slot *s =
        &client->slots[client->ready[client->ready_first % CAPOS_RING_SLOTS_MAX]];

    void (*ready)(void *context) = s->ready;

    client->ready_first++;
    client->ready_count--;
    if (ready != NULL) // nobody has waited for it meanwhile
        ready(s->context);
}

bool capos_client_turn(struct capos_client *client, uint64_t deadline) {
    if (deadline == CAPOS_NO_DEADLINE)
        while (client->ready_count == 0)
            (void)enter_once(client, 1, CAPOS_NO_DEADLINE);
    else if (client->ready_count == 0)
        enter(client, 1, deadline);
    if (client->ready_count == 0)
        return false;
    while (client->ready_count > 0)
        call_ready(client);
    return true;
}
