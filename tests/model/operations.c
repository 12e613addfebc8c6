// SPDX-License-Identifier: MIT
//
// See operations.h. Each choice is one or more numbers of one generator, so a run is repeated by
// its seed alone.
#include "tests/model/operations.h"

#include <string.h>

enum { CROWDED = HOLDS - 20 }; // capabilities, so that some are given up

void operations_init(struct operations *operations, const struct model *model, uint64_t seed) {
    *operations = (struct operations){.model = model, .random = 2 * seed + 1};
}

// Marsaglia's xorshift (2003), of period 2^64 - 1.
uint64_t operations_random(struct operations *operations) {
    operations->random ^= operations->random << 13;
    operations->random ^= operations->random >> 7;
    operations->random ^= operations->random << 17;
    return operations->random;
}

uint64_t operations_below(struct operations *operations, uint64_t limit) {
    return operations_random(operations) % limit;
}

bool operations_chance(struct operations *operations, unsigned percent) {
    return operations_below(operations, 100) < percent;
}

uint64_t operations_id(struct operations *operations) {
    return ++operations->ids % IDS;
}

// An id or a token that was never given: of no generation, or of one that is far away. (Others
// might name what the process has been given and has not seen yet.)
static uint64_t forged(struct operations *o) {
    return operations_below(o, 2 * HOLDS) |
           (operations_chance(o, 50) ? UINT64_C(0) : UINT64_C(1) << 30) << 32;
}

static bool is_live(const struct model *model, const struct m_object *object) {
    const struct m_endpoint *endpoint = &model->endpoint[object->endpoint];

    return object->kind != FACET ||
           (endpoint->receiver >= 0 && (object->root || object->epoch == endpoint->epoch));
}

// The first from `first` on that is of a kind; of facets one whose server is there, if `live`.
static uint64_t find_cap(const struct operations *o, int p, enum object_kind_m kind, int first,
                         bool live) {
    for (int i = 0; i < HOLDS; i++) {
        const struct m_hold *hold = &o->model->process[p].hold[(first + i) % HOLDS];
        const struct m_object *object = &o->model->object[hold->object < 0 ? 0 : hold->object];

        if (hold->object >= 0 && hold->cap != 0 && (kind == NOTHING || object->kind == kind) &&
            (!live || is_live(o->model, object)))
            return hold->cap;
    }
    return 0;
}

// A capability of the process's, of a kind if there is one, or now and then something forged.
static uint64_t some_cap(struct operations *o, int p, enum object_kind_m kind) {
    int first = (int)operations_below(o, HOLDS);
    uint64_t cap;

    if (operations_chance(o, 4))
        return forged(o);
    cap = find_cap(o, p, kind, first, !operations_chance(o, 10));
    return cap != 0 ? cap : find_cap(o, p, kind, first, false);
}

static uint64_t some_token(struct operations *o, int p) {
    const struct m_process *process = &o->model->process[p];
    int first = (int)operations_below(o, TOKENS);

    if (operations_chance(o, 4))
        return forged(o);
    for (int i = 0; i < TOKENS; i++) {
        const struct m_token *token = &process->token[(first + i) % TOKENS];

        if (token->used && token->id != 0)
            return token->id;
    }
    return 0;
}

static void fill_descriptors(struct operations *o, int p, struct capos_descriptor *sent,
                             int count) {
    static const uint8_t kinds[] = {CAPOS_TRANSFER_COPY, CAPOS_TRANSFER_COPY, CAPOS_TRANSFER_MOVE,
                                    CAPOS_TRANSFER_MINT, CAPOS_TRANSFER_MINT, CAPOS_TRANSFER_NONE};

    for (int i = 0; i < count; i++) {
        struct capos_descriptor *one = &sent[i];

        *one = (struct capos_descriptor){.kind = kinds[operations_below(o, sizeof(kinds))]};
        if (operations_chance(o, 1))
            one->kind = CAPOS_TRANSFER_OWN;
        one->cap = some_cap(o, p, one->kind == CAPOS_TRANSFER_MINT ? RECEIVER : NOTHING);
        if (one->kind == CAPOS_TRANSFER_MINT) {
            one->object_id = operations_id(o);
            one->interface = INTERFACE + 1 + operations_below(o, 3);
            one->scope = (uint8_t)operations_below(o, CAPOS_SCOPES);
        }
    }
}

