// SPDX-License-Identifier: MIT
//
// The reference model: see model.h. Each rule stands where the manual (capos-ring(7)) has it.
#include "tests/model/model.h"

#include <stdlib.h>
#include <string.h>

void model_init(struct model *model) {
    memset(model, 0, sizeof(*model));
    model->serial = 1;
    for (int i = 0; i < ENDPOINTS; i++)
        model->endpoint[i].receiver = model->endpoint[i].server = -1;
}

void model_start(struct model *model, int process, uint64_t session) {
    struct m_process *p = &model->process[process];

    memset(p, 0, sizeof(*p));
    p->alive = true;
    p->session = session;
    for (int i = 0; i < HOLDS; i++)
        p->hold[i].object = -1;
}

int model_object(struct model *model, enum object_kind_m kind, int endpoint, uint64_t id) {
    for (int i = 0; i < OBJECTS; i++) {
        struct m_object *o = &model->object[i];

        if (o->kind != NOTHING)
            continue;
        *o = (struct m_object){.kind = kind, .endpoint = endpoint, .id = id, .root = true};
        if (kind == RECEIVER) {
            o->epoch = model->endpoint[endpoint].epoch;
            model->endpoint[endpoint].receiver = i;
        }
        return i;
    }
    abort();
}

int model_grant(struct model *model, int process, int object, uint64_t cap, uint8_t scope) {
    struct m_process *p = &model->process[process];

    for (int i = 0; i < HOLDS; i++) {
        if (p->hold[i].object >= 0)
            continue;
        p->hold[i] = (struct m_hold){
            .cap = cap, .object = object, .scope = scope, .serial = model->serial++};
        if (model->object[object].kind == RECEIVER)
            model->endpoint[model->object[object].endpoint].server = process;
        return i;
    }
    abort();
}

int model_find_hold(const struct model *model, int process, uint64_t cap) {
    for (int i = 0; i < HOLDS; i++)
        if (cap != 0 && model->process[process].hold[i].object >= 0 &&
            model->process[process].hold[i].cap == cap)
            return i;
    return -1;
}

int model_reserved(const struct model *model, int process) {
    int n = 0;

    for (int i = 0; i < SLOTS; i++)
        if (model->process[process].call[i].state != IDLE)
            n += model->process[process].call[i].sqe.room;
    for (int i = 0; i < TOKENS; i++)
        if (model->process[process].token[i].used)
            n += model->process[process].token[i].kept;
    return n;
}

int model_used(const struct model *model, int process) {
    int n = 0;

    for (int i = 0; i < HOLDS; i++)
        n += model->process[process].hold[i].object >= 0;
    return n;
}

int model_tokens(const struct model *model, int process) {
    int n = 0;

    for (int i = 0; i < TOKENS; i++)
        n += model->process[process].token[i].used;
    return n;
}

bool model_is_busy(const struct model *model, int process) {
    for (int i = 0; i < SLOTS; i++)
        if (model->process[process].call[i].state != IDLE)
            return true;
    return false;
}

// Are there so many slots? What is kept for REARMs is given up when it is enough.
static bool fits(struct model *model, int process, int room) {
    int taken = model_used(model, process) + model_reserved(model, process), kept = 0;
    struct m_token *token = model->process[process].token;

    if (room == 0 || taken + room <= HOLDS)
        return true;
    for (int i = 0; i < TOKENS; i++)
        kept += token[i].used ? token[i].kept : 0;
    if (taken + room - kept > HOLDS)
        return false;
    for (int i = 0; i < TOKENS; i++)
        token[i].kept = 0;
    return true;
}

// Revokers --------------------------------------------------------------------------------------

bool model_is_dead(const struct model *model, int revoker) {
    for (; revoker != 0; revoker = model->revoker[revoker].parent)
        if (model->revoker[revoker].dead)
            return true;
    return false;
}

// Those that nothing names any more can be used again.
static void collect_revokers(struct model *model) {
    bool named[REVOKERS] = {false};

    for (int i = 0; i < PROCESSES; i++) {
        const struct m_process *p = &model->process[i];

        for (int k = 0; k < HOLDS && p->alive; k++)
            if (p->hold[k].object >= 0)
                named[p->hold[k].revoker] = true;
        for (int k = 0; k < SLOTS && p->alive; k++)
            if (p->call[k].state != IDLE)
                named[p->call[k].revoker] = true;
    }
    for (int i = 1; i < REVOKERS; i++)
        if (model->revoker[i].held || named[i])
            for (int k = i; k != 0; k = model->revoker[k].parent)
                named[k] = true;
    for (int i = 1; i < REVOKERS; i++)
        if (!named[i])
            model->revoker[i] = (struct m_revoker){0};
}

int model_revoker(struct model *model, int parent) {
    collect_revokers(model);
    for (int i = 1; i < REVOKERS; i++) {
        if (model->revoker[i].depth != 0)
            continue;
        model->revoker[i] = (struct m_revoker){.parent = parent,
                                               .depth = model->revoker[parent].depth + 1,
                                               .held = true,
                                               .age = model->serial++};
        return i;
    }
    return 0;
}

void model_drop_revoker(struct model *model, int revoker) {
    model->revoker[revoker].held = false;
}

// Events ----------------------------------------------------------------------------------------

static struct m_event *event_of(struct model *model, int process, int32_t result) {
    struct m_process *p = &model->process[process];
    struct m_event *event = &p->event[p->event_count];

    if (p->event_count == EVENTS)
        abort();
    p->event_count++;
    memset(event, 0, sizeof(*event));
    event->result = result;
    event->token = -1;
    for (int i = 0; i < SENT; i++)
        event->hold[i] = -1;
    return event;
}

