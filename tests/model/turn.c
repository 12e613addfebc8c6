// SPDX-License-Identifier: MIT
//
// Processes submit, wait and go on: see turn.h.
#include "tests/model/turn.h"

#include "core/audit.h"
#include "core/debug.h"
#include "tests/model/compare.h"

#include <string.h>

enum { PATIENCE = 1000 };

static void poll(struct driver *d, int p) {
    uint64_t result;

    model_enter(&d->model, p, NULL, NULL, 0);
    CHECK(actor_enter(&d->actor[p], 0, 0, 0, &result), "process %d waits", p);
    compare_events(d, p);
}

// Runs those whose wait is over; whoever waits rightly must still do so. A woken thread may already
// have run while others died, so what has ended since waits for its next cap_enter.
static bool run_woken_once(struct driver *d) {
    bool ran = false;

    for (int p = 0; p < PROCESSES; p++) {
        struct m_process *process = &d->model.process[p];

        if (!process->waiting)
            continue;
        CHECK((d->actor[p].thread->state == THREAD_WAITING) ==
                  (process->event_count + process->due_count == 0),
              "process %d waits with %d completions", p, process->event_count);
        if (process->event_count + process->due_count == 0)
            continue;
        driver_trace(d, p, "runs again");
        actor_run(&d->actor[p], d->cpu);
        model_resume(&d->model, p);
        poll(d, p);
        ran = true;
    }
    return ran;
}

void turn_run_woken(struct driver *d) {
    while (run_woken_once(d))
        continue;
}

static int queued(const struct driver *d) {
    int n = 0;

    for (int i = 0; i < ENDPOINTS; i++)
        n += d->model.endpoint[i].queue_count;
    return n;
}

// Until nothing more happens without an operation. One look need not be enough: a call for which
// the server has no token may be too large for the next of its RECVs, and the one behind it comes
// first then.
static void poll_all(struct driver *d, int p) {
    int before;

    do {
        before = queued(d);
        turn_run_woken(d);
        poll(d, p);
        turn_run_woken(d);
    } while (d->model.process[p].event_count > 0 || d->model.process[p].due_count > 0 ||
             queued(d) != before);
    host_settle(d->host);
}

void turn_check_all(struct driver *d) {
    const char *broken;

    turn_run_woken(d);
    host_settle(d->host);
    broken = driver_is_audited(d) ? audit(d->cpu) : NULL;
    CHECK(broken == NULL, "audit: %s", broken);
    for (int p = 0; p < PROCESSES; p++)
        compare_process(d, p);
    for (int n = 0; n < ENDPOINTS; n++)
        compare_endpoint(d, n);
}

// Did the operation itself end with an error, so that nothing else may have changed? A RETURN whose
// caller is gone frees its token.
static bool was_refused(const struct m_process *process, const struct capos_sqe *sqe,
                        enum capos_status *status) {
    for (int i = 0; i < process->event_count; i++)
        if (process->event[i].user_data == sqe->user_data && process->event[i].result < 0) {
            *status = (enum capos_status) - process->event[i].result;
            return *status != CAPOS_STATUS_CANCELLED;
        }
    return false;
}

static void expect_injected(struct driver *d, int p, const struct capos_sqe *sqe) {
    struct m_process *process = &d->model.process[p];
    struct m_event *event = &process->event[process->event_count++];

    model_refuse(&d->model, p, sqe);
    memset(event, 0, sizeof(*event));
    event->user_data = sqe->user_data;
    event->result = -CAPOS_STATUS_OVERLOADED;
    event->sqe = *sqe;
    event->slot = sqe->opcode == CAPOS_OP_RETURN ? 0 : sqe->slot;
    d->injected++;
}

static void write_memory(struct driver *d, int p, const struct operation *operation) {
    int at = operation->piece;

    if (at < 0)
        return;
    memcpy(actor_at(&d->actor[p], operations_piece(at, DESCRIPTORS)), operation->sent,
           operation->sqe.sent * sizeof(operation->sent[0]));
    memcpy(actor_at(&d->actor[p], operations_piece(at, PARAMS)), &operation->word,
           sizeof(operation->word));
}

// Where slots are short, what held calls keep for REARMs is given up when taking some fails, also
// when it was the injector that made it fail.
static bool can_fail(const struct driver *d, int p, const struct capos_sqe *sqe) {
    return model_used(&d->model, p) + model_reserved(&d->model, p) + SENT <= HOLDS &&
           model_is_quiet(&d->model, p, sqe);
}

void turn_operate(struct driver *d, int p) {
    enum capos_status status = CAPOS_STATUS_OK;
    const struct capos_sqe *sqe;
    struct operation operation;
    uint64_t before, result;
    int waiting_calls;
    bool refused, inject;

    poll_all(d, p);
    for (int tries = 0; !operations_make(&d->operations, p, &operation); tries++)
        if (tries == 20)
            return;
    sqe = &operation.sqe;
    inject = driver_chance(d, 40) && can_fail(d, p, sqe);
    waiting_calls = queued(d);
    before = driver_is_audited(d) ? audit_digest(d->cpu) : 0;
    driver_trace_operation(d, p, &operation);
    write_memory(d, p, &operation);
    *ring_user_next(&d->actor[p].ring) = *sqe;
    if (inject)
        debug_fail_nth(&d->host->kernel, 1 + driver_below(d, 4));
    CHECK(actor_enter(&d->actor[p], 1, 0, 0, &result), "process %d waits", p);
    CHECK(result == 1, "cap_enter: %lx", (unsigned long)result);
    inject = inject && debug_failed(&d->host->kernel);
    debug_fail_nth(&d->host->kernel, 0);
    if (inject)
        expect_injected(d, p, sqe);
    else
        model_enter(&d->model, p, sqe, operation.sent, operation.word);
    // The same cap_enter may let an armed RECV of the process's own have a call that others had
    // queued.
    refused = queued(d) == waiting_calls && was_refused(&d->model.process[p], sqe, &status);
    d->counts[status & 15]++;
    d->operated++;
    compare_events(d, p);
    turn_check_all(d);
    if (refused && driver_is_audited(d))
        CHECK(audit_digest(d->cpu) == before, "refused (%d), but not without a trace", status);
}

void turn_wait(struct driver *d, int p) {
    int waiting = 0;
    uint64_t result;

    for (int i = 0; i < PROCESSES; i++)
        waiting += d->model.process[i].waiting;
    if (waiting >= PROCESSES - 2 || !model_is_busy(&d->model, p))
        return;
    poll_all(d, p);
    if (!model_is_busy(&d->model, p))
        return;
    driver_trace(d, p, "waits");
    CHECK(!actor_enter(&d->actor[p], 0, 1, d->host->now + PATIENCE, &result),
          "process %d does not wait", p);
    model_wait(&d->model, p);
    turn_check_all(d);
}

// Nobody waits any longer.
void turn_time_out(struct driver *d) {
    d->host->now += PATIENCE;
    host_settle(d->host);
    for (int p = 0; p < PROCESSES; p++) {
        if (!d->model.process[p].waiting)
            continue;
        driver_trace(d, p, "has waited too long");
        CHECK(d->actor[p].thread->state == THREAD_READY, "process %d still waits", p);
        actor_run(&d->actor[p], d->cpu);
        model_resume(&d->model, p);
        poll(d, p);
    }
    turn_check_all(d);
}
