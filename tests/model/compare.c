// SPDX-License-Identifier: MIT
//
// Completions, messages, tables and queues of the kernel beside the model's: see compare.h.
#include "tests/model/compare.h"

#include "core/captable.h"

#include <string.h>

static void learn_cap(struct driver *d, int p, int hold, const struct capos_descriptor *got) {
    struct m_hold *h = &d->model.process[p].hold[hold];
    struct m_object *o = &d->model.object[h->object];
    struct captable_view view;

    CHECK(captable_find(&d->actor[p].process->table, got->cap, &view) == CAPOS_STATUS_OK,
          "process %d was given a capability that it does not hold", p);
    if (o->real == NULL)
        o->real = view.object;
    CHECK(o->real == view.object, "a capability names another object");
    CHECK(view.scope == h->scope && got->scope == h->scope, "a capability's scope has changed");
    CHECK(view.interface == o->interface && got->interface == o->interface,
          "a capability's interface has changed");
    h->cap = got->cap;
}

static void check_caps(struct driver *d, int p, const struct m_event *event) {
    uint32_t at = operations_piece(event->slot, DESCRIPTORS) +
                  (event->is_message ? 0u : event->sqe.sent * 32u);
    const struct capos_descriptor *got = actor_at(&d->actor[p], at);

    for (int i = 0; i < event->caps; i++) {
        CHECK(got[i].kind == event->kind[i], "descriptor %d is of kind %d, not %d", i, got[i].kind,
              event->kind[i]);
        if (event->kind[i] == CAPOS_TRANSFER_COPY) {
            // It may have gone on with a later operation before it was seen.
            if (d->model.process[p].hold[event->hold[i]].object >= 0 &&
                d->model.process[p].hold[event->hold[i]].serial == event->hold_serial[i])
                learn_cap(d, p, event->hold[i], &got[i]);
        } else {
            CHECK(got[i].cap == 0, "a capability where none was given");
            CHECK(got[i].object_id == event->own[i], "an own facet's id");
        }
    }
}

static void check_session(struct driver *d, const struct m_token *token,
                          const struct capos_message *got) {
    uint64_t session = d->model.process[token->caller].session;
    uint64_t *known = d->reference[d->model.object[token->receiver].endpoint][session];

    if (!token->used || token->cancelled)
        return;
    if (known[0] == 0)
        memcpy(known, got->session, sizeof(got->session));
    CHECK(memcmp(known, got->session, sizeof(got->session)) == 0 && known[0] != 0,
          "a session's reference has changed");
}

static void check_released(struct driver *d, const uint64_t *ids, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        CHECK(model_told(&d->model, ids[i]), "id %lu is told out of turn", (unsigned long)ids[i]);
}

static void check_call(struct driver *d, int p, const struct capos_message *got,
                       const struct m_behind *want) {
    const struct capos_message *m = &want->message;
    const uint64_t *params = (const uint64_t *)(const void *)(got + 1);
    struct m_token *token = &d->model.process[p].token[want->token];

    CHECK(got->kind == m->kind && got->params_words == m->params_words, "a message's kind");
    CHECK(got->object_id == m->object_id && got->interface == m->interface &&
              got->method == m->method && got->caps == m->caps && got->room == m->room &&
              got->session_epoch == m->session_epoch &&
              got->results_capacity == m->results_capacity &&
              got->facet_interface == m->facet_interface,
          "a message's header");
    CHECK(got->params_words == 0 || params[0] == want->word, "a message's params");
    check_session(d, token, got);
    token->id = got->token;
}

static const struct capos_message *behind(const struct capos_message *message) {
    return (const void *)((const uint64_t *)(const void *)(message + 1) + message->params_words);
}

static void check_message(struct driver *d, int p, const struct m_event *event) {
    const struct capos_message *got = actor_at(&d->actor[p], event->sqe.results);
    const struct capos_message *want = &event->message;

    d->messages++;
    if (want->kind == CAPOS_MESSAGE_CALL) {
        check_call(d, p, got, &(struct m_behind){*want, event->token, event->word});
        check_caps(d, p, event);
    } else {
        CHECK(got->kind == want->kind && got->params_words == want->params_words,
              "a notice's kind");
    }
    if (want->kind == CAPOS_MESSAGE_RELEASED)
        check_released(d, (const uint64_t *)(const void *)(got + 1), got->params_words);
    if (want->kind == CAPOS_MESSAGE_CANCELLED)
        CHECK(want->token == 0 || got->token == want->token, "a cancelled call's token");
    for (int i = 0; i < event->behind_count; i++, d->several++) {
        got = behind(got);
        check_call(d, p, got, &event->behind[i]);
    }
}