static void unarm(struct m_process *p, int slot) {
    int n = 0;

    for (int i = 0; i < p->armed_count; i++)
        if (p->armed[i] != slot)
            p->armed[n++] = p->armed[i];
    p->armed_count = n;
}

// What waits for a slot, in the order in which it began to; -1: no more after `last`.
static int next_waiting(const struct m_process *p, int source, uint64_t last) {
    int next = -1;

    for (int i = 0; i < SLOTS; i++)
        if (p->call[i].state == WAITING && p->call[i].sqe.source == source &&
            p->call[i].serial > last && (next < 0 || p->call[i].serial < p->call[next].serial))
            next = i;
    return next;
}

static void start(struct model *model, int process, int slot);

// The event of an operation that ends. NULL when its completion is skipped.
static struct m_event *end_one(struct model *model, int process, int slot, int32_t result,
                               uint8_t flags) {
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[slot];
    struct m_event *event = NULL;

    if (call->state == ARMED)
        unarm(p, slot);
    call->state = IDLE;
    call->failed = result < 0 || flags != 0;
    if (call->failed || (call->sqe.flags & CAPOS_SQE_SKIP_CQE) == 0) {
        event = event_of(model, process, result);
        event->user_data = call->sqe.user_data;
        event->flags = flags;
        event->slot = slot;
        event->sqe = call->sqe;
    }
    return event;
}

static void fail_waiting(struct model *model, int process, int source) {
    uint64_t last = 0;
    int slot;

    while ((slot = next_waiting(&model->process[process], source, last)) >= 0) {
        last = model->process[process].call[slot].serial;
        end_one(model, process, slot, -CAPOS_STATUS_SOURCE_FAILED, 0);
        fail_waiting(model, process, slot);
    }
}

// Ends the operation of a slot, and starts or ends what waits for it. NULL when its completion is
// skipped.
static struct m_event *end(struct model *model, int process, int slot, int32_t result,
                           uint8_t flags) {
    struct m_process *p = &model->process[process];
    uint64_t last = 0;
    int next;

    if (result < 0 || flags != 0) {
        fail_waiting(model, process, slot);
        return end_one(model, process, slot, result, flags);
    }
    while ((next = next_waiting(p, slot, last)) >= 0) {
        last = p->call[next].serial;
        start(model, process, next);
    }
    return end_one(model, process, slot, result, flags);
}

static void dequeue(struct m_endpoint *e, int index) {
    e->queue_count--;
    memmove(&e->queue[index], &e->queue[index + 1],
            sizeof(e->queue[0]) * (size_t)(e->queue_count - index));
}

// Facets and their ends -------------------------------------------------------------------------

static bool is_live(const struct model *model, const struct m_object *o) {
    const struct m_endpoint *e = &model->endpoint[o->endpoint];

    return e->receiver >= 0 && (o->root || o->epoch == e->epoch);
}

// How often each object is referred to.
static void count_references(const struct model *model, uint16_t counts[OBJECTS]) {
    memset(counts, 0, sizeof(uint16_t) * OBJECTS);
    for (int i = 0; i < PROCESSES; i++) {
        const struct m_process *p = &model->process[i];

        for (int k = 0; k < HOLDS && p->alive; k++)
            if (p->hold[k].object >= 0)
                counts[p->hold[k].object]++;
        for (int k = 0; k < SLOTS && p->alive; k++)
            if (p->call[k].state != IDLE && p->call[k].target >= 0)
                counts[p->call[k].target]++;
        for (int k = 0; k < TOKENS && p->alive; k++)
            if (p->token[k].used)
                counts[p->token[k].receiver]++;
    }
}

static bool match(struct model *model, int endpoint);

// Objects that nobody refers to any more go; minted facets are told of first.
static void collect(struct model *model) {
    uint16_t counts[OBJECTS];

    count_references(model, counts);
    for (int i = 0; i < OBJECTS; i++) {
        struct m_object *o = &model->object[i];

        if (o->kind == NOTHING || o->noticed || counts[i] > 0)
            continue;
        if (o->kind == FACET && !o->root && is_live(model, o)) {
            struct m_endpoint *e = &model->endpoint[o->endpoint];

            o->noticed = true;
            model->id[o->id] = RELEASED;
            e->released[e->released_count++] = i;
            while (match(model, o->endpoint)) // each as it comes, not all together
                continue;
            count_references(model, counts);
        } else {
            o->kind = NOTHING;
        }
    }
}

// Transfer --------------------------------------------------------------------------------------

static enum capos_status check_one(const struct model *model, int from, int to,
                                   const struct capos_descriptor *sent, int index) {
    const struct capos_descriptor *d = &sent[index];
    const struct m_object *o;
    int hold;

    if (d->kind == CAPOS_TRANSFER_NONE)
        return CAPOS_STATUS_OK;
    for (int i = 0; i < index; i++)
        if (sent[i].kind != CAPOS_TRANSFER_NONE && sent[i].cap == d->cap &&
            (sent[i].kind == CAPOS_TRANSFER_MOVE || d->kind == CAPOS_TRANSFER_MOVE))
            return CAPOS_STATUS_REFUSED;
    hold = model_find_hold(model, from, d->cap);
    if (hold < 0)
        return CAPOS_STATUS_REFUSED;
    o = &model->object[model->process[from].hold[hold].object];
    if (d->kind != CAPOS_TRANSFER_MINT &&
        model_is_dead(model, model->process[from].hold[hold].revoker))
        return CAPOS_STATUS_DISCONNECTED;
    if (d->kind == CAPOS_TRANSFER_MINT)
        return o->kind == RECEIVER ? CAPOS_STATUS_OK : CAPOS_STATUS_REFUSED;
    if (o->kind == RECEIVER && d->kind == CAPOS_TRANSFER_COPY)
        return CAPOS_STATUS_REFUSED;
    if (o->kind == FACET && is_live(model, o) && model->endpoint[o->endpoint].server == to)
        return CAPOS_STATUS_OK;
    switch (model->process[from].hold[hold].scope) {
    case CAPOS_SCOPE_ANY:
        return CAPOS_STATUS_OK;
    case CAPOS_SCOPE_SESSION:
        return model->process[from].session == model->process[to].session ? CAPOS_STATUS_OK
                                                                          : CAPOS_STATUS_SCOPE;
    default:
        return CAPOS_STATUS_SCOPE;
    }
}