// A free slot, mostly.
static uint16_t some_slot(struct operations *o, int p) {
    uint16_t slot = (uint16_t)operations_below(o, SLOTS);

    for (int i = 0; i < SLOTS && !operations_chance(o, 4);
         i++, slot = (uint16_t)((slot + 1) % SLOTS))
        if (o->model->process[p].call[slot].state == IDLE)
            break;
    return slot;
}

// One that was never named, or that a ring doesn't have.
static uint16_t strange_slot(struct operations *o) {
    return (uint16_t)((operations_chance(o, 50) ? 2 * SLOTS : CAPOS_RING_SLOTS_MAX) +
                      operations_below(o, SLOTS));
}

static void make_call(struct operations *o, int p, struct capos_sqe *sqe) {
    sqe->opcode = CAPOS_OP_CALL;
    sqe->slot = some_slot(o, p);
    sqe->cap = some_cap(o, p, FACET);
    sqe->method = (uint16_t)operations_below(o, 9);
    sqe->interface = INTERFACE;
    sqe->params = operations_piece(sqe->slot, PARAMS);
    sqe->params_bytes =
        (uint32_t)(operations_chance(o, 90) ? operations_below(o, 3) : operations_below(o, 5)) * 16;
    sqe->results = operations_piece(sqe->slot, RESULTS);
    sqe->results_capacity = 8 + (uint32_t)operations_below(o, 4) * 8;
    sqe->sent = (uint8_t)(operations_chance(o, 50) ? 0 : operations_below(o, SENT + 1));
    sqe->room = (uint8_t)(operations_chance(o, 50) ? 0 : operations_below(o, SENT + 1));
    sqe->descriptors = operations_piece(sqe->slot, DESCRIPTORS);
    if (operations_chance(o, 5))
        sqe->flags = CAPOS_SQE_SKIP_CQE;
    if (o->calm && operations_chance(o, 75))
        sqe->flags = sqe->sent = sqe->room = 0;
}

static void make_recv(struct operations *o, int p, struct capos_sqe *sqe) {
    static const uint32_t capacities[] = {64, 72, 96, 128, 128, 128, 128, 128};

    sqe->opcode = CAPOS_OP_RECV;
    sqe->slot = some_slot(o, p);
    sqe->cap = some_cap(o, p, RECEIVER);
    sqe->results = operations_piece(sqe->slot, RESULTS);
    sqe->results_capacity = capacities[operations_below(o, 8)];
    sqe->room = (uint8_t)operations_below(o, SENT + 1);
    sqe->descriptors = operations_piece(sqe->slot, DESCRIPTORS);
    if (o->several && operations_chance(o, 40)) {
        sqe->flags = CAPOS_SQE_SEVERAL;
        sqe->results = operations_piece(sqe->slot, PARAMS); // that much more room
        sqe->results_capacity += RESULTS - PARAMS;
    }
}

static void make_return(struct operations *o, int p, struct capos_sqe *sqe) {
    sqe->opcode = CAPOS_OP_RETURN;
    sqe->cap = some_token(o, p);
    sqe->params = operations_piece(SLOTS, PARAMS);
    sqe->params_bytes = 8 + (uint32_t)operations_below(o, 3) * 8;
    sqe->sent = (uint8_t)(operations_chance(o, 50) ? 0 : operations_below(o, SENT));
    sqe->descriptors = operations_piece(SLOTS, DESCRIPTORS);
    sqe->flags = (uint8_t)((operations_chance(o, 40) ? CAPOS_SQE_REARM : 0) |
                           (operations_chance(o, 30) ? CAPOS_SQE_SKIP_CQE : 0) |
                           (operations_chance(o, 10) ? CAPOS_SQE_EXCEPTION : 0));
    if (o->calm && operations_chance(o, 75)) {
        sqe->flags = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
        sqe->sent = 0;
    }
}

