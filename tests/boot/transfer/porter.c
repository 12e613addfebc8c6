// SPDX-License-Identifier: MIT
//
// The server of the test of transfers: takes what comes, with room for fifteen capabilities, and
// gives it back. Where nothing came, it mints an object whose id is the descriptor's number.
#include "tests/boot/transfer/raw.h"

enum { MESSAGE = 512, SLOT_BYTES = MESSAGE + RAW_CAPS * (int)sizeof(struct capos_descriptor) };

static struct capos_client *client;
static uint64_t receiver;
static unsigned take, give; // slots: of RECV, and one that lends its memory to RETURN

static bool arrived;

static void note(void *context) {
    (void)context;
    arrived = true;
}

static void receive(uint8_t room) {
    struct capos_sqe *sqe = capos_client_sqe(client);
    uint32_t at = client->slots[take].span.offset;

    *sqe = (struct capos_sqe){.opcode = CAPOS_OP_RECV,
                              .slot = (uint16_t)take,
                              .cap = receiver,
                              .results = at,
                              .results_capacity = MESSAGE,
                              .descriptors = at + MESSAGE,
                              .room = room};
    arrived = false;
    client->slots[take].ready = note;
    capos_slot_submit(client, take, sqe);
    while (!arrived) // who waits for a slot takes no messages
        (void)capos_client_turn(client, CAPOS_NO_DEADLINE);
}

static void answer(const struct capos_message *message, const struct capos_descriptor *received) {
    uint32_t at = client->slots[give].span.offset;
    struct capos_descriptor *sent = capos_client_at(client, at + MESSAGE);
    uint64_t *word = capos_client_at(client, at);
    bool home = message->method == RAW_HOME;
    uint8_t count = home ? 1 : message->method == RAW_ECHO ? message->caps : 0;
    struct capos_sqe *sqe;

    *word = message->object_id;
    for (unsigned i = 0; i < count; i++)
        sent[i] =
            !home && received[i].cap != 0
                ? (struct capos_descriptor){.kind = CAPOS_TRANSFER_MOVE, .cap = received[i].cap}
                : (struct capos_descriptor){.kind = CAPOS_TRANSFER_MINT,
                                            .cap = receiver,
                                            .object_id = 1000 + i,
                                            .interface = RAW_ITEM,
                                            .scope = home ? CAPOS_SCOPE_SERVER : CAPOS_SCOPE_ANY};
    sqe = capos_client_sqe(client);
    *sqe = (struct capos_sqe){.opcode = CAPOS_OP_RETURN,
                              .flags = CAPOS_SQE_SKIP_CQE,
                              .cap = message->token,
                              .user_data = message->token,
                              .params = at,
                              .params_bytes = 8,
                              .descriptors = at + MESSAGE,
                              .sent = count};
    capos_client_flush(client);
}

int main(void) {
    const struct capos_message *message;
    uint8_t room = RAW_CAPS;

    client = capos_client();
    receiver = capos_need("receiver", UINT64_C(0x86a86ba2aa6f6c04));
    take = capos_slot_take(client);
    give = capos_slot_take(client);
    if (!capos_slot_make_room(client, take, SLOT_BYTES, SLOT_BYTES) ||
        !capos_slot_make_room(client, give, SLOT_BYTES, SLOT_BYTES))
        return 1;
    for (;;) {
        receive(room);
        if (client->slots[take].completion.result < 0)
            return 2;
        message = capos_client_at(client, client->slots[take].span.offset);
        if (message->kind != CAPOS_MESSAGE_CALL)
            continue;
        room = message->method == RAW_NARROW ? 2 : RAW_CAPS;
        answer(message, capos_client_at(client, client->slots[take].span.offset + MESSAGE));
    }
}