static enum capos_status check_all(const struct model *model, int from, int to,
                                   const struct capos_descriptor *sent, int count) {
    enum capos_status status = CAPOS_STATUS_OK;

    for (int i = 0; i < count; i++)
        if (sent[i].kind > CAPOS_TRANSFER_MINT)
            return CAPOS_STATUS_MALFORMED;
    for (int i = 0; i < count && status == CAPOS_STATUS_OK; i++)
        status = check_one(model, from, to, sent, i);
    return status;
}

static int minted(struct model *model, const struct capos_descriptor *d, int receiver) {
    int endpoint = model->object[receiver].endpoint;
    int object = model_object(model, FACET, endpoint, d->object_id);

    model->object[object].root = false;
    model->object[object].epoch = model->endpoint[endpoint].epoch;
    model->object[object].interface = d->interface;
    model->id[d->object_id] = MINTED;
    return object;
}

// Does it come home? Decided for all of a message before any of it is passed.
static bool is_own(const struct model *model, int from, int to, const struct capos_descriptor *d) {
    int hold = model_find_hold(model, from, d->cap);
    const struct m_object *o;

    if (d->kind == CAPOS_TRANSFER_NONE || d->kind == CAPOS_TRANSFER_MINT)
        return d->kind == CAPOS_TRANSFER_MINT && from == to;
    o = &model->object[model->process[from].hold[hold].object];
    return o->kind == FACET && is_live(model, o) && model->endpoint[o->endpoint].server == to;
}

static void pass_one(struct model *model, int from, int to, const struct capos_descriptor *d,
                     bool own, struct m_event *event, int index) {
    struct m_process *p = &model->process[from];
    int hold, object, revoker = 0;
    uint8_t scope;

    event->kind[index] = CAPOS_TRANSFER_NONE;
    if (d->kind == CAPOS_TRANSFER_NONE)
        return;
    hold = model_find_hold(model, from, d->cap);
    object = p->hold[hold].object;
    scope = p->hold[hold].scope;
    if (d->kind != CAPOS_TRANSFER_MINT)
        revoker = p->hold[hold].revoker;
    if (d->kind == CAPOS_TRANSFER_MINT) {
        object = minted(model, d, object);
        scope = d->scope;
    } else if (d->kind == CAPOS_TRANSFER_MOVE) {
        p->hold[hold].object = -1;
    }
    event->kind[index] = own ? CAPOS_TRANSFER_OWN : CAPOS_TRANSFER_COPY;
    event->own[index] = own ? model->object[object].id : 0;
    if (own)
        return;
    event->hold[index] = model_grant(model, to, object, 0, scope);
    model->process[to].hold[event->hold[index]].revoker = revoker;
    event->hold_serial[index] = model->process[to].hold[event->hold[index]].serial;
}

static void pass_all(struct model *model, int from, int to, const struct capos_descriptor *sent,
                     int count, struct m_event *event) {
    struct m_event dropped;
    bool own[SENT];

    if (event == NULL) { // nobody is told where they are, but they are there
        memset(&dropped, 0, sizeof(dropped));
        event = &dropped;
    }
    event->caps = (uint8_t)count;
    for (int i = 0; i < count; i++)
        own[i] = is_own(model, from, to, &sent[i]);
    for (int i = 0; i < count; i++)
        pass_one(model, from, to, &sent[i], own[i], event, i);
}

// Delivery --------------------------------------------------------------------------------------

static int free_token(const struct m_process *p) {
    for (int i = 0; i < TOKENS; i++)
        if (!p->token[i].used)
            return i;
    return -1;
}

enum outcome { TOOK, ENDED, STUCK };

static enum outcome deliver(struct model *model, int from, int slot, int to, int receive_slot) {
    struct m_call *call = &model->process[from].call[slot];
    struct m_call *receive = &model->process[to].call[receive_slot];
    struct m_object *facet = &model->object[call->target];
    int token = free_token(&model->process[to]);
    enum capos_status status = CAPOS_STATUS_OK;
    struct m_call copy = *call;
    struct m_event *event;

    if (call->sqe.params_bytes + sizeof(struct capos_message) > receive->sqe.results_capacity)
        status = CAPOS_STATUS_TOO_BIG;
    else if (call->sqe.sent > receive->sqe.room)
        status = CAPOS_STATUS_NO_ROOM;
    else if (token < 0)
        return STUCK;
    else
        status = check_all(model, from, to, call->sent, call->sqe.sent);
    if (status != CAPOS_STATUS_OK) {
        end(model, from, slot, -(int32_t)status, 0);
        return ENDED;
    }
    call->state = DELIVERED;
    call->server = to;
    model->process[to].token[token] =
        (struct m_token){.used = true,
                         .caller = from,
                         .slot = slot,
                         .serial = call->serial,
                         .receiver = receive->target,
                         .receive_slot = receive_slot,
                         .receive_serial = receive->serial,
                         .kept = call->sqe.sent > 0 ? 0 : receive->sqe.room};
    event = end(model, to, receive_slot,
                (int32_t)(sizeof(struct capos_message) + call->sqe.params_bytes), 0);
    event->is_message = true;
    event->token = token;
    event->word = call->word;
    event->message = (struct capos_message){.object_id = facet->id,
                                            .interface = call->sqe.interface,
                                            .method = call->sqe.method,
                                            .kind = CAPOS_MESSAGE_CALL,
                                            .caps = call->sqe.sent,
                                            .params_words = (uint16_t)(call->sqe.params_bytes / 8),
                                            .room = call->sqe.room,
                                            .session_epoch = 1,
                                            .results_capacity = call->sqe.results_capacity,
                                            .facet_interface = facet->interface};
    pass_all(model, from, to, copy.sent, copy.sqe.sent, event);
    return TOOK;
}

