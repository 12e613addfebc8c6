// SPDX-License-Identifier: MIT
//
// See raw.h. Each operation is one SQE that is written by hand and waited for in its slot, so that
// a test can say what no generated call would.
#include "tests/boot/transfer/raw.h"

#include "schemas/time.capos.h"

enum { DESCRIPTORS = 2 * RAW_CAPS * (int)sizeof(struct capos_descriptor), PAUSE_NS = 200000 };

int raw_call(struct raw_call *call) {
    struct capos_client *client = capos_client();
    unsigned slot = capos_slot_take(client);
    struct capos_slot *s = &client->slots[slot];
    uint32_t bytes = DESCRIPTORS + 64 + call->params_bytes;
    struct capos_sqe *sqe;

    if (!capos_slot_make_room(client, slot, bytes, bytes))
        capos_panic("no room in the ring");
    struct capos_descriptor *descriptors = capos_client_at(client, s->span.offset);
    uint64_t *results = capos_client_at(client, s->span.offset + DESCRIPTORS);
    for (unsigned i = 0; i < call->sent; i++)
        descriptors[i] = call->send[i];
    results[8] = call->word;
    sqe = capos_client_sqe(client);
    *sqe = (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .method = call->method,
                              .slot = (uint16_t)slot,
                              .cap = call->cap,
                              .interface = RAW_INTERFACE,
                              .params = s->span.offset + DESCRIPTORS + 64,
                              .params_bytes = call->params_bytes,
                              .results = s->span.offset + DESCRIPTORS,
                              .results_capacity = 64,
                              .descriptors = s->span.offset,
                              .sent = call->sent,
                              .room = call->room};
    capos_slot_submit(client, slot, sqe);
    capos_slot_wait(client, slot);
    call->caps = s->completion.caps;
    for (unsigned i = 0; i < call->caps; i++)
        call->received[i] = descriptors[call->sent + i];
    if (s->completion.result >= 8)
        call->word = results[0];
    int result = s->completion.result;
    capos_slot_give(client, slot);
    return result;
}

void raw_pause(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_now_results now;
    struct capos_timer_sleep_until_results slept;
    struct capos_call call;

    if (capos_timer_now(&call, capos_ring(), timer, &now) != CAPOS_DONE)
        capos_panic("no time");
    uint64_t time = capos_timer_now_results_nanoseconds(now);
    capos_call_release(&call);
    (void)capos_timer_sleep_until(&call, capos_ring(), timer, time + PAUSE_NS, &slept);
    capos_call_release(&call);
}