static void check_event(struct driver *d, int p, const struct m_event *event,
                        const struct capos_cqe *cqe) {
    CHECK(
        cqe->result == event->result,
        "process %d: operation %lu (opcode %d, flags %d, cap %lx, sent %d, room %d) ended with %d, "
        "expected %d",
        p, (unsigned long)cqe->user_data, event->sqe.opcode, event->sqe.flags,
        (unsigned long)event->sqe.cap, event->sqe.sent, event->sqe.room, cqe->result,
        event->result);
    CHECK(cqe->flags == event->flags && cqe->caps == event->caps && cqe->slot == event->slot,
          "process %d: flags %d, caps %d, slot %d", p, cqe->flags, cqe->caps, cqe->slot);
    d->woken += event->sqe.opcode == CAPOS_OP_PARK && event->result == 0;
    if (event->is_message && event->result > 0)
        check_message(d, p, event);
    else if (event->sqe.opcode == CAPOS_OP_CALL && event->result > 0 && event->word != 0) {
        const uint64_t *results = actor_at(&d->actor[p], operations_piece(event->slot, RESULTS));

        CHECK(results[0] == event->word, "a call's results");
        check_caps(d, p, event);
    } else if (event->caps > 0) {
        check_caps(d, p, event);
    }
}

void compare_events(struct driver *d, int p) {
    struct m_process *process = &d->model.process[p];
    struct capos_cqe cqe;
    int i;

    while (actor_has_cqe(&d->actor[p])) {
        cqe = actor_take(&d->actor[p]);
        for (i = 0; i < process->event_count; i++)
            if (process->event[i].user_data == cqe.user_data)
                break;
        CHECK(i < process->event_count, "process %d has a completion %lu (%d) too many", p,
              (unsigned long)cqe.user_data, cqe.result);
        check_event(d, p, &process->event[i], &cqe);
        process->event_count--;
        memmove(&process->event[i], &process->event[i + 1],
                sizeof(process->event[0]) * (size_t)(process->event_count - i));
    }
    CHECK(process->event_count == 0, "process %d lacks completion %lu (%d)", p,
          (unsigned long)process->event[0].user_data, process->event[0].result);
}

void compare_process(struct driver *d, int p) {
    const struct m_process *process = &d->model.process[p];
    const struct process *real = d->actor[p].process;
    struct captable_view view;

    CHECK((int)real->table.used == model_used(&d->model, p), "process %d holds %u, not %d", p,
          real->table.used, model_used(&d->model, p));
    CHECK((int)real->table.reserved == model_reserved(&d->model, p), "process %d has reserved %u",
          p, real->table.reserved);
    CHECK((int)real->tokens.live == model_tokens(&d->model, p), "process %d has %u tokens", p,
          real->tokens.live);
    for (int i = 0; i < HOLDS; i++) {
        const struct m_hold *hold = &process->hold[i];

        if (hold->object < 0 || hold->cap == 0)
            continue;
        CHECK(captable_lookup(&real->table, hold->cap, &view) ==
                  (model_is_dead(&d->model, hold->revoker) ? CAPOS_STATUS_DISCONNECTED
                                                           : CAPOS_STATUS_OK),
              "process %d has lost a capability, or a dead one lives", p);
        CHECK((view.revoker != NULL) == (hold->revoker != 0) &&
                  (view.revoker == NULL || !d->model.revoker[hold->revoker].held ||
                   view.revoker == d->revoker[hold->revoker]),
              "process %d holds a copy of another revoker", p);
        CHECK(d->model.object[hold->object].real == view.object, "an id names another object");
    }
    CHECK(process->waiting || !actor_has_cqe(&d->actor[p]),
          "process %d has a completion outside cap_enter", p);
}

void compare_endpoint(struct driver *d, int n) {
    const struct m_endpoint *e = &d->model.endpoint[n];
    const struct endpoint *real = d->endpoint[n];
    const struct list_node *node = list_first(&real->calls);

    CHECK((real->receiver != NULL) == (e->receiver >= 0) && real->epoch == e->epoch,
          "endpoint %d: its Receiver", n);
    for (int i = 0; i < e->queue_count; i++, node = list_next(&real->calls, node)) {
        CHECK(node != NULL, "endpoint %d: a call is missing", n);
        const struct call *call = list_entry(node, const struct call, link);
        CHECK(call->ring == &d->actor[e->queue[i].process].thread->ring &&
                  call->slot == e->queue[i].slot,
              "endpoint %d: another order of calls", n);
    }
    CHECK(node == NULL, "endpoint %d: a call too many", n);
    CHECK((real->released != NULL) == (e->released_count > 0), "endpoint %d: released", n);
}