static void tell_released(struct model *model, int endpoint, int to, int slot) {
    struct m_endpoint *e = &model->endpoint[endpoint];
    struct m_process *p = &model->process[to];
    int room = (int)(p->call[slot].sqe.results_capacity - sizeof(struct capos_message)) / 8;
    int n = room < e->released_count ? room : e->released_count;
    struct m_event *event =
        end(model, to, slot, (int32_t)(sizeof(struct capos_message) + (size_t)n * 8), 0);

    event->is_message = true;
    event->message =
        (struct capos_message){.kind = CAPOS_MESSAGE_RELEASED, .params_words = (uint16_t)n};
    for (int i = 0; i < n; i++) { // which of them are told first is open
        model->object[e->released[i]].kind = NOTHING;
        model->object[e->released[i]].noticed = false;
    }
    e->released_count -= n;
    memmove(e->released, e->released + n, sizeof(int) * (size_t)e->released_count);
}

// Tells of the first call that was cancelled, of those that this process has received.
static bool tell_cancelled(struct model *model, int endpoint, int to, int slot) {
    struct m_endpoint *e = &model->endpoint[endpoint];
    struct m_event *event;
    struct m_token *token;
    bool mine = false;

    while (e->cancelled_count > 0 && !mine) {
        mine = e->cancelled[0].process == to;
        token = &model->process[to].token[e->cancelled[0].token];
        e->cancelled_count--;
        memmove(&e->cancelled[0], &e->cancelled[1],
                sizeof(e->cancelled[0]) * (size_t)e->cancelled_count);
    }
    if (!mine)
        return false;
    event = end(model, to, slot, (int32_t)sizeof(struct capos_message), 0);
    event->is_message = true;
    event->message = (struct capos_message){.kind = CAPOS_MESSAGE_CANCELLED, .token = token->id};
    return true;
}

// Lets an armed RECV have what there is: true when it has ended.
static bool serve(struct model *model, int endpoint, int process, int slot) {
    struct m_endpoint *e = &model->endpoint[endpoint];

    if (e->released_count > 0) {
        tell_released(model, endpoint, process, slot);
        return true;
    }
    if (tell_cancelled(model, endpoint, process, slot))
        return true;
    while (e->queue_count > 0) {
        int from = e->queue[0].process, call = e->queue[0].slot;
        enum outcome outcome = deliver(model, from, call, process, slot);

        if (outcome == STUCK)
            return false;
        dequeue(e, 0);
        if (outcome == TOOK)
            return true;
    }
    return false;
}

// Lets the newest of the RECVs that wait have something; true when one has.
static bool match(struct model *model, int endpoint) {
    const struct m_endpoint *e = &model->endpoint[endpoint];
    struct m_process *p = e->server < 0 ? NULL : &model->process[e->server];

    if (p == NULL || !p->waiting)
        return false;
    for (int i = p->armed_count; i-- > 0;)
        if (p->call[p->armed[i]].target == e->receiver)
            return serve(model, endpoint, e->server, p->armed[i]);
    return false;
}

// RECVs of processes that no longer have the Receiver end: of those that wait at once, of others
// when they next look.
static void end_strays(struct model *model, int process) {
    struct m_process *p = &model->process[process];

    for (int i = 0; i < p->armed_count;) {
        int slot = p->armed[i];
        const struct m_object *o = &model->object[p->call[slot].target];
        const struct m_endpoint *e = &model->endpoint[o->endpoint];

        if (e->receiver == p->call[slot].target && e->server == process)
            i++;
        else
            end(model, process, slot, -CAPOS_STATUS_DISCONNECTED, 0);
    }
}

static void end_waiting_strays(struct model *model) {
    for (int i = 0; i < PROCESSES; i++)
        if (model->process[i].alive && model->process[i].waiting)
            end_strays(model, i);
}

static void forget_notice(struct model *model, int process, int token) {
    for (int n = 0; n < ENDPOINTS; n++) {
        struct m_endpoint *e = &model->endpoint[n];

        for (int i = 0; i < e->cancelled_count; i++) {
            if (e->cancelled[i].process != process || e->cancelled[i].token != token)
                continue;
            e->cancelled_count--;
            memmove(&e->cancelled[i], &e->cancelled[i + 1],
                    sizeof(e->cancelled[0]) * (size_t)(e->cancelled_count - i));
            break;
        }
    }
}

// Ends the calls that a process holds: those taken by one Receiver, or all (-1).
static void end_held(struct model *model, int process, int receiver) {
    for (int i = 0; i < TOKENS; i++) {
        struct m_token *token = &model->process[process].token[i];

        if (!token->used || (receiver >= 0 && token->receiver != receiver))
            continue;
        if (!token->cancelled)
            end(model, token->caller, token->slot, -CAPOS_STATUS_DISCONNECTED, 0);
        forget_notice(model, process, i);
        token->used = false;
    }
}

