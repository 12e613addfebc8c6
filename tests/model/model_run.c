// SPDX-License-Identifier: MIT
//
// The reference model's opcodes: see model_parts.h. Each rule stands where the manual
// (capos-ring(7)) has it.
#include "tests/model/model_parts.h"

// The opcodes -----------------------------------------------------------------------------------

void model_name_slot(struct model *model, int process, const struct capos_sqe *sqe, int target,
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
    if (sqe->opcode != CAPOS_OP_CALL && sqe->opcode != CAPOS_OP_RECV)
        call->sqe.sent = call->sqe.room = 0;
}

// Queues a call whose target is a facet; it may be taken at once.
static void enqueue(struct model *model, int process, int slot) {
    struct m_call *call = &model->process[process].call[slot];
    int endpoint = model->object[call->target].endpoint;
    struct m_endpoint *e = &model->endpoint[endpoint];

    if (!model_is_live(model, &model->object[call->target])) {
        model_end(model, process, slot, -CAPOS_STATUS_DISCONNECTED, 0);
        return;
    }
    call->state = QUEUED;
    e->queue[e->queue_count].process = process;
    e->queue[e->queue_count++].slot = slot;
    while (model_match(model, endpoint))
        continue;
}

// Runs what only the thread itself can run; it ends at once. A plain object has no methods.
static void run_alone(struct model *model, int process, int slot) {
    struct m_process *p = &model->process[process];
    struct m_call *call = &p->call[slot];
    const struct m_brought *released = &call->released;
    int hold;

    for (int i = 0; i < call->sqe.sent; i++)
        if (call->sent[i].kind > CAPOS_TRANSFER_MINT) {
            model_end(model, process, slot, -CAPOS_STATUS_MALFORMED, 0);
            return;
        }
    if (call->sqe.opcode == CAPOS_OP_CALL) {
        model_end(model, process, slot, (int32_t)call->sqe.results_capacity, CAPOS_CQE_EXCEPTION);
        return;
    }
    if (call->sqe.opcode == CAPOS_OP_RELEASE) {
        hold = (call->sqe.flags & CAPOS_SQE_LINK) != 0
                   ? model_find_hold(model, process, call->sqe.cap)
                   : released->hold;
        if (hold < 0 || p->hold[hold].object < 0 ||
            ((call->sqe.flags & CAPOS_SQE_LINK) == 0 && p->hold[hold].serial != released->serial)) {
            model_end(model, process, slot, -CAPOS_STATUS_REFUSED, 0);
            return;
        }
        call->target = -1;
        model_drop_hold(model, process, hold);
    }
    model_end(model, process, slot, 0, 0);
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
    if (!model_fits(model, process, sqe->room))
        return CAPOS_STATUS_OVERLOADED;
    target = p->hold[hold].object;
    model_name_slot(model, process, sqe, target, QUEUED);
    memcpy(call->sent, sent, sizeof(call->sent));
    call->word = word;
    call->revoker = p->hold[hold].revoker;
    if (model->object[target].kind == FACET)
        enqueue(model, process, sqe->slot);
    else
        run_alone(model, process, sqe->slot);
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
    p->receives = true;
    if (!model_fits(model, process, sqe->room))
        return CAPOS_STATUS_OVERLOADED;
    model_name_slot(model, process, sqe, p->hold[hold].object, ARMED);
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
        model_forget_notice(model, process, (int)(token - p->token));
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
    if (again && token->kept == 0 &&
        !model_fits(model, process, p->call[token->receive_slot].sqe.room))
        return CAPOS_STATUS_OVERLOADED;
    status = model_check_all(model, process, token->caller, sent, sqe->sent);
    if (status != CAPOS_STATUS_OK)
        return status;
    used = *token;
    token->used = false;
    memset(&passed, 0, sizeof(passed));
    for (int i = 0; i < SENT; i++)
        passed.hold[i] = -1;
    model_pass_all(model, process, used.caller, sent, sqe->sent, &passed);
    for (int i = 0; i < SENT; i++)
        call->brought[i] = (struct m_brought){passed.hold[i], passed.hold_serial[i]};
    if (again)
        rearm(model, process, &used);
    event = model_end(model, used.caller, used.slot, (int32_t)bytes,
                      exception ? CAPOS_CQE_EXCEPTION : 0);
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
    model_drop_hold(model, process, hold);
    return CAPOS_STATUS_OK;
}

