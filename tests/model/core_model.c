// SPDX-License-Identifier: MIT
//
// Random operations of several processes, on a kernel and on the reference model, which must agree
// on every completion, on what is in every message, and on who holds what, after each of them.
// After each the kernel is audited. What is refused must have left the kernel's digest as it was,
// also when the injector made it fail. HARNESS_SEED and MODEL_STEPS (operations) in the environment
// choose the run; with MODEL_AUDIT=N, for long ones, only every N-th step is audited and digested.
#include "tests/model/model.h"
#include "tests/model/operations.h"

#include "core/audit.h"
#include "core/captable.h"
#include "core/debug.h"
#include "core/revoke.h"
#include "tests/harness.h"
#include "tests/host/host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 100000, PATIENCE = 1000 };

static const struct object_type model_revoker_type = {.name = "Revoker",
                                                      .interface = 1,
                                                      .size = sizeof(struct revoker),
                                                      .kind = OBJECT_KERNEL,
                                                      .close = revoker_close};

static const struct object_type plain_type = {
    .name = "plain", .size = sizeof(struct object), .kind = OBJECT_KERNEL};

struct driver {
    struct host *host;
    struct cpu *cpu;
    struct actor actor[PROCESSES];
    struct endpoint *endpoint[ENDPOINTS];
    uint64_t reference[ENDPOINTS][3][2]; // by session: what a server has been told
    struct model model;
    struct operations operations;
    unsigned long step, trace; // operations from that step on are printed
    unsigned long audit_every; // so many steps are audited once
    uint64_t digest;           // before anything was made
    uint64_t counts[16];       // what happened, by status of the operation's own completion
    uint64_t operated, injected, kills, messages, copies, revocations;
    struct revoker *revoker[REVOKERS]; // with a reference, while the model's is held
};

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

