// SPDX-License-Identifier: MIT
//
// See compare.h. What the kernel chooses (CapIds, tokens) is learnt when it is first seen, and must
// stay so.
#include "tests/stress/compare.h"

#include "base/memory.h"
#include "tests/stress/figures.h"

static bool is_wrong(struct compare *c, const char *what) {
    if (c->wrong == NULL)
        c->wrong = what;
    return false;
}

static bool learn_cap(struct compare *c, int p, int hold, const struct capos_descriptor *got) {
    struct m_hold *h = &c->model->process[p].hold[hold];

    if (got->cap == 0 || model_find_hold(c->model, p, got->cap) >= 0)
        return is_wrong(c, "a received capability has no id of its own");
    if (got->scope != h->scope)
        return is_wrong(c, "a capability's scope has changed");
    if (got->interface != c->model->object[h->object].interface)
        return is_wrong(c, "a capability's interface has changed");
    h->cap = got->cap;
    return true;
}

static bool compare_caps(struct compare *c, int p, const struct m_event *event,
                         const uint8_t *piece) {
    const struct capos_descriptor *got =
        (const struct capos_descriptor *)(const void *)(piece + DESCRIPTORS);

    got += event->is_message ? 0 : event->sqe.sent;
    for (int i = 0; i < event->caps; i++) {
        if (got[i].kind != event->kind[i])
            return is_wrong(c, "a received descriptor's kind");
        if (event->kind[i] == CAPOS_TRANSFER_COPY) {
            // It may have gone on with a later operation before it was seen.
            const struct m_hold *hold = &c->model->process[p].hold[event->hold[i]];

            if (hold->object >= 0 && hold->serial == event->hold_serial[i] &&
                !learn_cap(c, p, event->hold[i], &got[i]))
                return false;
        } else if (got[i].cap != 0 || got[i].object_id != event->own[i]) {
            return is_wrong(c, "a facet that came home");
        }
    }
    return true;
}

static bool compare_released(struct compare *c, const uint64_t *ids, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (!model_told(c->model, ids[i]))
            return is_wrong(c, "an id is told out of turn");
    return true;
}

static bool compare_session(struct compare *c, int p, const struct m_event *event,
                            const struct capos_message *got) {
    const struct m_token *token = &c->model->process[p].token[event->token];
    uint64_t *known = c->reference[c->model->object[token->receiver].endpoint];

    if (!token->used || token->cancelled)
        return true;
    if (known[0] == 0)
        memcpy(known, got->session, sizeof got->session);
    return memcmp(known, got->session, sizeof got->session) == 0
               ? true
               : is_wrong(c, "a session's reference has changed");
}

static bool compare_message(struct compare *c, int p, const struct m_event *event,
                            const uint8_t *piece) {
    const struct capos_message *got = (const struct capos_message *)(const void *)(piece + RESULTS);
    const struct capos_message *want = &event->message;
    const uint64_t *params = (const uint64_t *)(const void *)(got + 1);

    c->messages++;
    if (got->kind != want->kind || got->params_words != want->params_words)
        return is_wrong(c, "a message's kind");
    if (want->kind == CAPOS_MESSAGE_RELEASED)
        return compare_released(c, params, got->params_words);
    if (want->kind == CAPOS_MESSAGE_CANCELLED)
        return want->token == 0 || got->token == want->token
                   ? true
                   : is_wrong(c, "a cancelled call's token");
    if (got->object_id != want->object_id || got->interface != want->interface ||
        got->method != want->method || got->caps != want->caps || got->room != want->room ||
        got->results_capacity != want->results_capacity ||
        got->facet_interface != want->facet_interface)
        return is_wrong(c, "a message's header");
    if (got->params_words != 0 && params[0] != event->word)
        return is_wrong(c, "a message's params");
    c->model->process[p].token[event->token].id = got->token;
    return compare_session(c, p, event, got) && compare_caps(c, p, event, piece);
}

static bool compare_event(struct compare *c, int p, const struct m_event *event,
                          const struct mailbox_event *box) {
    const struct capos_cqe *cqe = &box->cqe;
    const uint64_t *results = (const uint64_t *)(const void *)(box->piece + RESULTS);

    c->got = *cqe;
    c->expected = event->result;
    figures_opcode(event->sqe.opcode, event->sqe.flags, event->result >= 0);
    if (cqe->result != event->result)
        return is_wrong(c, "a completion's result");
    if (cqe->flags != event->flags || cqe->caps != event->caps || cqe->slot != event->slot)
        return is_wrong(c, "a completion's flags, capabilities or slot");
    if (event->is_message && event->result > 0)
        return compare_message(c, p, event, box->piece);
    if (event->sqe.opcode == CAPOS_OP_CALL && event->result > 0 && event->word != 0 &&
        results[0] != event->word)
        return is_wrong(c, "a call's results");
    return compare_caps(c, p, event, box->piece);
}

static bool take_event(struct compare *c, int p, const struct mailbox_event *box) {
    struct m_process *process = &c->model->process[p];
    int i;

    c->got = box->cqe;
    for (i = 0; i < process->event_count; i++)
        if (process->event[i].user_data == box->cqe.user_data)
            break;
    if (i == process->event_count)
        return is_wrong(c, "a completion too many");
    if (!compare_event(c, p, &process->event[i], box))
        return false;
    process->event_count--;
    memmove(&process->event[i], &process->event[i + 1],
            sizeof(process->event[0]) * (size_t)(process->event_count - i));
    return true;
}

bool compare_events(struct compare *compare, int process, const struct mailbox *box) {
    for (uint32_t i = 0; i < box->events && i < MAILBOX_EVENTS; i++)
        if (!take_event(compare, process, &box->event[i]))
            return false;
    if (compare->model->process[process].event_count == 0)
        return true;
    compare->expected = compare->model->process[process].event[0].result;
    return is_wrong(compare, "a completion is missing");
}
