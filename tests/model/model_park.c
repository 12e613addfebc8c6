// SPDX-License-Identifier: MIT
//
// The reference model's PARK and UNPARK: see model_parts.h. Which words there are, and what is in
// them, is the driver's; a word is a number, and one that is private is another one in each
// process.
#include "tests/model/model_parts.h"

enum capos_status model_run_park(struct model *model, int process, const struct capos_sqe *sqe) {
    struct m_call *call = &model->process[process].call[sqe->slot];
    struct m_word word;

    if (call->state != IDLE)
        return CAPOS_STATUS_BUSY;
    word = model->word(process, sqe);
    if (word.status != CAPOS_STATUS_OK)
        return word.status;
    if (word.value != sqe->params)
        return CAPOS_STATUS_CHANGED;
    if (sqe->deadline != CAPOS_NO_DEADLINE)
        return CAPOS_STATUS_TIMED_OUT; // all deadlines are past
    model_name_slot(model, process, sqe, -1, PARKED);
    call->word = word.number;
    call->revoker = word.revoker;
    return CAPOS_STATUS_OK;
}

// The one that has been parked on a word for longest; false: nobody is.
static bool find_parked(const struct model *model, uint64_t word, int *process, int *slot) {
    uint64_t oldest = UINT64_MAX;

    for (int p = 0; p < PROCESSES; p++)
        for (int i = 0; i < SLOTS && model->process[p].alive; i++) {
            const struct m_call *call = &model->process[p].call[i];

            if (call->state != PARKED || call->word != word || call->serial >= oldest)
                continue;
            oldest = call->serial;
            *process = p;
            *slot = i;
        }
    return oldest != UINT64_MAX;
}

enum capos_status model_run_unpark(struct model *model, int process, const struct capos_sqe *sqe,
                                   uint32_t *woken) {
    struct m_word word = model->word(process, sqe);
    int other, slot;

    *woken = 0;
    if (word.status != CAPOS_STATUS_OK)
        return word.status;
    while (*woken < sqe->params && find_parked(model, word.number, &other, &slot)) {
        model_end(model, other, slot, 0, 0);
        ++*woken;
    }
    return CAPOS_STATUS_OK;
}

// Does anything of another process wait for an operation that is parked on the word?
bool model_park_is_awaited(const struct model *model, int process, const struct capos_sqe *sqe) {
    for (int p = 0; p < PROCESSES; p++)
        for (int i = 0; i < SLOTS && p != process && model->process[p].alive; i++)
            for (int k = 0; k < SLOTS; k++)
                if (model->process[p].call[i].state == PARKED &&
                    model->process[p].call[k].state == WAITING &&
                    model->process[p].call[k].sqe.source == i)
                    return sqe->params > 0;
    return false;
}