// What the model has when kernel and model do not agree.
static void tell_state(const struct driver *d) {
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

#define CHECK(condition, ...)                       \
    do {                                            \
        if (!(condition)) {                         \
            fprintf(stderr, "step %lu: ", d->step); \
            fprintf(stderr, __VA_ARGS__);           \
            fprintf(stderr, "\n");                  \
            tell_state(d);                          \
            ck_abort_msg("%s", #condition);         \
        }                                           \
    } while (0)

static uint64_t below(struct driver *d, uint64_t limit) {
    return operations_below(&d->operations, limit);
}

static bool chance(struct driver *d, unsigned percent) {
    return operations_chance(&d->operations, percent);
}

// Making things --------------------------------------------------------------------------------

static const struct ledger_limits limits = {{
    [LEDGER_SLOTS] = HOLDS,
    [LEDGER_FRAMES] = 64,
    [LEDGER_RESERVED_PAGES] = 1024,
    [LEDGER_THREADS] = 1,
    [LEDGER_FACETS] = 4096,
    [LEDGER_CALLS_HELD] = TOKENS,
    [LEDGER_KERNEL_MEMORY] = 512 << 10,
}};

static void start_process(struct driver *d, int p) {
    uint64_t session = 1 + below(d, 2);

    CHECK(actor_try(d->host, "p", session, &limits, ring_standard, &d->actor[p]) == CAPOS_STATUS_OK,
          "process %d does not start", p);
    model_start(&d->model, p, session);
}

static void grant(struct driver *d, int p, struct object *object, int number, uint64_t interface,
                  uint8_t scope) {
    uint64_t cap = actor_grant(&d->actor[p], object, interface, scope);

    d->model.object[number].real = object;
    model_grant(&d->model, p, number, cap, scope);
}

static bool has_room(const struct driver *d, int p) {
    return model_used(&d->model, p) + model_reserved(&d->model, p) < HOLDS;
}

// A new Receiver, root facet or plain object for somebody, as a supervisor would give.
static void supply(struct driver *d) {
    int p = (int)below(d, PROCESSES), e = (int)below(d, ENDPOINTS), number;
    uint8_t scope = (uint8_t)below(d, CAPOS_SCOPES);
    struct receiver *receiver;
    struct object *object;
    struct facet *facet;
    uint64_t id;

    if (!has_room(d, p))
        return;
    kernel_enter(d->cpu);
    if (d->model.endpoint[e].receiver < 0) {
        ck_assert_int_eq(
            endpoint_create_receiver(d->cpu, d->endpoint[e], &d->host->kernel.root, &receiver),
            CAPOS_STATUS_OK);
        number = model_object(&d->model, RECEIVER, e, 0);
        d->model.object[number].interface = RECEIVER_INTERFACE;
        grant(d, p, &receiver->object, number, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY);
    } else if (chance(d, 70)) {
        ck_assert_int_eq(
            endpoint_create_receiver(d->cpu, d->endpoint[e], &d->host->kernel.root, &receiver),
            CAPOS_STATUS_BUSY);
        id = operations_id(&d->operations);
        number = model_object(&d->model, FACET, e, id);
        d->model.object[number].interface = INTERFACE;
        ck_assert_int_eq(endpoint_create_facet(d->cpu, d->endpoint[e], &d->host->kernel.root,
                                               INTERFACE, id, scope, &facet),
                         CAPOS_STATUS_OK);
        grant(d, p, &facet->object, number, INTERFACE, scope);
    } else {
        ck_assert_int_eq(object_create(d->cpu, &plain_type, &d->host->kernel.root, &object),
                         CAPOS_STATUS_OK);
        number = model_object(&d->model, PLAIN, 0, 0);
        d->model.object[number].interface = 9;
        grant(d, p, object, number, 9, scope);
    }
    kernel_leave(d->cpu);
}

static void trace(const struct driver *d, int p, const struct operation *operation) {
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

static void trace_word(const struct driver *d, int p, const char *word) {
    if (d->step >= d->trace)
        fprintf(stderr, "%lu: process %d: %s\n", d->step, p, word);
}

// Comparing --------------------------------------------------------------------------------------

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

static void check_session(struct driver *d, const struct m_event *event, int p,
                          const struct capos_message *got) {
    const struct m_token *token = &d->model.process[p].token[event->token];
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

static void check_message(struct driver *d, int p, const struct m_event *event) {
    const struct capos_message *got =
        actor_at(&d->actor[p], operations_piece(event->slot, RESULTS));
    const struct capos_message *want = &event->message;
    const uint64_t *params = (const uint64_t *)(const void *)(got + 1);

    d->messages++;
    CHECK(got->kind == want->kind && got->params_words == want->params_words, "a message's kind");
    if (want->kind == CAPOS_MESSAGE_RELEASED) {
        check_released(d, params, got->params_words);
        return;
    }
    if (want->kind == CAPOS_MESSAGE_CANCELLED) {
        CHECK(want->token == 0 || got->token == want->token, "a cancelled call's token");
        return;
    }
    CHECK(got->object_id == want->object_id && got->interface == want->interface &&
              got->method == want->method && got->caps == want->caps && got->room == want->room &&
              got->session_epoch == want->session_epoch &&
              got->results_capacity == want->results_capacity &&
              got->facet_interface == want->facet_interface,
          "a message's header");
    CHECK(got->params_words == 0 || params[0] == event->word, "a message's params");
    check_session(d, event, p, got);
    d->model.process[p].token[event->token].id = got->token;
    check_caps(d, p, event);
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

// Reads all completions of a process that has just been in cap_enter: those that the model has for
// it, each once.
static void check_events(struct driver *d, int p) {
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

static void check_process(struct driver *d, int p) {
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

static void check_endpoint(struct driver *d, int n) {
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

static void poll(struct driver *d, int p) {
    uint64_t result;

    model_enter(&d->model, p, NULL, NULL, 0);
    CHECK(actor_enter(&d->actor[p], 0, 0, 0, &result), "process %d waits", p);
    check_events(d, p);
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
        trace_word(d, p, "runs again");
        actor_run(&d->actor[p], d->cpu);
        model_resume(&d->model, p);
        poll(d, p);
        ran = true;
    }
    return ran;
}

static void run_woken(struct driver *d) {
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
        run_woken(d);
        poll(d, p);
        run_woken(d);
    } while (d->model.process[p].event_count > 0 || d->model.process[p].due_count > 0 ||
             queued(d) != before);
    host_settle(d->host);
}

static bool is_audited(const struct driver *d) {
    return d->step % d->audit_every == 0;
}

static void check_all(struct driver *d) {
    const char *broken;

    run_woken(d);
    host_settle(d->host);
    broken = is_audited(d) ? audit(d->cpu) : NULL;
    CHECK(broken == NULL, "audit: %s", broken);
    for (int p = 0; p < PROCESSES; p++)
        check_process(d, p);
    for (int n = 0; n < ENDPOINTS; n++)
        check_endpoint(d, n);
}

// Operations --------------------------------------------------------------------------------------

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

static void operate(struct driver *d, int p) {
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
    inject = chance(d, 40) && can_fail(d, p, sqe);
    waiting_calls = queued(d);
    before = is_audited(d) ? audit_digest(d->cpu) : 0;
    trace(d, p, &operation);
    write_memory(d, p, &operation);
    *ring_user_next(&d->actor[p].ring) = *sqe;
    if (inject)
        debug_fail_nth(&d->host->kernel, 1 + below(d, 4));
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
    check_events(d, p);
    check_all(d);
    if (refused && is_audited(d))
        CHECK(audit_digest(d->cpu) == before, "refused (%d), but not without a trace", status);
}

static void wait(struct driver *d, int p) {
    int waiting = 0;
    uint64_t result;

    for (int i = 0; i < PROCESSES; i++)
        waiting += d->model.process[i].waiting;
    if (waiting >= PROCESSES - 2 || !model_is_busy(&d->model, p))
        return;
    poll_all(d, p);
    if (!model_is_busy(&d->model, p))
        return;
    trace_word(d, p, "waits");
    CHECK(!actor_enter(&d->actor[p], 0, 1, d->host->now + PATIENCE, &result),
          "process %d does not wait", p);
    model_wait(&d->model, p);
    check_all(d);
}

// Nobody waits any longer.
static void time_out(struct driver *d) {
    d->host->now += PATIENCE;
    host_settle(d->host);
    for (int p = 0; p < PROCESSES; p++) {
        if (!d->model.process[p].waiting)
            continue;
        trace_word(d, p, "has waited too long");
        CHECK(d->actor[p].thread->state == THREAD_READY, "process %d still waits", p);
        actor_run(&d->actor[p], d->cpu);
        model_resume(&d->model, p);
        poll(d, p);
    }
    check_all(d);
}

// While a process dies others that it wakes may run or not, as it happens. So that what they get
// does not depend on it, those who wait may wait for one thing only, and be told of one facet: what
// a process had goes in several steps.
static bool can_kill(const struct driver *d, int p) {
    for (int i = 0; i < PROCESSES; i++) {
        const struct m_process *process = &d->model.process[i];
        int calls = 0;

        for (int slot = 0; slot < SLOTS; slot++)
            calls += process->call[slot].state == QUEUED || process->call[slot].state == DELIVERED;
        if (i != p && process->waiting &&
            (process->armed_count > (calls == 0) ||
             (process->armed_count > 0 && model_facets_ending(&d->model, p, i) > 1)))
            return false;
    }
    return true;
}

static void kill_one(struct driver *d, int p) {
    if (chance(d, 30) || !can_kill(d, p))
        time_out(d);
    trace_word(d, p, "is killed");
    actor_destroy(&d->actor[p]);
    model_kill(&d->model, p);
    d->kills++;
    start_process(d, p);
    check_all(d);
}

// A revocable copy of what somebody holds, for the same process, as a RevokerFactory makes them.
static void copy_one(struct driver *d) {
    int p = (int)below(d, PROCESSES), first = (int)below(d, HOLDS), from = -1, number;
    struct m_process *process = &d->model.process[p];
    struct captable_view view;
    enum capos_status status;
    struct revoker *revoker;
    uint64_t cap;

    for (int i = 0; i < HOLDS && from < 0; i++) {
        const struct m_hold *hold = &process->hold[(first + i) % HOLDS];

        if (hold->object >= 0 && hold->cap != 0 && d->model.object[hold->object].kind != RECEIVER)
            from = (first + i) % HOLDS;
    }
    if (from < 0 || !has_room(d, p))
        return;
    kernel_enter(d->cpu);
    CHECK(captable_find(&d->actor[p].process->table, process->hold[from].cap, &view) ==
              CAPOS_STATUS_OK,
          "process %d has lost a capability", p);
    status = revoker_create(d->cpu, &model_revoker_type, &d->host->kernel.root, view.revoker, NULL,
                            &revoker);
    CHECK(status == (d->model.revoker[process->hold[from].revoker].depth == CAPOS_REVOKERS_DEEP
                         ? CAPOS_STATUS_BUSY
                     : model_is_dead(&d->model, process->hold[from].revoker)
                         ? CAPOS_STATUS_DISCONNECTED
                         : CAPOS_STATUS_OK),
          "a revoker: status %d", status);
    number = status == CAPOS_STATUS_OK ? model_revoker(&d->model, process->hold[from].revoker) : 0;
    if (status == CAPOS_STATUS_OK && number != 0) {
        object_get(view.object);
        view.revoker = revoker;
        revoker_get(revoker);
        ck_assert_int_eq(captable_insert(d->cpu, &d->actor[p].process->table, &view, &cap),
                         CAPOS_STATUS_OK);
        from = model_grant(&d->model, p, process->hold[from].object, cap, view.scope);
        process->hold[from].revoker = number;
        d->revoker[number] = revoker;
        d->copies++;
    } else if (status == CAPOS_STATUS_OK) {
        object_put(d->cpu, &revoker->object);
    }
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
}

static void drop_revoker(struct driver *d, int number) {
    kernel_enter(d->cpu);
    object_put(d->cpu, &d->revoker[number]->object);
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
    model_drop_revoker(&d->model, number);
}

// One of those that are held is revoked, or dropped, which changes nothing.
static void revoke_one(struct driver *d) {
    int number = 0, first = (int)below(d, REVOKERS);

    for (int i = 0; i < REVOKERS && number == 0; i++)
        if (d->model.revoker[(first + i) % REVOKERS].held)
            number = (first + i) % REVOKERS;
    if (number == 0)
        return;
    if (chance(d, 70)) {
        time_out(d);
        trace_word(d, number, "is a revoker, and revoked");
        kernel_enter(d->cpu);
        revoker_kill(d->cpu, d->revoker[number]);
        object_close_pending(d->cpu);
        kernel_leave(d->cpu);
        host_settle(d->host);
        CHECK(d->revoker[number]->state == REVOKER_OVER, "a revocation does not end");
        model_revoke(&d->model, number);
        d->revocations++;
    }
    drop_revoker(d, number);
    check_all(d);
}

static void step(struct driver *d) {
    int p = (int)below(d, PROCESSES);
    uint64_t kind = below(d, 1000);

    if (kind < 8) {
        kill_one(d, p);
    } else if (kind < 14) {
        revoke_one(d);
    } else if (kind < 40) {
        copy_one(d);
        check_all(d);
    } else if (kind < 140) {
        supply(d);
        check_all(d);
    } else if (kind < 170) {
        time_out(d);
    } else {
        if (kind >= 250)
            p = operations_process(&d->operations);
        while (d->model.process[p].waiting)
            p = (p + 1) % PROCESSES;
        if (kind < 250)
            wait(d, p);
        else
            operate(d, p);
    }
}

static void make_endpoints(struct driver *d) {
    kernel_enter(d->cpu);
    for (int i = 0; i < ENDPOINTS; i++)
        ck_assert_int_eq(endpoint_create(d->cpu, &host_endpoint_type, &d->host->kernel.root,
                                         (uint64_t)i + 1, &d->endpoint[i]),
                         CAPOS_STATUS_OK);
    kernel_leave(d->cpu);
}

static void finish(struct driver *d) {
    for (int p = 0; p < PROCESSES; p++) {
        actor_destroy(&d->actor[p]);
        model_kill(&d->model, p);
    }
    for (int i = 1; i < REVOKERS; i++)
        if (d->model.revoker[i].held)
            drop_revoker(d, i);
    kernel_enter(d->cpu);
    for (int i = 0; i < ENDPOINTS; i++)
        object_put(d->cpu, &d->endpoint[i]->object);
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
    host_settle(d->host);
    CHECK(audit(d->cpu) == NULL, "audit at the end: %s", audit(d->cpu));
    CHECK(audit_digest(d->cpu) == d->digest, "the digest is not as it was at the start");
    host_destroy(d->host);
}

// What a run must have met to be worth anything.
static void check_coverage(struct driver *d, unsigned long steps) {
    static const enum capos_status met[] = {
        CAPOS_STATUS_OK,           CAPOS_STATUS_REFUSED,       CAPOS_STATUS_BUSY,
        CAPOS_STATUS_TOO_BIG,      CAPOS_STATUS_NO_ROOM,       CAPOS_STATUS_OVERLOADED,
        CAPOS_STATUS_DISCONNECTED, CAPOS_STATUS_CANCELLED,     CAPOS_STATUS_SCOPE,
        CAPOS_STATUS_MALFORMED,    CAPOS_STATUS_SOURCE_FAILED,
    };

    printf("# %lu operations, %lu messages, %lu kills, %lu injected failures, %lu revocable "
           "copies, %lu "
           "revocations\n",
           steps, (unsigned long)d->messages, (unsigned long)d->kills, (unsigned long)d->injected,
           (unsigned long)d->copies, (unsigned long)d->revocations);
    if (steps >= STEPS)
        CHECK(d->copies > 500 && d->revocations > 100, "revocation was hardly met");
    for (unsigned i = 0; i < sizeof(met) / sizeof(met[0]); i++) {
        printf("# status %d: %lu\n", met[i], (unsigned long)d->counts[met[i]]);
        if (steps >= STEPS)
            CHECK(d->counts[met[i]] >= 20, "status %d was hardly met", met[i]);
    }
    fflush(stdout);
}

START_TEST(kernel_and_model_agree) {
    static struct driver storage;
    struct driver *d = &storage;
    const char *given = getenv("MODEL_STEPS");
    unsigned long steps = given == NULL ? STEPS : strtoul(given, NULL, 0);
    const char *from = getenv("MODEL_TRACE");
    const char *every = getenv("MODEL_AUDIT");

    struct harness_random random = harness_random_start();

    d->trace = from == NULL ? ULONG_MAX : strtoul(from, NULL, 0);
    d->audit_every = every == NULL ? 1 : strtoul(every, NULL, 0);
    d->host = host_create(1);
    d->cpu = &d->host->cpus[0];
    model_init(&d->model);
    operations_init(&d->operations, &d->model, harness_random_u64(&random));
    d->operations.waits = true;
    d->digest = audit_digest(d->cpu);
    make_endpoints(d);
    for (int p = 0; p < PROCESSES; p++)
        start_process(d, p);
    for (d->step = 0; d->operated < steps; d->step++)
        step(d);
    check_coverage(d, steps);
    finish(d);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: the model");

    harness_add(suite, "kernel and model agree", kernel_and_model_agree);
    return harness_run(suite);
}
