// SPDX-License-Identifier: MIT
//
// See server.h. The usual answer is one SQE: RETURN with REARM, which the next turn submits
// together with its wait. So what it says belongs to the kernel from the end of a handler until the
// client has entered it again, which every turn does first; answers to held calls have room of
// their own and are submitted at once.
//
// One RECV may bring several messages. Only the answer to the last arms it again (`reply` says so),
// so the others stay where they are until they have been served; answers lie one behind the other.
#include "capos/server.h"

#include "base/memory.h"
#include "capos/exception.h"

enum { WORD = 8, EXCEPTION_BYTES = 256, REFUSAL_BYTES = 128 };

// What an invocation begins with, as a message's header has it.
enum {
    CALLED_AT = offsetof(struct capos_message, object_id),
    CALLED_BYTES = offsetof(struct capos_message, session) - CALLED_AT,
};
#define SAME_PLACE(invocation, message)                           \
    (offsetof(struct capos_invocation, invocation) + CALLED_AT == \
     offsetof(struct capos_message, message))
_Static_assert(SAME_PLACE(object_id, object_id) && SAME_PLACE(interface, interface) &&
                   SAME_PLACE(method, method) && SAME_PLACE(kind, kind) &&
                   SAME_PLACE(received_count, caps) && SAME_PLACE(params_words, params_words) &&
                   SAME_PLACE(room, room) && SAME_PLACE(disclosure, disclosure),
               "taken at once");

// RECV, as the slot's submission has it.
static void arm(struct capos_server *server) {
    server->rearmed_by = 0;
    while (capos_slot_submit_own(server->client, server->recv) == NULL)
        capos_client_flush(server->client);
}

// RETURN of `bytes` at `offset`. The caller's room has been looked at.
static inline struct capos_sqe *give_answer(struct capos_client *client, uint64_t token,
                                            uint32_t offset, uint32_t bytes, uint8_t flags) {
    struct capos_sqe *sqe = capos_client_sqe(client);

    sqe->opcode = CAPOS_OP_RETURN;
    sqe->flags = (uint8_t)(flags | CAPOS_SQE_SKIP_CQE);
    sqe->cap = token;
    sqe->user_data = token;
    sqe->params = offset;
    sqe->params_bytes = bytes;
    return sqe;
}

// Is the message that is served the last of those received? Then the RECV is to be armed again.
static inline bool is_last(const struct capos_server *server) {
    return (server->reply.flags & CAPOS_SQE_REARM) != 0;
}

static inline void arm_after_last(struct capos_server *server) {
    if (is_last(server))
        arm(server);
}