static void make_cancel(struct operations *o, int p, struct capos_sqe *sqe) {
    const struct m_call *call;

    sqe->opcode = CAPOS_OP_CANCEL;
    sqe->source = operations_chance(o, 95) ? (uint16_t)operations_below(o, SLOTS) : strange_slot(o);
    for (int i = 0; i < SLOTS && sqe->source < SLOTS && !operations_chance(o, 4); i++) {
        if (o->model->process[p].call[sqe->source].state != IDLE)
            break;
        sqe->source = (uint16_t)((sqe->source + 1) % SLOTS);
    }
    call = &o->model->process[p].call[sqe->source % SLOTS];
    sqe->interface = call->sqe.user_data + operations_chance(o, 5);
    if (operations_chance(o, 10))
        sqe->flags = CAPOS_SQE_SKIP_CQE;
}

static int busy_slots(const struct m_process *process) {
    int n = 0;

    for (int i = 0; i < SLOTS; i++)
        n += process->call[i].state != IDLE;
    return n;
}

static void make_release(struct operations *o, int p, struct capos_sqe *sqe) {
    bool plain = model_used(o->model, p) > CROWDED && operations_chance(o, 70);

    sqe->opcode = CAPOS_OP_RELEASE;
    sqe->cap = some_cap(o, p, operations_chance(o, 3) ? NOTHING : plain ? PLAIN : FACET);
}

static void make_nop(struct operations *o, int p, struct capos_sqe *sqe) {
    (void)o, (void)p;
    sqe->opcode = CAPOS_OP_NOP;
}

static void make_park(struct operations *o, int p, struct capos_sqe *sqe) {
    sqe->opcode = CAPOS_OP_PARK;
    sqe->slot = some_slot(o, p);
    sqe->deadline = operations_chance(o, 80) ? CAPOS_NO_DEADLINE : operations_below(o, 3);
    o->name_word(o, p, sqe);
    if (operations_chance(o, 20))
        sqe->flags = CAPOS_SQE_SKIP_CQE;
}

static void make_unpark(struct operations *o, int p, struct capos_sqe *sqe) {
    sqe->opcode = CAPOS_OP_UNPARK;
    o->name_word(o, p, sqe);
    sqe->params = (uint32_t)operations_below(o, 4);
    if (operations_chance(o, 20))
        sqe->flags = CAPOS_SQE_SKIP_CQE;
}

// How many operations of a kind a process has under way, before it begins few more.
struct plenty {
    int calls, receives;
};

// Each kind as often as the process has use for it: what it can't do it tries seldom.
static void choose(struct operations *o, int p, struct capos_sqe *sqe) {
    static void (*const make[])(struct operations *, int, struct capos_sqe *) = {
        make_call,    make_recv, make_return, make_cancel,
        make_release, make_nop,  make_park,   make_unpark};
    const struct m_process *process = &o->model->process[p];
    bool holds = model_tokens(o->model, p) > 0;
    const struct plenty plenty =
        o->calm ? (struct plenty){2, holds ? 0 : 1} : (struct plenty){12, 3};
    int busy = busy_slots(process);
    bool serves = find_cap(o, p, RECEIVER, 0, false) != 0;
    bool parks = o->name_word != NULL;
    unsigned weight[] = {busy < plenty.calls ? 40
                         : o->calm           ? 1
                                             : 4,
                         serves ? (process->armed_count < plenty.receives ? 30 : 3) : 1,
                         some_token(o, p) != 0 ? 45 : 1,
                         busy > 12 ? 8 : 2,
                         model_used(o->model, p) > CROWDED ? 40 : 5,
                         2,
                         parks && busy < (o->calm ? 3 : 10) ? (o->calm ? 1 : 4) : 0,
                         parks ? (o->calm ? 1 : 4) : 0};
    unsigned sum = 0, kind = 0;

    for (unsigned i = 0; i < sizeof weight / sizeof weight[0]; i++)
        sum += weight[i];
    for (uint64_t at = operations_below(o, sum); at >= weight[kind]; kind++)
        at -= weight[kind];
    make[kind](o, p, sqe);
}

