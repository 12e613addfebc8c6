// SPDX-License-Identifier: MIT
//
// The reference model's ends and deliveries: see model_parts.h. Each rule stands where the manual
// (capos-ring(7)) has it.
#include "tests/model/model_parts.h"

// Events ----------------------------------------------------------------------------------------

struct m_event *model_event_of(struct model *model, int process, int32_t result) {
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
        event = model_event_of(model, process, result);
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
struct m_event *model_end(struct model *model, int process, int slot, int32_t result,
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
        model_start_waiting(model, process, next);
    }
    return end_one(model, process, slot, result, flags);
}

void model_dequeue(struct m_endpoint *e, int index) {
    e->queue_count--;
    memmove(&e->queue[index], &e->queue[index + 1],
            sizeof(e->queue[0]) * (size_t)(e->queue_count - index));
}

// Facets and their ends -------------------------------------------------------------------------

bool model_is_live(const struct model *model, const struct m_object *o) {
    const struct m_endpoint *e = &model->endpoint[o->endpoint];

    return e->receiver >= 0 && (o->root || o->epoch == e->epoch);
}

// How often each object is referred to.
static void count_references(const struct model *model, uint16_t counts[OBJECTS]) {
    memset(counts, 0, sizeof(uint16_t) * (size_t)model->objects);
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

// One that nobody refers to any more goes. True: it is a minted facet, to be told of first.
static bool collect_one(struct model *model, int index) {
    struct m_object *o = &model->object[index];
    struct m_endpoint *e = &model->endpoint[o->endpoint];

    if (o->kind != FACET || o->root || !model_is_live(model, o)) {
        if (o->kind == PLAIN && model->gone != NULL)
            model->gone(o);
        o->kind = NOTHING;
        return false;
    }
    o->noticed = true;
    model->id[o->id] = RELEASED;
    e->released[e->released_known++] = index;
    e->released_count++;
    return true;
}

// Servers are told of what goes together by as few messages as have room for it. What that ends
// may have been the last to refer to something.
void model_collect(struct model *model) {
    uint16_t counts[OBJECTS];
    bool news[ENDPOINTS], any;

    do {
        memset(news, 0, sizeof(news));
        any = false;
        count_references(model, counts);
        for (int i = 0; i < model->objects; i++)
            if (model->object[i].kind != NOTHING && !model->object[i].noticed && counts[i] == 0 &&
                collect_one(model, i))
                any = news[model->object[i].endpoint] = true;
        for (int endpoint = 0; endpoint < ENDPOINTS; endpoint++)
            while (news[endpoint] && model_match(model, endpoint))
                continue;
    } while (any);
    while (model->objects > 0 && model->object[model->objects - 1].kind == NOTHING)
        model->objects--;
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
    if (o->kind == FACET && model_is_live(model, o) && model->endpoint[o->endpoint].server == to)
        return CAPOS_STATUS_OK;
    switch (model->process[from].hold[hold].scope) {
    case CAPOS_SCOPE_ANY:
        return CAPOS_STATUS_OK;
    case CAPOS_SCOPE_SESSION:
        if (model_is_bound(model, model->process[from].hold[hold].revoker))
            return CAPOS_STATUS_SCOPE;
        return model->process[from].session == model->process[to].session ? CAPOS_STATUS_OK
                                                                          : CAPOS_STATUS_SCOPE;
    default:
        return CAPOS_STATUS_SCOPE;
    }
}

enum capos_status model_check_all(const struct model *model, int from, int to,
                                  const struct capos_descriptor *sent, int count) {
    enum capos_status status = CAPOS_STATUS_OK;

    for (int i = 0; i < count; i++)
        if (sent[i].kind > CAPOS_TRANSFER_MINT)
            return CAPOS_STATUS_MALFORMED;
    for (int i = 0; i < count && status == CAPOS_STATUS_OK; i++)
        status = check_one(model, from, to, sent, i);
    return status;
}

static int minted(struct model *model, int from, const struct capos_descriptor *d, int receiver) {
    int endpoint = model->object[receiver].endpoint;
    int object = model_object(model, FACET, endpoint, d->object_id);

    model->object[object].root = false;
    model->object[object].epoch = model->endpoint[endpoint].epoch;
    model->object[object].interface = d->interface;
    model->object[object].owner = model->process[from].serial;
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
    return o->kind == FACET && model_is_live(model, o) && model->endpoint[o->endpoint].server == to;
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
        object = minted(model, from, d, object);
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

void model_pass_all(struct model *model, int from, int to, const struct capos_descriptor *sent,
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

// The process holds the call by the token, from now on.
static void hold(struct model *model, int from, int slot, int to, int token, int receive_slot) {
    struct m_call *call = &model->process[from].call[slot];
    const struct m_call *receive = &model->process[to].call[receive_slot];

    call->state = DELIVERED;
    call->server = to;
    model->process[to].token[token] = (struct m_token){.used = true,
                                                       .caller = from,
                                                       .slot = slot,
                                                       .serial = call->serial,
                                                       .receiver = receive->target,
                                                       .receive_slot = receive_slot,
                                                       .receive_serial = receive->serial};
}

static struct capos_message message_of(const struct model *model, const struct m_call *call) {
    const struct m_object *facet = &model->object[call->target];

    return (struct capos_message){.object_id = facet->id,
                                  .interface = call->sqe.interface,
                                  .method = call->sqe.method,
                                  .kind = CAPOS_MESSAGE_CALL,
                                  .caps = call->sqe.sent,
                                  .params_words = (uint16_t)(call->sqe.params_bytes / 8),
                                  .room = call->sqe.room,
                                  .session_epoch = 1,
                                  .results_capacity = call->sqe.results_capacity,
                                  .facet_interface = facet->interface};
}

// Does another RECV of the process wait for the endpoint's messages?
static bool others_wait(const struct model *model, int endpoint, int process) {
    const struct m_process *p = &model->process[process];

    for (int i = 0; i < p->armed_count && p->waiting; i++)
        if (p->call[p->armed[i]].target == model->endpoint[endpoint].receiver)
            return true;
    return false;
}

// A RECV with SEVERAL has taken a message, held by a token or -1: it also takes the calls that come
// next, while there is room behind and they bring no capabilities. What is kept for a REARM is kept
// by the last.
static void take_behind(struct model *model, int endpoint, int to, int slot, struct m_event *event,
                        int last) {
    const struct m_call *receive = &model->process[to].call[slot];
    struct m_endpoint *e = &model->endpoint[endpoint];
    struct m_token *tokens = model->process[to].token;

    if ((receive->sqe.flags & CAPOS_SQE_SEVERAL) == 0 || others_wait(model, endpoint, to))
        return;
    while (e->queue_count > 0) {
        const struct m_call *call = &model->process[e->queue[0].process].call[e->queue[0].slot];
        uint32_t size = (uint32_t)sizeof(struct capos_message) + call->sqe.params_bytes;
        int token = free_token(&model->process[to]);

        if (call->sqe.sent > 0 || token < 0 ||
            (uint32_t)event->result + size > receive->sqe.results_capacity)
            return;
        if (event->behind_count == BEHIND)
            abort();
        hold(model, e->queue[0].process, e->queue[0].slot, to, token, slot);
        tokens[token].kept = last < 0 ? receive->sqe.room : tokens[last].kept;
        if (last >= 0)
            tokens[last].kept = 0;
        last = token;
        event->result += (int32_t)size;
        event->behind[event->behind_count++] =
            (struct m_behind){message_of(model, call), token, call->word};
        model_dequeue(e, 0);
    }
}

enum outcome { TOOK, ENDED, STUCK };

static enum outcome deliver(struct model *model, int from, int slot, int to, int receive_slot) {
    struct m_call *call = &model->process[from].call[slot];
    struct m_call *receive = &model->process[to].call[receive_slot];
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
        status = model_check_all(model, from, to, call->sent, call->sqe.sent);
    if (status != CAPOS_STATUS_OK) {
        model_end(model, from, slot, -(int32_t)status, 0);
        return ENDED;
    }
    hold(model, from, slot, to, token, receive_slot);
    model->process[to].token[token].kept = call->sqe.sent > 0 ? 0 : receive->sqe.room;
    event = model_end(model, to, receive_slot,
                      (int32_t)(sizeof(struct capos_message) + call->sqe.params_bytes), 0);
    event->is_message = true;
    event->token = token;
    event->word = call->word;
    event->message = message_of(model, &copy);
    model_pass_all(model, from, to, copy.sent, copy.sqe.sent, event);
    return TOOK;
}

// Behind a call, whose event is the process's last.
static void take_behind_call(struct model *model, int endpoint, int process, int slot) {
    struct m_process *p = &model->process[process];
    struct m_event *event = &p->event[p->event_count - 1];

    if (event->caps == 0)
        take_behind(model, endpoint, process, slot, event, event->token);
}

static void tell_released(struct model *model, int endpoint, int to, int slot) {
    struct m_endpoint *e = &model->endpoint[endpoint];
    struct m_process *p = &model->process[to];
    int room = (int)(p->call[slot].sqe.results_capacity - sizeof(struct capos_message)) / 8;
    int n = room < e->released_count ? room : e->released_count;
    struct m_event *event =
        model_end(model, to, slot, (int32_t)(sizeof(struct capos_message) + (size_t)n * 8), 0);

    event->is_message = true;
    event->message =
        (struct capos_message){.kind = CAPOS_MESSAGE_RELEASED, .params_words = (uint16_t)n};
    e->released_count -= n; // which of them are told first is open
    take_behind(model, endpoint, to, slot, event, -1);
}

static void forget_released(struct model *model, struct m_endpoint *e, int index) {
    struct m_object *o = &model->object[e->released[index]];

    o->kind = NOTHING;
    o->noticed = false;
    e->released_known--;
    e->released[index] = e->released[e->released_known];
}

bool model_told(struct model *model, uint64_t id) {
    if (id >= IDS || model->id[id] != RELEASED)
        return false;
    model->id[id] = TOLD;
    for (int n = 0; n < ENDPOINTS; n++)
        for (int i = 0; i < model->endpoint[n].released_known; i++)
            if (model->object[model->endpoint[n].released[i]].id == id) {
                forget_released(model, &model->endpoint[n], i);
                return true;
            }
    return true; // told before its server was gone
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
    event = model_end(model, to, slot, (int32_t)sizeof(struct capos_message), 0);
    event->is_message = true;
    event->message = (struct capos_message){.kind = CAPOS_MESSAGE_CANCELLED, .token = token->id};
    take_behind(model, endpoint, to, slot, event, -1);
    return true;
}

// Lets an armed RECV have what there is: true when it has ended.
bool model_serve(struct model *model, int endpoint, int process, int slot) {
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
        model_dequeue(e, 0);
        if (outcome == TOOK) {
            take_behind_call(model, endpoint, process, slot);
            return true;
        }
    }
    return false;
}

// Lets the newest of the RECVs that wait have something; true when one has.
bool model_match(struct model *model, int endpoint) {
    const struct m_endpoint *e = &model->endpoint[endpoint];
    struct m_process *p = e->server < 0 ? NULL : &model->process[e->server];

    if (p == NULL || !p->waiting || p->wait_slot >= 0)
        return false;
    for (int i = p->armed_count; i-- > 0;)
        if (p->call[p->armed[i]].target == e->receiver)
            return model_serve(model, endpoint, e->server, p->armed[i]);
    return false;
}

// RECVs of processes that no longer have the Receiver end: of those that wait at once, of others
// when they next look.
void model_end_strays(struct model *model, int process) {
    struct m_process *p = &model->process[process];

    for (int i = 0; i < p->armed_count;) {
        int slot = p->armed[i];
        const struct m_object *o = &model->object[p->call[slot].target];
        const struct m_endpoint *e = &model->endpoint[o->endpoint];

        if (e->receiver == p->call[slot].target && e->server == process)
            i++;
        else
            model_end(model, process, slot, -CAPOS_STATUS_DISCONNECTED, 0);
    }
}

void model_end_waiting_strays(struct model *model) {
    for (int i = 0; i < PROCESSES; i++)
        if (model->process[i].alive && model->process[i].waiting && model->process[i].wait_slot < 0)
            model_end_strays(model, i);
}

void model_forget_notice(struct model *model, int process, int token) {
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
void model_end_held(struct model *model, int process, int receiver) {
    for (int i = 0; i < TOKENS; i++) {
        struct m_token *token = &model->process[process].token[i];

        if (!token->used || (receiver >= 0 && token->receiver != receiver))
            continue;
        if (!token->cancelled)
            model_end(model, token->caller, token->slot, -CAPOS_STATUS_DISCONNECTED, 0);
        model_forget_notice(model, process, i);
        token->used = false;
    }
}

static void lose_receiver(struct model *model, int object, int holder) {
    struct m_endpoint *e = &model->endpoint[model->object[object].endpoint];

    while (e->queue_count > 0) {
        model_end(model, e->queue[0].process, e->queue[0].slot, -CAPOS_STATUS_DISCONNECTED, 0);
        model_dequeue(e, 0);
    }
    while (e->released_known > 0)
        forget_released(model, e, 0);
    e->released_count = 0;
    e->cancelled_count = 0;
    e->epoch++;
    e->receiver = e->server = -1;
    model_end_held(model, holder, object);
    model_end_waiting_strays(model);
}

void model_drop_hold(struct model *model, int process, int hold) {
    int object = model->process[process].hold[hold].object;

    model->process[process].hold[hold].object = -1;
    if (model->object[object].kind == RECEIVER)
        lose_receiver(model, object, process);
}
