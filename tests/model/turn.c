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

static void resume(struct driver *d, int p) {
    driver_trace(d, p, "runs again");
    actor_run(&d->actor[p], d->cpu);
    model_resume(&d->model, p);
    poll(d, p);
}

// What is due to a thread runs as soon as the thread does, which may have been at once, when
// another one began to wait: it comes before what others get by it.
static void run_due(struct driver *d) {
    for (int p = 0; p < PROCESSES; p++)
        if (d->model.process[p].waiting && d->model.process[p].due_count > 0)
            resume(d, p);
}

// Runs those whose wait is over; whoever waits rightly must still do so. A woken thread may already
// have run while others died, so what has ended since waits for its next cap_enter.
static bool run_woken_once(struct driver *d) {
    bool ran = false;

    run_due(d);
    for (int p = 0; p < PROCESSES; p++) {
        const struct m_process *process = &d->model.process[p];

        if (!process->waiting)
            continue;
        CHECK((d->actor[p].thread->state == THREAD_WAITING) != model_may_go_on(&d->model, p),
              "process %d waits with %d completions", p, process->event_count);
        if (!model_may_go_on(&d->model, p))
            continue;
        resume(d, p);
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

// Waiting -----------------------------------------------------------------------------------------

static bool may_wait(const struct driver *d) {
    int waiting = 0;

    for (int i = 0; i < PROCESSES; i++)
        waiting += d->model.process[i].waiting;
    return waiting < PROCESSES - 1;
}

// Who waits for one slot is not woken for what waits for another one: it runs no more than that.
static bool may_wait_for_slot(const struct driver *d, int p) {
    for (int i = 0; i < SLOTS; i++)
        if (d->model.process[p].call[i].state == WAITING ||
            d->model.process[p].call[i].state == DUE)
            return false;
    return true;
}

// What cap_enter is asked to wait for, without a deadline, with an SQE: 0, nothing.
static uint32_t some_wait(struct driver *d, int p, const struct capos_sqe *sqe) {
    if (!may_wait(d) || !driver_chance(d, d->operations.calm ? 70 : 10))
        return 0;
    if ((sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_PARK) &&
        (sqe->flags & (CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK)) == 0 && may_wait_for_slot(d, p) &&
        driver_chance(d, 60))
        return CAPOS_WAIT_SLOT | sqe->slot;
    return 1;
}

static int slot_of(uint32_t wait) {
    return (wait & CAPOS_WAIT_SLOT) != 0 ? (int)(wait & ~CAPOS_WAIT_SLOT) : -1;
}

// A slot in use, or 1: any completion.
static uint32_t something_to_wait_for(struct driver *d, int p) {
    int first = (int)driver_below(d, SLOTS);

    for (int i = 0; i < SLOTS && may_wait_for_slot(d, p) && driver_chance(d, 90); i++) {
        enum m_state state = d->model.process[p].call[(first + i) % SLOTS].state;

        if (state == QUEUED || state == DELIVERED || state == PARKED)
            return CAPOS_WAIT_SLOT | (uint32_t)((first + i) % SLOTS);
    }
    return 1;
}

void turn_wait(struct driver *d, int p) {
    uint64_t result;
    uint32_t wait;

    if (!may_wait(d) || !model_is_busy(&d->model, p))
        return;
    poll_all(d, p);
    if (!model_is_busy(&d->model, p))
        return;
    wait = driver_chance(d, 30) ? something_to_wait_for(d, p) : 1;
    driver_trace(d, p, wait == 1 ? "waits" : "waits for a slot");
    CHECK(!actor_enter(&d->actor[p], 0, wait,
                       driver_chance(d, 30) ? d->host->now + PATIENCE : CAPOS_NO_DEADLINE, &result),
          "process %d does not wait", p);
    model_wait_for(&d->model, p, slot_of(wait));
    turn_check_all(d);
}

// Ends a wait that has no deadline as if it had one.
static void set_deadline(struct driver *d, struct thread *thread) {
    if (!timer_is_idle(&thread->deadline))
        return;
    kernel_enter(d->cpu);
    timer_arm(d->cpu, &thread->deadline, d->host->now + PATIENCE);
    kernel_leave(d->cpu);
}

void turn_time_out(struct driver *d) {
    for (int p = 0; p < PROCESSES; p++)
        if (d->model.process[p].waiting)
            set_deadline(d, d->actor[p].thread);
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

// Operations --------------------------------------------------------------------------------------

static void count_direct(struct driver *d, uint64_t passes, enum capos_opcode last) {
    passes = d->cpu->counters.passes - passes;
    if (last == CAPOS_OP_CALL)
        d->direct_calls += passes;
    else if (last == CAPOS_OP_RETURN)
        d->direct_returns += passes;
    else if (last == CAPOS_OP_PARK)
        d->direct_parks += passes;
    else
        CHECK(passes == 0, "opcode %d has a direct way", last);
}

// cap_enter with one SQE: does the process wait now?
static bool enter(struct driver *d, int p, const struct operation *operation, uint32_t wait) {
    uint64_t passes = d->cpu->counters.passes, result;
    bool waits;

    *ring_user_next(&d->actor[p].ring) = operation->sqe;
    waits = !actor_enter(&d->actor[p], 1, wait, wait == 0 ? 0 : CAPOS_NO_DEADLINE, &result);
    CHECK(result == 1, "cap_enter: %lx", (unsigned long)result);
    count_direct(d, passes, operation->sqe.opcode);
    return waits;
}

// The same in the model.
static void enter_model(struct driver *d, int p, const struct operation *operation, uint32_t wait) {
    const struct capos_sqe *sqe = &operation->sqe;

    if (wait == 0)
        model_enter(&d->model, p, sqe, operation->sent, operation->word);
    else
        model_enter_to_wait(&d->model, p, sqe, operation->sent, operation->word, slot_of(wait));
}

// Looks at what there is if the wait is over. Who was told of something after another one had gone
// on in its place has not run yet.
static void look_at_end(struct driver *d, int p) {
    if (d->model.process[p].waiting)
        return;
    actor_run(&d->actor[p], d->cpu);
    compare_events(d, p);
}

static bool enter_injected(struct driver *d, int p, const struct operation *operation) {
    bool waits, failed;

    debug_fail_nth(&d->host->kernel, 1 + driver_below(d, 4));
    waits = enter(d, p, operation, 0);
    failed = debug_failed(&d->host->kernel);
    debug_fail_nth(&d->host->kernel, 0);
    if (failed)
        expect_injected(d, p, &operation->sqe);
    else
        enter_model(d, p, operation, 0);
    return waits;
}

static void operate(struct driver *d, int p, const struct operation *operation) {
    const struct capos_sqe *sqe = &operation->sqe;
    bool inject = driver_chance(d, 75) && can_fail(d, p, sqe), waits;
    uint64_t before = driver_is_audited(d) ? audit_digest(d->cpu) : 0;
    uint32_t wait = inject ? 0 : some_wait(d, p, sqe);
    enum capos_status status = CAPOS_STATUS_OK;
    int waiting_calls = queued(d);
    bool refused;

    driver_trace_operation(d, p, operation);
    if (wait != 0)
        driver_trace(d, p, wait == 1 ? "waits with it" : "waits for it");
    write_memory(d, p, operation);
    if (inject) {
        waits = enter_injected(d, p, operation);
    } else {
        waits = enter(d, p, operation, wait);
        enter_model(d, p, operation, wait);
    }
    CHECK(!waits || d->model.process[p].waiting, "process %d waits", p);
    waits = d->model.process[p].waiting; // it may have had to, and have been woken by who went on
    // The same cap_enter may let an armed RECV of the process's own have a call that others had
    // queued.
    refused = queued(d) == waiting_calls && was_refused(&d->model.process[p], sqe, &status);
    d->counts[status & 15]++;
    d->operated++;
    look_at_end(d, p);
    turn_check_all(d);
    if (refused && !waits && driver_is_audited(d))
        CHECK(audit_digest(d->cpu) == before, "refused (%d), but not without a trace", status);
}

void turn_operate(struct driver *d, int p) {
    struct operation operation;

    poll_all(d, p);
    for (int tries = 0; !operations_make(&d->operations, p, &operation); tries++)
        if (tries == 20)
            return;
    operate(d, p, &operation);
}

void turn_hand_over(struct driver *d, int p) {
    uint64_t passes = d->cpu->counters.passes, result;
    struct operation unpark, park;
    uint32_t wait;
    bool waits;

    poll_all(d, p);
    if (!may_wait(d))
        return;
    operations_hand_over(&d->operations, p, &unpark, &park);
    wait = may_wait_for_slot(d, p) && driver_chance(d, 50) ? CAPOS_WAIT_SLOT | park.sqe.slot : 1;
    driver_trace_operation(d, p, &unpark);
    driver_trace_operation(d, p, &park);
    driver_trace(d, p, wait == 1 ? "waits with it" : "waits for it");
    *ring_user_next(&d->actor[p].ring) = unpark.sqe;
    *ring_user_next(&d->actor[p].ring) = park.sqe;
    waits = !actor_enter(&d->actor[p], 2, wait, CAPOS_NO_DEADLINE, &result);
    CHECK(result == 2, "cap_enter: %lx", (unsigned long)result);
    count_direct(d, passes, CAPOS_OP_PARK);
    model_hand_over(&d->model, p, &unpark.sqe, &park.sqe, slot_of(wait));
    CHECK(!waits || d->model.process[p].waiting, "process %d waits", p);
    d->operated += 2;
    look_at_end(d, p);
    turn_check_all(d);
}