static void lose_receiver(struct model *model, int object, int holder) {
    struct m_endpoint *e = &model->endpoint[model->object[object].endpoint];

    while (e->queue_count > 0) {
        end(model, e->queue[0].process, e->queue[0].slot, -CAPOS_STATUS_DISCONNECTED, 0);
        dequeue(e, 0);
    }
    for (int i = 0; i < e->released_count; i++) {
        model->object[e->released[i]].kind = NOTHING;
        model->object[e->released[i]].noticed = false;
    }
    e->released_count = 0;
    e->cancelled_count = 0;
    e->epoch++;
    e->receiver = e->server = -1;
    end_held(model, holder, object);
    end_waiting_strays(model);
}

static void drop_hold(struct model *model, int process, int hold) {
    int object = model->process[process].hold[hold].object;

    model->process[process].hold[hold].object = -1;
    if (model->object[object].kind == RECEIVER)
        lose_receiver(model, object, process);
}

// The opcodes -----------------------------------------------------------------------------------

static void name_slot(struct model *model, int process, const struct capos_sqe *sqe, int target,
                      enum m_state state) {
    struct m_call *call = &model->process[process].call[sqe->slot];

    call->state = state;
    call->serial = model->serial++;
    call->sqe = *sqe;
    call->target = target;
    call->revoker = 0;
    call->named = true;
    call->failed = false;
    for (int i = 0; i < SENT; i++)
        call->brought[i].hold = -1;
    if (sqe->opcode == CAPOS_OP_RECV)
        call->sqe.sent = 0;
    if (sqe->opcode == CAPOS_OP_RELEASE || sqe->opcode == CAPOS_OP_NOP)
        call->sqe.sent = call->sqe.room = 0;
}

// Queues a call whose target is a facet; it may be taken at once.
static void enqueue(struct model *model, int process, int slot) {
    struct m_call *call = &model->process[process].call[slot];
    int endpoint = model->object[call->target].endpoint;
    struct m_endpoint *e = &model->endpoint[endpoint];

    if (!is_live(model, &model->object[call->target])) {
        end(model, process, slot, -CAPOS_STATUS_DISCONNECTED, 0);
        return;
    }
    call->state = QUEUED;
    e->queue[e->queue_count].process = process;
    e->queue[e->queue_count++].slot = slot;
    while (match(model, endpoint))
        continue;
}

static enum capos_status run_call(struct model *model, int process, const struct capos_sqe *sqe,
                                  const struct capos_descriptor *sent, uint64_t word) {
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[sqe->slot];
    int hold = model_find_hold(model, process, sqe->cap), target;

    if (call->state != IDLE)
        return CAPOS_STATUS_BUSY;
    if (hold >= 0 && model_is_dead(model, p->hold[hold].revoker))
        return CAPOS_STATUS_DISCONNECTED;
    if (hold < 0 || model->object[p->hold[hold].object].kind == RECEIVER)
        return CAPOS_STATUS_REFUSED;
    if (!fits(model, process, sqe->room))
        return CAPOS_STATUS_OVERLOADED;
    target = p->hold[hold].object;
    name_slot(model, process, sqe, target, QUEUED);
    memcpy(call->sent, sent, sizeof(call->sent));
    call->word = word;
    call->revoker = p->hold[hold].revoker;
    enqueue(model, process, sqe->slot);
    return CAPOS_STATUS_OK;
}

static enum capos_status run_recv(struct model *model, int process, const struct capos_sqe *sqe) {
    struct m_process *p = &model->process[process];
    int hold = model_find_hold(model, process, sqe->cap);

    if (p->call[sqe->slot].state != IDLE)
        return CAPOS_STATUS_BUSY;
    if (sqe->results_capacity < sizeof(struct capos_message) + 8)
        return CAPOS_STATUS_TOO_BIG;
    if (hold < 0 || model->object[p->hold[hold].object].kind != RECEIVER)
        return CAPOS_STATUS_REFUSED;
    if (!fits(model, process, sqe->room))
        return CAPOS_STATUS_OVERLOADED;
    name_slot(model, process, sqe, p->hold[hold].object, ARMED);
    p->armed[p->armed_count++] = sqe->slot;
    return CAPOS_STATUS_OK;
}

static struct m_token *token_of(struct m_process *p, uint64_t id) {
    for (int i = 0; i < TOKENS; i++)
        if (p->token[i].used && id != 0 && p->token[i].id == id)
            return &p->token[i];
    return NULL;
}

static bool can_rearm(const struct model *model, int process, const struct m_token *token) {
    const struct m_call *receive = &model->process[process].call[token->receive_slot];
    const struct m_endpoint *e = &model->endpoint[model->object[token->receiver].endpoint];

    return receive->state == IDLE && receive->serial == token->receive_serial &&
           e->receiver == token->receiver && e->server == process;
}

static void rearm(struct model *model, int process, const struct m_token *token) {
    struct m_process *p = &model->process[process];
    struct m_call *receive = &p->call[token->receive_slot];

    receive->state = ARMED;
    receive->serial = model->serial++;
    receive->target = token->receiver;
    p->armed[p->armed_count++] = token->receive_slot;
}