// The bucket of a number. Numbers are often small, or addresses: the product's middle has both.
static inline struct capos_object **bucket_of(const struct capos_server *server, uint64_t id) {
    return &server->buckets[(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & server->bucket_mask];
}

static inline struct capos_object *find_object(const struct capos_server *server, uint64_t id) {
    struct capos_object *object = *bucket_of(server, id);

    while (object != NULL && object->id != id)
        object = object->next;
    return object;
}

static inline int dispatch(struct capos_server *server, struct capos_invocation *inv) {
    struct capos_object *object = server->recent;

    if (object == NULL || object->id != inv->object_id) {
        object = find_object(server, inv->object_id);
        if (object == NULL)
            return capos_fail(inv, CAPOS_DISCONNECTED, "the object is gone");
        server->recent = object;
    }
    if (object->interface != server->message->facet_interface)
        return capos_fail(inv, CAPOS_UNIMPLEMENTED, "the object has another interface");
    return object->dispatch(object->self, inv);
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// What changes from call to call. The rest stands since the server was prepared.
static inline struct capos_invocation *open_invocation(struct capos_server *server,
                                                       const struct capos_message *message) {
    struct capos_invocation *inv = &server->inv;

    memcpy(inv, (const char *)message + CALLED_AT, CALLED_BYTES);
    capos_builder_restart(&inv->results,
                          smaller(message->results_capacity / WORD, server->answer_words),
                          (uint8_t)smaller(message->room, server->answer_room));
    inv->exception = CAPOS_DONE;
    return inv;
}

static inline void answer_results(struct capos_server *server, uint64_t token,
                                  const struct capos_invocation *inv) {
    struct capos_sqe *sqe = ring_user_place(&server->client->ring);

    if (sqe == NULL)
        sqe = capos_client_sqe_slowly(server->client);
    *sqe = server->reply;
    sqe->cap = sqe->user_data = token;
    sqe->params_bytes = inv->results.used * WORD;
    sqe->sent = inv->results.descriptor_count;
    server->rearmed_by = token;
}

__attribute__((cold)) static void answer_exception(struct capos_server *server, uint64_t token,
                                                   struct capos_invocation *inv, int outcome) {
    uint32_t capacity = smaller(server->message->results_capacity / WORD, server->answer_words);

    if (outcome < CAPOS_DONE)
        capos_fail(inv, CAPOS_FAILED, "the server lost the call");
    else if (inv->exception == CAPOS_DONE)
        capos_fail(inv, (enum capos_outcome)outcome, "");
    if (capacity < EXCEPTION_WORDS_MIN)
        capacity = EXCEPTION_WORDS_MIN; // the kernel cuts it
    inv->results.used =
        capos_exception_write(inv->results.words, capacity, inv->exception, inv->reason);
    inv->results.descriptor_count = 0;
    (void)give_answer(server->client, token, server->reply.params, inv->results.used * WORD,
                      server->reply.flags | CAPOS_SQE_EXCEPTION);
    server->rearmed_by = token;
}

// The end of a call that is not the simplest. What came with it and was not kept is given up; its
// list is copied first, because a submission may enter the kernel, and the next message overwrite
// it.
__attribute__((noinline)) static void end_call(struct capos_server *server, uint64_t token,
                                               struct capos_invocation *inv, int outcome) {
    struct capos_descriptor received[CAPOS_SERVER_CAPABILITIES];
    uint32_t count = smaller(inv->received_count, CAPOS_SERVER_CAPABILITIES);

    memcpy(received, inv->received, count * sizeof received[0]);
    if (outcome == CAPOS_PENDING && server->held)
        arm_after_last(server);
    else if (outcome == CAPOS_DONE)
        answer_results(server, token, inv);
    else
        answer_exception(server, token, inv, outcome);
    for (uint32_t i = 0; i < count; i++)
        capos_client_release(server->client, received[i].cap);
    server->held = false;
}

__attribute__((always_inline)) static inline void serve_call(struct capos_server *server,
                                                             const struct capos_message *message) {
    struct capos_invocation *inv = open_invocation(server, message);
    int outcome = dispatch(server, inv);

    if (__builtin_expect(outcome == CAPOS_DONE && inv->received_count == 0, 1))
        answer_results(server, message->token, inv);
    else
        end_call(server, message->token, inv, outcome);
}

static void serve_released(struct capos_server *server, const struct capos_message *message) {
    const uint64_t *ids = (const uint64_t *)(message + 1);

    for (unsigned i = 0; i < message->params_words; i++) {
        struct capos_object *object = find_object(server, ids[i]);

        if (object != NULL && object->released != NULL)
            object->released(object->self);
    }
    arm_after_last(server);
}

__attribute__((noinline)) static void serve_notice(struct capos_server *server,
                                                   const struct capos_message *message) {
    if (message->kind == CAPOS_MESSAGE_RELEASED) {
        serve_released(server, message);
        return;
    }
    if (server->cancelled != NULL)
        server->cancelled(server->context, message->token);
    arm_after_last(server);
}

// All of the room for answers is free: the kernel has read what was there.
static void clear_answers(struct capos_server *server) {
    const uint32_t descriptors = CAPOS_SERVER_CAPABILITIES * sizeof(struct capos_descriptor);

    server->reply.descriptors = server->answer.offset;
    server->reply.params = server->answer.offset + descriptors;
    server->answer_words = server->results_bytes / WORD;
    server->answer_room = CAPOS_SERVER_CAPABILITIES;
    capos_builder_take_buffers(
        &server->inv.results, capos_client_at(server->client, server->reply.params),
        server->answer_words, capos_client_at(server->client, server->reply.descriptors),
        server->answer_room);
}

// The next answer goes behind the one that was built.
static void pass_answer(struct capos_server *server) {
    struct capos_builder *results = &server->inv.results;

    results->words += results->used;
    results->descriptors += results->descriptor_count;
    server->answer_words -= results->used;
    server->answer_room = (uint8_t)(server->answer_room - results->descriptor_count);
    server->reply.params += results->used * WORD;
    server->reply.descriptors +=
        results->descriptor_count * (uint32_t)sizeof(struct capos_descriptor);
}

// Is there all the room for an answer to this call that there would be for it alone?
static bool has_room(const struct capos_server *server, const struct capos_message *message) {
    uint32_t words = smaller(message->results_capacity, server->results_bytes) / WORD;

    return server->answer_words >= (words < EXCEPTION_WORDS_MIN ? EXCEPTION_WORDS_MIN : words) &&
           server->answer_room >= smaller(message->room, CAPOS_SERVER_CAPABILITIES);
}

// The message that is served is this one now.
static void take_up(struct capos_server *server, const struct capos_message *message) {
    server->message = message;
    server->inv.params = (const uint64_t *)(message + 1);
}

static void serve_next(struct capos_server *server, const struct capos_message *message) {
    take_up(server, message);
    if (message->kind != CAPOS_MESSAGE_CALL) {
        serve_notice(server, message);
        return;
    }
    if (!has_room(server, message)) {
        capos_client_flush(server->client);
        clear_answers(server);
    }
    serve_call(server, message);
    pass_answer(server);
}

static const struct capos_message *behind(const struct capos_message *message) {
    return (const struct capos_message *)((const uint64_t *)(message + 1) + message->params_words);
}

// Several messages, up to `end`.
__attribute__((noinline)) static void serve_several(struct capos_server *server,
                                                    const struct capos_message *end) {
    const struct capos_message *first = server->message, *message = first, *next;

    server->reply.flags = CAPOS_SQE_SKIP_CQE;
    for (; (next = behind(message)) < end; message = next) {
        serve_next(server, message);
        server->rearmed_by = 0;
    }
    server->reply.flags = CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM;
    serve_next(server, message);
    take_up(server, first);
    clear_answers(server); // the next turn submits these before anything is received
}

// What was received: so many bytes, or minus why nothing was.
__attribute__((always_inline)) static inline void serve(struct capos_server *server,
                                                        int32_t received) {
    const struct capos_message *message = server->message;

    if (received < (int32_t)sizeof *message)
        server->ended = true;
    else if (__builtin_expect((uint32_t)received != sizeof *message + message->params_words * WORD,
                              0))
        serve_several(server, (const struct capos_message *)((const char *)message + received));
    else if (__builtin_expect(message->kind == CAPOS_MESSAGE_CALL, 1))
        serve_call(server, message);
    else
        serve_notice(server, message);
}

static void serve_message(void *context) {
    struct capos_server *server = context;

    serve(server, server->recv->completion.result);
}

// A RETURN was refused: its caller went away meanwhile, or what it wanted to pass on may not be
// passed. Then the call is still held, and fails now. A RECV that was to be armed again was not.
static void return_failed(void *context, uint64_t token, enum capos_status status) {
    struct capos_server *server = context;
    bool was_to_arm = server->rearmed_by == token;

    if (status != CAPOS_STATUS_CANCELLED && status != CAPOS_STATUS_DISCONNECTED) {
        uint64_t *words = capos_client_at(server->client, server->refusal.offset);
        uint32_t used = capos_exception_write(words, REFUSAL_BYTES / WORD, CAPOS_FAILED,
                                              capos_status_text(status));

        give_answer(server->client, token, server->refusal.offset, used * WORD,
                    CAPOS_SQE_EXCEPTION);
        capos_client_flush(server->client); // the room is for one
    }
    if (was_to_arm)
        arm(server);
}

static bool take_parts(struct capos_server *server, unsigned slot,
                       const struct capos_server_sizes *sizes) {
    const uint32_t descriptors = CAPOS_SERVER_CAPABILITIES * sizeof(struct capos_descriptor);
    const uint32_t message = (uint32_t)sizeof(struct capos_message) + sizes->params_bytes;
    struct capos_client *client = server->client;

    if (!capos_slot_make_room(client, slot, descriptors + message, descriptors + message) ||
        !capos_client_take_room(client, descriptors + sizes->results_bytes, &server->answer) ||
        !capos_client_take_room(client, REFUSAL_BYTES, &server->refusal))
        return false;
    server->results_bytes = server->answer.bytes - descriptors;
    return true;
}

static void prepare_slot(struct capos_server *server, unsigned slot, bool several) {
    struct capos_client *client = server->client;
    struct capos_slot *s = server->recv;
    const uint32_t descriptors = CAPOS_SERVER_CAPABILITIES * sizeof(struct capos_descriptor);

    s->sent = 0;
    s->ready = serve_message;
    s->context = server;
    s->sqe = (struct capos_sqe){
        .opcode = CAPOS_OP_RECV,
        .flags = several ? CAPOS_SQE_SEVERAL : 0,
        .slot = (uint16_t)slot,
        .cap = server->receiver,
        .user_data = CAPOS_SLOT_TAG | slot,
        .results = s->span.offset + descriptors,
        .results_capacity = s->span.bytes - descriptors,
        .descriptors = s->span.offset,
        .room = CAPOS_SERVER_CAPABILITIES,
    };
    server->reply = (struct capos_sqe){
        .opcode = CAPOS_OP_RETURN,
        .flags = CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM,
    };
    capos_invocation_init(&server->inv, NULL, 0, NULL, 0);
    server->inv.received = capos_slot_received(client, s);
    server->inv.context = server;
    take_up(server, capos_client_at(client, s->sqe.results));
    clear_answers(server);
}

int capos_server_init(struct capos_server *server, struct capos_client *client, uint64_t receiver,
                      const struct capos_server_sizes *sizes) {
    static const struct capos_server_sizes usual = {.params_bytes = CAPOS_RESULTS_BYTES,
                                                    .results_bytes = CAPOS_RESULTS_BYTES};
    unsigned slot = capos_slot_take(client);

    memset(server, 0, sizeof *server);
    server->client = client;
    server->receiver = receiver;
    server->buckets = &server->only_bucket;
    if (slot == CAPOS_NO_SLOT)
        return -CAPOS_STATUS_OVERLOADED;
    server->recv = &client->slots[slot];
    if (sizes == NULL)
        sizes = &usual;
    if (!take_parts(server, slot, sizes)) {
        area_give(&client->area, &server->answer);
        capos_slot_give(client, slot);
        return -CAPOS_STATUS_OVERLOADED;
    }
    prepare_slot(server, slot, !sizes->one_at_a_time);
    client->return_failed = return_failed;
    client->return_context = server;
    arm(server);
    return CAPOS_DONE;
}

// Enters the kernel until something is complete. The usual case is one completion, the RECV's.
static inline void turn(struct capos_server *server) {
    const struct capos_cqe *completion;
    uint64_t result;

    if (!capos_client_enter_for_one(server->client, 1, &completion, &result))
        capos_client_entered(server->client, result);
    else if (__builtin_expect(completion->user_data == server->recv->sqe.user_data, 1))
        serve(server, completion->result);
    else
        capos_client_complete(server->client, completion);
}

// Not a part of main, of which the compiler thinks that it hardly matters how long it takes.
__attribute__((noinline)) void capos_server_run(struct capos_server *server) {
    while (!server->ended)
        if (__builtin_expect(server->client->ready_count > 0, 0))
            (void)capos_client_turn(server->client, CAPOS_NO_DEADLINE);
        else
            turn(server);
}

void capos_server_add(struct capos_server *server, struct capos_object *object) {
    struct capos_object **bucket = bucket_of(server, object->id);

    object->next = *bucket;
    *bucket = object;
}

void capos_server_remove(struct capos_server *server, struct capos_object *object) {
    struct capos_object **link = bucket_of(server, object->id);

    while (*link != NULL && *link != object)
        link = &(*link)->next;
    if (*link != NULL)
        *link = object->next;
    if (server->recent == object)
        server->recent = NULL;
}

struct capos_object *capos_server_object(const struct capos_server *server, uint64_t id) {
    return find_object(server, id);
}

void capos_server_use_buckets(struct capos_server *server, struct capos_object **buckets,
                              uint32_t count) {
    struct capos_object **old = server->buckets;
    uint64_t old_mask = server->bucket_mask;

    memset(buckets, 0, count * sizeof *buckets);
    server->buckets = buckets;
    server->bucket_mask = count - 1;
    for (uint64_t i = 0; i <= old_mask; i++)
        while (old[i] != NULL) {
            struct capos_object *object = old[i];

            old[i] = object->next;
            capos_server_add(server, object);
        }
}

const struct capos_message *capos_server_message(const struct capos_invocation *inv) {
    const struct capos_server *server = inv->context;

    return server->message;
}

uint64_t capos_server_keep(struct capos_invocation *inv, uint64_t cap) {
    struct capos_server *server = inv->context;
    struct capos_descriptor *received = capos_slot_received(server->client, server->recv);

    for (unsigned i = 0; i < inv->received_count; i++)
        if (received[i].cap == cap)
            received[i].cap = 0;
    return cap;
}

struct capos_answer capos_server_hold(struct capos_invocation *inv) {
    struct capos_server *server = inv->context;
    struct capos_answer answer = {
        .server = server,
        .token = server->message->token,
        .results_capacity = server->message->results_capacity,
        .room = server->message->room,
    };

    server->held = true;
    return answer;
}

struct capos_builder *capos_answer_begin(struct capos_answer *answer, uint32_t bytes) {
    struct capos_client *client = answer->server->client;
    uint8_t room = (uint8_t)smaller(answer->room, CAPOS_SERVER_CAPABILITIES);

    bytes = smaller(bytes, answer->results_capacity) / WORD * WORD;
    if (!capos_client_take_room(client, bytes, &answer->results))
        return NULL;
    if (!capos_client_take_room(client, room * (uint32_t)sizeof(struct capos_descriptor),
                                &answer->descriptors)) {
        area_give(&client->area, &answer->results);
        return NULL;
    }
    capos_builder_init(&answer->builder, capos_client_at(client, answer->results.offset),
                       bytes / WORD);
    capos_builder_set_descriptors(&answer->builder,
                                  capos_client_at(client, answer->descriptors.offset), room);
    return &answer->builder;
}

static void finish(struct capos_answer *answer) {
    struct capos_client *client = answer->server->client;

    capos_client_flush(client); // the kernel has read the answer when it is back
    area_give(&client->area, &answer->results);
    area_give(&client->area, &answer->descriptors);
}

void capos_answer_send(struct capos_answer *answer) {
    struct capos_client *client = answer->server->client;

    if (answer->builder.error != CAPOS_BUILD_OK) {
        capos_answer_fail(answer, CAPOS_FAILED, "the results do not fit");
        return;
    }
    struct capos_sqe *sqe =
        give_answer(client, answer->token, answer->results.offset, answer->builder.used * WORD, 0);
    sqe->sent = answer->builder.descriptor_count;
    if (sqe->sent > 0)
        sqe->descriptors = answer->descriptors.offset;
    finish(answer);
}

void capos_answer_fail(struct capos_answer *answer, enum capos_outcome kind, const char *reason) {
    struct capos_client *client = answer->server->client;

    area_give(&client->area, &answer->results);
    area_give(&client->area, &answer->descriptors);
    if (area_take_some(&client->area, EXCEPTION_BYTES, AREA_UNIT, &answer->results)) {
        uint64_t *words = capos_client_at(client, answer->results.offset);
        uint32_t used = capos_exception_write(words, answer->results.bytes / WORD, kind, reason);

        give_answer(client, answer->token, answer->results.offset, used * WORD,
                    CAPOS_SQE_EXCEPTION);
    } else {
        give_answer(client, answer->token, client->ring.area, 0, CAPOS_SQE_EXCEPTION);
    }
    finish(answer);
}