int operations_process(struct operations *o) {
    int first = (int)operations_below(o, ENDPOINTS);

    for (int i = 0; i < ENDPOINTS && operations_chance(o, 75); i++) {
        const struct m_endpoint *e = &o->model->endpoint[(first + i) % ENDPOINTS];

        if (e->server >= 0 && !o->model->process[e->server].waiting &&
            (e->queue_count > 0 || model_tokens(o->model, e->server) > 0))
            return e->server;
    }
    return (int)operations_below(o, PROCESSES);
}

static bool can_wait(const struct capos_sqe *sqe) {
    return sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RELEASE ||
           sqe->opcode == CAPOS_OP_NOP;
}

// Makes a CALL, RELEASE or NOP wait for another operation, mostly one that it can wait for.
static void make_wait(struct operations *o, int p, struct capos_sqe *sqe) {
    const struct m_process *process = &o->model->process[p];

    sqe->flags = operations_chance(o, 65) ? CAPOS_SQE_PIPELINE : CAPOS_SQE_LINK;
    if (operations_chance(o, 2))
        sqe->flags = CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK;
    if (sqe->opcode == CAPOS_OP_NOP)
        sqe->flags = CAPOS_SQE_LINK;
    if ((sqe->flags & CAPOS_SQE_PIPELINE) != 0)
        sqe->cap = operations_below(o, operations_chance(o, 90) ? 2 : 17);
    if (sqe->opcode != CAPOS_OP_CALL)
        sqe->slot = some_slot(o, p);
    sqe->source = operations_chance(o, 98) ? (uint16_t)operations_below(o, SLOTS) : strange_slot(o);
    for (int i = 0; i < SLOTS && sqe->source < SLOTS && !operations_chance(o, 8); i++) {
        const struct m_call *call = &process->call[sqe->source];

        if (sqe->source != sqe->slot && call->state != IDLE && call->state != ARMED)
            break;
        sqe->source = (uint16_t)((sqe->source + 1) % SLOTS);
    }
}

static bool names_cap(const struct capos_sqe *sqe) {
    return sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RECV ||
           sqe->opcode == CAPOS_OP_RETURN || sqe->opcode == CAPOS_OP_RELEASE;
}

bool operations_make(struct operations *o, int p, struct operation *operation) {
    struct capos_sqe *sqe = &operation->sqe;
    bool waits;
    int piece;

    memset(operation, 0, sizeof(*operation));
    operation->piece = -1;
    operation->word = operations_random(o);
    sqe->user_data = ++o->user_data;
    choose(o, p, sqe);
    waits = o->waits && can_wait(sqe) && operations_chance(o, 25);
    if (waits)
        make_wait(o, p, sqe);
    if (sqe->cap == 0 && names_cap(sqe) && !waits && !operations_chance(o, 5))
        return false; // it has none of the kind
    if (sqe->opcode != CAPOS_OP_CALL && sqe->opcode != CAPOS_OP_RETURN)
        return true;
    piece = sqe->opcode == CAPOS_OP_CALL ? sqe->slot : SLOTS;
    // What a slot in use names is the kernel's: not to be written, and the call will be refused.
    if (piece < SLOTS && o->model->process[p].call[piece].state != IDLE)
        return true;
    operation->piece = piece;
    fill_descriptors(o, p, operation->sent, sqe->sent);
    return true;
}

static void begin(struct operations *o, struct operation *operation) {
    memset(operation, 0, sizeof(*operation));
    operation->piece = -1;
    operation->sqe.user_data = ++o->user_data;
}

void operations_hand_over(struct operations *o, int p, struct operation *unpark,
                          struct operation *park) {
    begin(o, unpark);
    make_unpark(o, p, &unpark->sqe);
    if (operations_chance(o, 90)) {
        unpark->sqe.params = 1;
        unpark->sqe.flags = CAPOS_SQE_SKIP_CQE;
    }
    begin(o, park);
    make_park(o, p, &park->sqe);
    if (operations_chance(o, 90)) {
        park->sqe.deadline = CAPOS_NO_DEADLINE;
        park->sqe.flags = 0;
    }
}