// PIPELINE and LINK -------------------------------------------------------------------------------

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
        model_end(model, process, slot, -(int32_t)status, 0);
    else if (call->target >= 0 && model->object[call->target].kind == FACET)
        enqueue(model, process, slot);
    else if (alone)
        run_alone(model, process, slot);
    else
        make_due(model, process, slot);
}

void model_start_waiting(struct model *model, int process, int slot) {
    start_as(model, process, slot, false);
}

static void run_due(struct model *model, int process) {
    struct m_process *p = &model->process[process];

    while (p->due_count > 0) {
        int slot = p->due[0];

        p->due_count--;
        memmove(p->due, p->due + 1, sizeof(p->due[0]) * (size_t)p->due_count);
        run_alone(model, process, slot);
        model_end_waiting_strays(model);
        model_collect(model);
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
    if (sqe->opcode == CAPOS_OP_CALL && !model_fits(model, process, sqe->room))
        return CAPOS_STATUS_OVERLOADED;
    model_name_slot(model, process, sqe, target, WAITING);
    call->revoker = revoker;
    memcpy(call->sent, sent, sizeof(call->sent));
    call->word = word;
    if (source->state != IDLE)
        return CAPOS_STATUS_OK;
    if (source->failed)
        model_end(model, process, sqe->slot, -CAPOS_STATUS_SOURCE_FAILED, 0);
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
                model_dequeue(e, i);
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
                while (model_match(model, endpoint))
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
    model_end(model, process, sqe->source, -CAPOS_STATUS_CANCELLED, 0);
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
        model_end(model, process, slot, -CAPOS_STATUS_DISCONNECTED, 0);
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
            if (model->revoker[i].used && model->revoker[i].parent == revoker &&
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
    model_collect_revokers(model);
    model->revoker[revoker].dead = true;
    sweep(model, revoker);
    model_collect(model);
}

// What waits for an operation that was refused does not find what was in the slot before.
void model_refuse(struct model *model, int process, const struct capos_sqe *sqe) {
    bool waits = (sqe->flags & (CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK)) != 0;
    struct m_call *call = &model->process[process].call[sqe->slot];
    bool receives = call->named && call->sqe.opcode == CAPOS_OP_RECV;

    if (!waits && sqe->opcode != CAPOS_OP_CALL && sqe->opcode != CAPOS_OP_RECV &&
        sqe->opcode != CAPOS_OP_PARK)
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
    bool pending = sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RECV ||
                   sqe->opcode == CAPOS_OP_PARK || waits;
    bool has_slot = pending;
    struct m_event *event;
    uint32_t woken = 0;

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
    case CAPOS_OP_PARK:
        status = model_run_park(model, process, sqe);
        break;
    case CAPOS_OP_UNPARK:
        status = model_run_unpark(model, process, sqe, &woken);
        break;
    default:
        break;
    }
    if (status == CAPOS_STATUS_OK && (pending || (sqe->flags & CAPOS_SQE_SKIP_CQE) != 0))
        return;
    if (status != CAPOS_STATUS_OK)
        model_refuse(model, process, sqe);
    event = model_event_of(model, process,
                           status == CAPOS_STATUS_OK ? (int32_t)woken : -(int32_t)status);
    event->user_data = sqe->user_data;
    event->slot = has_slot ? sqe->slot : 0;
    event->sqe = *sqe;
}

// Lets what is armed take what there is.
static void look(struct model *model, int process) {
    struct m_process *p = &model->process[process];
    int armed[SLOTS], count = p->armed_count;

    memcpy(armed, p->armed, sizeof(armed));
    for (int i = 0; i < count; i++)
        if (p->call[armed[i]].state == ARMED) {
            const struct m_object *o = &model->object[p->call[armed[i]].target];
            const struct m_endpoint *e = &model->endpoint[o->endpoint];

            if (e->receiver == p->call[armed[i]].target && e->server == process)
                model_serve(model, o->endpoint, process, armed[i]);
            else
                model_end(model, process, armed[i], -CAPOS_STATUS_DISCONNECTED, 0);
        }
}

static void run_one(struct model *model, int process, const struct capos_sqe *sqe,
                    const struct capos_descriptor *sent, uint64_t word) {
    if (sqe != NULL)
        submit(model, process, sqe, sent, word);
    model_end_waiting_strays(model);
    model_collect(model);
}

void model_enter_quietly(struct model *model, int process, const struct capos_sqe *sqe,
                         const struct capos_descriptor *sent, uint64_t word) {
    run_due(model, process);
    run_one(model, process, sqe, sent, word);
    run_due(model, process);
}

static void receive(struct model *model, int process) {
    model_end_strays(model, process);
    look(model, process);
    model_end_waiting_strays(model);
}

void model_enter(struct model *model, int process, const struct capos_sqe *sqe,
                 const struct capos_descriptor *sent, uint64_t word) {
    model_enter_quietly(model, process, sqe, sent, word);
    receive(model, process);
    model_collect(model);
}

static void begin_to_wait(struct model *model, int process, int slot) {
    struct m_process *p = &model->process[process];

    if (slot < 0)
        receive(model, process);
    model_wait_for(model, process, slot);
    p->waiting = !model_may_go_on(model, process);
    model_collect(model); // of which it may be told while it waits
    p->waiting = !model_may_go_on(model, process);
}

void model_enter_to_wait(struct model *model, int process, const struct capos_sqe *sqe,
                         const struct capos_descriptor *sent, uint64_t word, int slot) {
    model_enter_quietly(model, process, sqe, sent, word);
    begin_to_wait(model, process, slot);
}

void model_hand_over(struct model *model, int process, const struct capos_sqe *unpark,
                     const struct capos_sqe *park, int slot) {
    const struct capos_descriptor none[SENT] = {{0}};

    run_due(model, process);
    run_one(model, process, unpark, none, 0);
    run_one(model, process, park, none, 0);
    run_due(model, process);
    begin_to_wait(model, process, slot);
}

bool model_starts_others(const struct model *model, int process, const struct capos_sqe *sqe) {
    const struct m_process *caller;

    if (sqe->opcode == CAPOS_OP_UNPARK)
        return model_park_is_awaited(model, process, sqe);
    for (int i = 0; sqe->opcode == CAPOS_OP_RETURN && i < TOKENS; i++) {
        const struct m_token *token = &model->process[process].token[i];

        if (!token->used || token->id != sqe->cap || token->cancelled || token->caller == process)
            continue;
        caller = &model->process[token->caller];
        for (int slot = 0; slot < SLOTS; slot++)
            if (caller->call[slot].state == WAITING && caller->call[slot].sqe.source == token->slot)
                return true;
    }
    return false;
}

void model_wait_for(struct model *model, int process, int slot) {
    model->process[process].waiting = true;
    model->process[process].wait_slot = slot;
}

void model_wait(struct model *model, int process) {
    model_wait_for(model, process, -1);
}

bool model_may_go_on(const struct model *model, int process) {
    const struct m_process *p = &model->process[process];

    if (p->due_count > 0)
        return true;
    return p->wait_slot < 0 ? p->event_count > 0 : p->call[p->wait_slot].state == IDLE;
}

void model_resume(struct model *model, int process) {
    run_due(model, process); // what it has offered to receive is still offered
    model->process[process].waiting = false;
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
    model_end_held(model, process, -1);
    for (int i = 0; i < HOLDS; i++)
        if (p->hold[i].object >= 0)
            model_drop_hold(model, process, i);
    p->alive = false;
    p->event_count = 0;
    model_end_waiting_strays(model);
    model_collect(model);
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