static enum capos_status run_return(struct model *model, int process, const struct capos_sqe *sqe,
                                    const struct capos_descriptor *sent, uint64_t word) {
    struct m_process *p = &model->process[process];
    struct m_token *token = token_of(p, sqe->cap), used;
    bool again = (sqe->flags & CAPOS_SQE_REARM) != 0;
    bool exception = (sqe->flags & CAPOS_SQE_EXCEPTION) != 0;
    uint32_t bytes = sqe->params_bytes;
    struct m_event *event, passed;
    enum capos_status status;
    struct m_call *call;

    if (exception && sqe->sent > 0)
        return CAPOS_STATUS_MALFORMED;
    if (token == NULL)
        return CAPOS_STATUS_REFUSED;
    if (token->cancelled) {
        forget_notice(model, process, (int)(token - p->token));
        token->used = false;
        return CAPOS_STATUS_CANCELLED;
    }
    call = &model->process[token->caller].call[token->slot];
    if (bytes > call->sqe.results_capacity && !exception)
        return CAPOS_STATUS_TOO_BIG;
    if (bytes > call->sqe.results_capacity)
        bytes = call->sqe.results_capacity;
    if (sqe->sent > call->sqe.room)
        return CAPOS_STATUS_NO_ROOM;
    if (again && !can_rearm(model, process, token))
        return CAPOS_STATUS_REFUSED;
    if (again && token->kept == 0 && !fits(model, process, p->call[token->receive_slot].sqe.room))
        return CAPOS_STATUS_OVERLOADED;
    status = check_all(model, process, token->caller, sent, sqe->sent);
    if (status != CAPOS_STATUS_OK)
        return status;
    used = *token;
    token->used = false;
    memset(&passed, 0, sizeof(passed));
    for (int i = 0; i < SENT; i++)
        passed.hold[i] = -1;
    pass_all(model, process, used.caller, sent, sqe->sent, &passed);
    for (int i = 0; i < SENT; i++)
        call->brought[i] = (struct m_brought){passed.hold[i], passed.hold_serial[i]};
    if (again)
        rearm(model, process, &used);
    event = end(model, used.caller, used.slot, (int32_t)bytes, exception ? CAPOS_CQE_EXCEPTION : 0);
    if (event == NULL)
        return CAPOS_STATUS_OK;
    event->word = word;
    event->caps = passed.caps;
    memcpy(event->hold, passed.hold, sizeof(event->hold));
    memcpy(event->hold_serial, passed.hold_serial, sizeof(event->hold_serial));
    memcpy(event->own, passed.own, sizeof(event->own));
    memcpy(event->kind, passed.kind, sizeof(event->kind));
    return CAPOS_STATUS_OK;
}

static enum capos_status run_release(struct model *model, int process, uint64_t cap) {
    int hold = model_find_hold(model, process, cap);

    if (hold < 0)
        return CAPOS_STATUS_REFUSED;
    drop_hold(model, process, hold);
    return CAPOS_STATUS_OK;
}

// PIPELINE and LINK -------------------------------------------------------------------------------

// Runs what only the thread itself can run; it ends at once. A plain object has no methods.
static void run_alone(struct model *model, int process, int slot) {
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[slot];
    const struct m_brought *released = &call->released;
    int hold;

    for (int i = 0; i < call->sqe.sent; i++)
        if (call->sent[i].kind > CAPOS_TRANSFER_MINT) {
            end(model, process, slot, -CAPOS_STATUS_MALFORMED, 0);
            return;
        }
    if (call->sqe.opcode == CAPOS_OP_CALL) {
        end(model, process, slot, (int32_t)call->sqe.results_capacity, CAPOS_CQE_EXCEPTION);
        return;
    }
    if (call->sqe.opcode == CAPOS_OP_RELEASE) {
        hold = (call->sqe.flags & CAPOS_SQE_LINK) != 0
                   ? model_find_hold(model, process, call->sqe.cap)
                   : released->hold;
        if (hold < 0 || p->hold[hold].object < 0 ||
            ((call->sqe.flags & CAPOS_SQE_LINK) == 0 && p->hold[hold].serial != released->serial)) {
            end(model, process, slot, -CAPOS_STATUS_REFUSED, 0);
            return;
        }
        call->target = -1;
        drop_hold(model, process, hold);
    }
    end(model, process, slot, 0, 0);
}

static void make_due(struct model *model, int process, int slot) {
    struct m_process *p = &model->process[process];

    p->call[slot].state = DUE;
    p->due[p->due_count++] = slot;
}

// What the source has brought in the place that the operation names, if it is still there.
static enum capos_status find_target(struct model *model, int process, int slot) {
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[slot];
    const struct m_call *source = &p->call[call->sqe.source];
    const struct m_brought *brought;
    const struct m_hold *hold;

    if (call->sqe.cap >= SENT)
        return CAPOS_STATUS_REFUSED;
    brought = &source->brought[call->sqe.cap];
    call->released = *brought;
    if (brought->hold < 0)
        return CAPOS_STATUS_REFUSED;
    if (call->sqe.opcode == CAPOS_OP_RELEASE)
        return CAPOS_STATUS_OK;
    hold = &p->hold[brought->hold];
    if (hold->object < 0 || hold->serial != brought->serial)
        return CAPOS_STATUS_REFUSED;
    if (model_is_dead(model, hold->revoker))
        return CAPOS_STATUS_DISCONNECTED;
    if (model->object[hold->object].kind == RECEIVER)
        return CAPOS_STATUS_REFUSED;
    call->target = hold->object;
    call->revoker = hold->revoker;
    return CAPOS_STATUS_OK;
}

// Starts a WAITING operation whose source has answered with results.
static void start_as(struct model *model, int process, int slot, bool alone) {
    struct m_call *call = &model->process[process].call[slot];
    enum capos_status status = CAPOS_STATUS_OK;

    if ((call->sqe.flags & CAPOS_SQE_PIPELINE) != 0)
        status = find_target(model, process, slot);
    if (status != CAPOS_STATUS_OK)
        end(model, process, slot, -(int32_t)status, 0);
    else if (call->target >= 0 && model->object[call->target].kind == FACET)
        enqueue(model, process, slot);
    else if (alone)
        run_alone(model, process, slot);
    else
        make_due(model, process, slot);
}

static void start(struct model *model, int process, int slot) {
    start_as(model, process, slot, false);
}

