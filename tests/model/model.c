// SPDX-License-Identifier: MIT
//
// The reference model: see model.h. Each rule stands where the manual (capos-ring(7)) has it.
#include "tests/model/model_parts.h"

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
    p->serial = model->serial++;
    p->session = session;
    for (int i = 0; i < HOLDS; i++)
        p->hold[i].object = -1;
}

int model_object(struct model *model, enum object_kind_m kind, int endpoint, uint64_t id) {
    for (int i = 0; i < OBJECTS; i++) {
        struct m_object *o = &model->object[i];

        if (o->kind != NOTHING)
            continue;
        if (i >= model->objects)
            model->objects = i + 1;
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

static bool is_told_of(const struct model *model, int object, int server) {
    const struct m_object *o = &model->object[object < 0 ? 0 : object];

    return object >= 0 && o->kind == FACET && !o->root &&
           model->endpoint[o->endpoint].server == server;
}

int model_facets_ending(const struct model *model, int process, int server) {
    int n = 0;

    for (int i = 0; i < HOLDS; i++)
        n += is_told_of(model, model->process[process].hold[i].object, server);
    for (int p = 0; p < PROCESSES; p++)
        for (int i = 0; i < SLOTS; i++) {
            const struct m_call *call = &model->process[p].call[i];

            if (call->state == WAITING || (p == process && call->state != IDLE))
                n += is_told_of(model, call->target, server);
        }
    return n;
}

static int kept(const struct model *model, int process) {
    const struct m_token *token = model->process[process].token;
    int n = 0;

    for (int i = 0; i < TOKENS; i++)
        n += token[i].used ? token[i].kept : 0;
    return n;
}

static int taken(const struct model *model, int process) {
    return model_used(model, process) + model_reserved(model, process) +
           model->process[process].lent;
}

bool model_could_fit(const struct model *model, int process, int room) {
    return room == 0 || taken(model, process) - kept(model, process) + room <= HOLDS;
}

bool model_fits(struct model *model, int process, int room) {
    if (!model_could_fit(model, process, room))
        return false;
    if (room != 0 && taken(model, process) + room > HOLDS)
        for (int i = 0; i < TOKENS; i++)
            model->process[process].token[i].kept = 0;
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
void model_collect_revokers(struct model *model) {
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
        if (model->revoker[i].held || model->revoker[i].pins > 0 || named[i])
            for (int k = i; k != 0; k = model->revoker[k].parent)
                named[k] = true;
    for (int i = 1; i < REVOKERS; i++)
        if (!named[i])
            model->revoker[i] = (struct m_revoker){0};
}

static int new_revoker(struct model *model) {
    model_collect_revokers(model);
    for (int i = 1; i < REVOKERS; i++)
        if (!model->revoker[i].used)
            return i;
    return 0;
}

bool model_has_revoker(struct model *model) {
    return new_revoker(model) != 0;
}

int model_revoker(struct model *model, int parent) {
    int revoker = new_revoker(model);

    if (revoker != 0)
        model->revoker[revoker] = (struct m_revoker){.used = true,
                                                     .parent = parent,
                                                     .depth = model->revoker[parent].depth + 1,
                                                     .held = true,
                                                     .age = model->serial++};
    return revoker;
}

int model_session(struct model *model) {
    int revoker = new_revoker(model);

    if (revoker != 0)
        model->revoker[revoker] =
            (struct m_revoker){.used = true, .session = true, .held = true, .age = model->serial++};
    return revoker;
}

bool model_is_bound(const struct model *model, int revoker) {
    for (; revoker != 0; revoker = model->revoker[revoker].parent)
        if (model->revoker[revoker].session)
            return true;
    return false;
}

void model_drop_revoker(struct model *model, int revoker) {
    model->revoker[revoker].held = false;
}
