// SPDX-License-Identifier: MIT
//
// What is printed of a run: see driver.h.
#include "tests/model/driver.h"

static void tell_process(const struct m_process *process) {
    for (int i = 0; i < SLOTS; i++)
        if (process->call[i].state != IDLE)
            fprintf(stderr, " %d: state %d, opcode %d, room %d;", i, process->call[i].state,
                    process->call[i].sqe.opcode, process->call[i].sqe.room);
    for (int i = 0; i < TOKENS; i++)
        if (process->token[i].used)
            fprintf(stderr, " token %lx of process %d, slot %d, keeps %d%s;",
                    (unsigned long)process->token[i].id, process->token[i].caller,
                    process->token[i].slot, process->token[i].kept,
                    process->token[i].cancelled ? ", cancelled" : "");
}

void driver_tell(const struct driver *d) {
    for (int e = 0; e < ENDPOINTS; e++)
        fprintf(stderr, "endpoint %d: server %d, %d queued, %d released, %d cancelled\n", e,
                d->model.endpoint[e].server, d->model.endpoint[e].queue_count,
                d->model.endpoint[e].released_count, d->model.endpoint[e].cancelled_count);
    for (int p = 0; p < PROCESSES; p++) {
        fprintf(stderr, "process %d holds %d:", p, model_used(&d->model, p));
        tell_process(&d->model.process[p]);
        fprintf(stderr, "\n");
    }
}

void driver_trace_operation(const struct driver *d, int p, const struct operation *operation) {
    const struct capos_sqe *sqe = &operation->sqe;

    if (d->step < d->trace)
        return;
    fprintf(
        stderr,
        "%lu: process %d: %lu: opcode %d, flags %d, slot %d, source %d, cap %lx, sent %d, room %d:",
        d->step, p, (unsigned long)sqe->user_data, sqe->opcode, sqe->flags, sqe->slot, sqe->source,
        (unsigned long)sqe->cap, sqe->sent, sqe->room);
    for (int i = 0; i < sqe->sent; i++)
        fprintf(stderr, " %d:%lx", operation->sent[i].kind, (unsigned long)operation->sent[i].cap);
    fprintf(stderr, "\n");
}

void driver_trace(const struct driver *d, int p, const char *word) {
    if (d->step >= d->trace)
        fprintf(stderr, "%lu: process %d: %s\n", d->step, p, word);
}