static void run_due(struct model *model, int process) {
    struct m_process *p = &model->process[process];

    while (p->due_count > 0) {
        int slot = p->due[0];

        p->due_count--;
        memmove(p->due, p->due + 1, sizeof(p->due[0]) * (size_t)p->due_count);
        run_alone(model, process, slot);
        end_waiting_strays(model);
        collect(model);
    }
}

static bool can_be_source(const struct m_process *p, const struct capos_sqe *sqe) {
    const struct m_call *source = &p->call[sqe->source % SLOTS];

    if (sqe->source >= SLOTS || sqe->source == sqe->slot || !source->named)
        return false;
    if (source->sqe.opcode == CAPOS_OP_CALL)
        return true;
    return source->sqe.opcode != CAPOS_OP_RECV && (sqe->flags & CAPOS_SQE_LINK) != 0;
}

static enum capos_status run_waiting(struct model *model, int process, const struct capos_sqe *sqe,
                                     const struct capos_descriptor *sent, uint64_t word) {
    const uint8_t both = CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK;
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[sqe->slot];
    const struct m_call *source = &p->call[sqe->source % SLOTS];
    int target = -1, revoker = 0, hold;

    if (call->state != IDLE)
        return CAPOS_STATUS_BUSY;
    if ((sqe->flags & both) == both || !can_be_source(p, sqe) ||
        ((sqe->flags & CAPOS_SQE_PIPELINE) != 0 && sqe->cap >= CAPOS_TRANSFER_MAX))
        return CAPOS_STATUS_MALFORMED;
    if (sqe->opcode == CAPOS_OP_CALL && (sqe->flags & CAPOS_SQE_LINK) != 0) {
        hold = model_find_hold(model, process, sqe->cap);
        if (hold >= 0 && model_is_dead(model, p->hold[hold].revoker))
            return CAPOS_STATUS_DISCONNECTED;
        if (hold < 0 || model->object[p->hold[hold].object].kind == RECEIVER)
            return CAPOS_STATUS_REFUSED;
        target = p->hold[hold].object;
        revoker = p->hold[hold].revoker;
    }
    if (sqe->opcode == CAPOS_OP_CALL && !fits(model, process, sqe->room))
        return CAPOS_STATUS_OVERLOADED;
    name_slot(model, process, sqe, target, WAITING);
    call->revoker = revoker;
    memcpy(call->sent, sent, sizeof(call->sent));
    call->word = word;
    if (source->state != IDLE)
        return CAPOS_STATUS_OK;
    if (source->failed)
        end(model, process, sqe->slot, -CAPOS_STATUS_SOURCE_FAILED, 0);
    else
        start_as(model, process, sqe->slot, true);
    return CAPOS_STATUS_OK;
}

// What a process had called: leaves the queues; whoever has received it is told.
static void take_back(struct model *model, int process, int slot) {
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[slot];
    int endpoint = call->target < 0 ? 0 : model->object[call->target].endpoint, n = 0;
    struct m_endpoint *e = &model->endpoint[endpoint];

    if (call->state == DUE) {
        for (int i = 0; i < p->due_count; i++)
            if (p->due[i] != slot)
                p->due[n++] = p->due[i];
        p->due_count = n;
    } else if (call->state == QUEUED) {
        for (int i = 0; i < e->queue_count; i++)
            if (e->queue[i].process == process && e->queue[i].slot == slot) {
                dequeue(e, i);
                break;
            }
    } else if (call->state == DELIVERED) {
        for (int i = 0; i < TOKENS; i++) {
            struct m_token *token = &model->process[call->server].token[i];

            if (!token->used || token->cancelled || token->caller != process || token->slot != slot)
                continue;
            token->cancelled = true;
            if (e->receiver == token->receiver && e->server == call->server) {
                e->cancelled[e->cancelled_count].process = call->server;
                e->cancelled[e->cancelled_count++].token = i;
                while (match(model, endpoint))
                    continue;
            }
        }
    }
}

static enum capos_status run_cancel(struct model *model, int process, const struct capos_sqe *sqe) {
    struct m_call *call = &model->process[process].call[sqe->source % SLOTS];

    if (sqe->source >= CAPOS_RING_SLOTS_MAX)
        return CAPOS_STATUS_MALFORMED;
    if (sqe->source >= SLOTS || call->state == IDLE || call->sqe.user_data != sqe->interface)
        return CAPOS_STATUS_REFUSED;
    take_back(model, process, sqe->source);
    end(model, process, sqe->source, -CAPOS_STATUS_CANCELLED, 0);
    return CAPOS_STATUS_OK;
}

// Ends the calls that were made through a revoker, the oldest first.
static void end_uses(struct model *model, int revoker) {
    int process, slot;
    uint64_t oldest;

    do {
        oldest = UINT64_MAX;
        process = slot = -1;
        for (int i = 0; i < PROCESSES; i++)
            for (int k = 0; k < SLOTS && model->process[i].alive; k++) {
                const struct m_call *call = &model->process[i].call[k];

                if (call->state == IDLE || call->revoker != revoker || call->serial >= oldest)
                    continue;
                oldest = call->serial;
                process = i;
                slot = k;
            }
        if (process < 0)
            return;
        take_back(model, process, slot);
        end(model, process, slot, -CAPOS_STATUS_DISCONNECTED, 0);
    } while (true);
}

// The revoker, then those below, the oldest first, each with what is below it.
static void sweep(struct model *model, int revoker) {
    uint64_t last = 0;
    int next;

    end_uses(model, revoker);
    do {
        next = 0;
        for (int i = 1; i < REVOKERS; i++)
            if (model->revoker[i].depth != 0 && model->revoker[i].parent == revoker &&
                model->revoker[i].age > last &&
                (next == 0 || model->revoker[i].age < model->revoker[next].age))
                next = i;
        if (next == 0)
            return;
        last = model->revoker[next].age;
        sweep(model, next);
    } while (true);
}

void model_revoke(struct model *model, int revoker) {
    collect_revokers(model);
    model->revoker[revoker].dead = true;
    sweep(model, revoker);
    collect(model);
}

// What waits for an operation that was refused does not find what was in the slot before.
void model_refuse(struct model *model, int process, const struct capos_sqe *sqe) {
    bool waits = (sqe->flags & (CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK)) != 0;
    struct m_call *call = &model->process[process].call[sqe->slot];
    bool receives = call->named && call->sqe.opcode == CAPOS_OP_RECV;

    if (!waits && sqe->opcode != CAPOS_OP_CALL && sqe->opcode != CAPOS_OP_RECV)
        return;
    if (call->state != IDLE)
        return;
    call->failed = call->named = true;
    if (!receives)
        call->sqe.opcode = sqe->opcode;
}

static void submit(struct model *model, int process, const struct capos_sqe *sqe,
                   const struct capos_descriptor *sent, uint64_t word) {
    const uint8_t inherits = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
    enum capos_status status = CAPOS_STATUS_OK;
    bool waits = (sqe->flags & (CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK)) != 0;
    bool pending = sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RECV || waits;
    bool has_slot = pending;
    struct m_event *event;

    switch (waits ? 255 : sqe->opcode) {
    case 255:
        status = run_waiting(model, process, sqe, sent, word);
        break;
    case CAPOS_OP_CALL:
        status = run_call(model, process, sqe, sent, word);
        break;
    case CAPOS_OP_RECV:
        status = run_recv(model, process, sqe);
        break;
    case CAPOS_OP_RETURN:
        status = run_return(model, process, sqe, sent, word);
        pending = (sqe->flags & inherits) == inherits;
        break;
    case CAPOS_OP_RELEASE:
        status = run_release(model, process, sqe->cap);
        break;
    case CAPOS_OP_CANCEL:
        status = run_cancel(model, process, sqe);
        break;
    default:
        break;
    }
    if (status == CAPOS_STATUS_OK && (pending || (sqe->flags & CAPOS_SQE_SKIP_CQE) != 0))
        return;
    if (status != CAPOS_STATUS_OK)
        model_refuse(model, process, sqe);
    event = event_of(model, process, -(int32_t)status);
    event->user_data = sqe->user_data;
    event->slot = has_slot ? sqe->slot : 0;
    event->sqe = *sqe;
}

void model_enter(struct model *model, int process, const struct capos_sqe *sqe,
                 const struct capos_descriptor *sent, uint64_t word) {
    struct m_process *p = &model->process[process];
    int look[SLOTS], count;

    run_due(model, process);
    if (sqe != NULL)
        submit(model, process, sqe, sent, word);
    end_waiting_strays(model);
    collect(model);
    run_due(model, process);
    end_strays(model, process);
    count = p->armed_count;
    memcpy(look, p->armed, sizeof(look));
    for (int i = 0; i < count; i++)
        if (p->call[look[i]].state == ARMED) {
            const struct m_object *o = &model->object[p->call[look[i]].target];
            const struct m_endpoint *e = &model->endpoint[o->endpoint];

            if (e->receiver == p->call[look[i]].target && e->server == process)
                serve(model, o->endpoint, process, look[i]);
            else
                end(model, process, look[i], -CAPOS_STATUS_DISCONNECTED, 0);
        }
    end_waiting_strays(model);
    collect(model);
}

void model_wait(struct model *model, int process) {
    model->process[process].waiting = true;
}

void model_resume(struct model *model, int process) {
    model->process[process].waiting = false;
    run_due(model, process);
}

void model_kill(struct model *model, int process) {
    struct m_process *p = &model->process[process];

    p->waiting = false;
    p->due_count = 0;
    for (int i = 0; i < SLOTS; i++)
        if (p->call[i].state == WAITING || p->call[i].state == DUE)
            p->call[i].state = IDLE;
    for (int i = 0; i < SLOTS; i++) {
        take_back(model, process, i);
        p->call[i].state = IDLE;
    }
    p->armed_count = 0;
    end_held(model, process, -1);
    for (int i = 0; i < HOLDS; i++)
        if (p->hold[i].object >= 0)
            drop_hold(model, process, i);
    p->alive = false;
    p->event_count = 0;
    end_waiting_strays(model);
    collect(model);
}

bool model_is_quiet(const struct model *model, int process, const struct capos_sqe *sqe) {
    int hold = model_find_hold(model, process, sqe->cap), endpoint;
    const struct m_endpoint *e;

    for (int i = 0; i < ENDPOINTS && sqe->opcode == CAPOS_OP_RETURN; i++)
        if (model->endpoint[i].queue_count > 0)
            return false; // a freed token may let one of these in
    for (int p = 0; p < PROCESSES && sqe->opcode == CAPOS_OP_RETURN; p++)
        for (int i = 0; i < SLOTS; i++)
            if (model->process[p].call[i].state == WAITING)
                return false; // it may be what this one waits for
    if (sqe->opcode != CAPOS_OP_CALL && sqe->opcode != CAPOS_OP_RECV)
        return sqe->opcode == CAPOS_OP_RETURN;
    if (hold < 0)
        return false;
    endpoint = model->object[model->process[process].hold[hold].object].endpoint;
    e = &model->endpoint[endpoint];
    if (e->queue_count > 0 || e->released_count > 0 || e->cancelled_count > 0)
        return false;
    return e->server != process && (e->server < 0 || !model->process[e->server].waiting);
}
