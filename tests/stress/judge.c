// SPDX-License-Identifier: MIT
//
// judge: leads a handful of puppets through random operations, and compares what they tell with the
// model after each. Its seed and the number of operations are grants' names, `seed=N` and
// `steps=N`, since a program has no arguments. Ends with status 0 when kernel and model agree to
// the end.
#include "base/format.h"
#include "base/memory.h"
#include "base/text.h"
#include "schemas/endpoint.capos.h"
#include "schemas/time.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"
#include "tests/stress/compare.h"
#include "tests/stress/puppets.h"

enum { DIVERGED = 1 };

static struct model model;
static struct operations operations;
static struct compare compare = {.model = &model};
static struct capos_endpoint endpoints[ENDPOINTS];
static uint64_t seed, step, steps, kills, operated;

// The model ends so when it is used wrongly.
void abort(void);
void abort(void) {
    capos_panic("the model is used wrongly");
}

static uint64_t below(uint64_t limit) {
    return operations_below(&operations, limit);
}

static bool chance(unsigned percent) {
    return operations_chance(&operations, percent);
}

static void add(struct format *f, const char *text, uint64_t value) {
    format_text(f, text);
    format_u64(f, value);
}

static void tell_divergence(int p) {
    char text[400];
    struct format f;

    format_init(&f, text, sizeof text);
    add(&f, "# diverged: seed ", seed);
    add(&f, ", step ", step);
    add(&f, ", process ", (uint64_t)p);
    add(&f, ", opcode ", puppets[p].box->operation.sqe.opcode);
    add(&f, ", flags ", puppets[p].box->operation.sqe.flags);
    add(&f, ", source ", puppets[p].box->operation.sqe.source);
    add(&f, ", cap ", puppets[p].box->operation.sqe.cap);
    format_text(&f, ": ");
    format_text(&f, compare.wrong);
    add(&f, "; operation ", compare.got.user_data);
    add(&f, " slot ", compare.got.slot);
    format_text(&f, " ended with ");
    format_i64(&f, compare.got.result);
    format_text(&f, ", expected ");
    format_i64(&f, compare.expected);
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
    capos_exit(DIVERGED);
}

static void check(int p) {
    if (!compare_events(&compare, p, puppets[p].box))
        tell_divergence(p);
    puppets[p].box->events = 0;
}

static void poll(int p) {
    model_enter(&model, p, NULL, NULL, 0);
    puppet_do(p, COMMAND_POLL);
    check(p);
}

// Could a cap_enter of the process's bring anything?
static bool expects(int p) {
    const struct m_process *process = &model.process[p];

    return process->event_count > 0 || process->due_count > 0 || process->armed_count > 0;
}

// Whoever waited and has got something is here, or will be.
static bool run_woken_once(void) {
    bool ran = false;

    for (int p = 0; p < PROCESSES; p++) {
        if (!model.process[p].waiting || model.process[p].event_count == 0)
            continue;
        puppet_await(p);
        model_resume(&model, p);
        poll(p);
        ran = true;
    }
    return ran;
}

static void run_woken(void) {
    while (run_woken_once())
        continue;
}

static int queued(void) {
    int n = 0;

    for (int i = 0; i < ENDPOINTS; i++)
        n += model.endpoint[i].queue_count;
    return n;
}

static void poll_all(int p) {
    int before;

    do {
        before = queued();
        run_woken();
        if (expects(p))
            poll(p);
        run_woken();
    } while (model.process[p].event_count > 0 || queued() != before);
}

static uint64_t make_receiver(int e) {
    struct capos_endpoint_receiver_results results;
    struct capos_call call;
    uint64_t cap = 0;

    if (capos_endpoint_receiver(&call, capos_ring(), endpoints[e], &results) == CAPOS_DONE)
        cap = capos_endpoint_receiver_results_receiver(results).id;
    capos_call_release(&call);
    return cap;
}

static uint64_t make_facet(int e, uint64_t id, uint8_t scope) {
    struct capos_endpoint_facet_results results;
    struct capos_call call;

    if (capos_endpoint_facet(&call, capos_ring(), endpoints[e], INTERFACE, id,
                             (enum capos_facet_scope)scope, &results) != CAPOS_DONE)
        capos_panic("no facet");
    uint64_t cap = capos_endpoint_facet_results_facet(results).id;
    capos_call_release(&call);
    return cap;
}

static void give(int p, int number, uint64_t interface, uint8_t scope, uint64_t cap, bool move) {
    uint64_t there = puppet_give(p, cap, move);

    check(p);
    model.object[number].interface = interface;
    compare.got.result = puppets[p].box->own_result;
    if (there == 0 || model_find_hold(&model, p, there) >= 0) {
        compare.wrong = "a gift has no id of its own";
        tell_divergence(p);
    }
    model_grant(&model, p, number, there, scope);
}

// A new Receiver, root facet or plain object for somebody who doesn't wait.
static void supply(int p) {
    int e = (int)below(ENDPOINTS);
    uint8_t scope = (uint8_t)(CAPOS_SCOPE_SESSION + below(2));
    uint64_t cap, id;

    poll_all(p);
    if (model_used(&model, p) + model_reserved(&model, p) >= HOLDS)
        return;
    if (model.endpoint[e].server == p)
        return; // a facet of its own would come home, and take no slot
    cap = make_receiver(e);
    if ((cap != 0) != (model.endpoint[e].receiver < 0)) {
        compare.wrong = "whether an endpoint has a Receiver";
        tell_divergence(p);
    }
    if (cap != 0) {
        give(p, model_object(&model, RECEIVER, e, 0), CAPOS_RECEIVER_INTERFACE_ID, CAPOS_SCOPE_ANY,
             cap, true);
    } else if (chance(70)) {
        id = operations_id(&operations);
        give(p, model_object(&model, FACET, e, id), INTERFACE, scope, make_facet(e, id, scope),
             true);
    } else {
        give(p, model_object(&model, PLAIN, 0, 0), CAPOS_TIMER_INTERFACE_ID, CAPOS_SCOPE_ANY,
             guest_system()->timer, false);
    }
}

static void wake_all(void) {
    for (int p = 0; p < PROCESSES; p++) {
        if (!model.process[p].waiting)
            continue;
        puppet_wake(p);
        model_resume(&model, p);
        poll_all(p);
    }
}

// What a RETURN starts on behalf of another process may be run by that one's own thread, at the
// same time. So that it does not matter when it does, nobody takes a message meanwhile.
static void operate_quietly(int p, struct operation *operation) {
    operation->quietly = true;
    model_enter_quietly(&model, p, &operation->sqe, operation->sent, operation->word);
    puppet_do(p, COMMAND_OPERATE);
    for (int i = 0; i < PROCESSES; i++)
        if (model.process[i].due_count > 0) {
            model_enter_quietly(&model, i, NULL, NULL, 0);
            puppet_do(i, COMMAND_LOOK);
            check(i);
        }
}

static void operate(int p) {
    struct operation *operation = &puppets[p].box->operation;

    poll_all(p);
    for (int tries = 0; !operations_make(&operations, p, operation); tries++)
        if (tries == 20)
            return;
    if (model_starts_others(&model, p, &operation->sqe)) {
        wake_all();
        operate_quietly(p, operation);
    } else {
        model_enter(&model, p, &operation->sqe, operation->sent, operation->word);
        puppet_do(p, COMMAND_OPERATE);
    }
    operated++;
    if (puppets[p].box->entered != 1) {
        compare.wrong = "cap_enter's answer";
        tell_divergence(p);
    }
    check(p);
    run_woken();
}

static bool has_waiting(const struct m_process *process) {
    for (int i = 0; i < SLOTS; i++)
        if (process->call[i].state == WAITING || process->call[i].state == DUE)
            return true;
    return false;
}

// Processes run as they like, so one who waits may have only one thing to wait for: then it does
// not matter how soon it runs.
static void wait(int p) {
    int waiting = 0;

    for (int i = 0; i < PROCESSES; i++)
        waiting += model.process[i].waiting;
    if (waiting >= PROCESSES - 2 || !model_is_busy(&model, p))
        return;
    poll_all(p);
    if (!model_is_busy(&model, p) || model.process[p].armed_count > 1 ||
        has_waiting(&model.process[p]))
        return;
    puppet_begin(p, COMMAND_WAIT);
    model_wait(&model, p);
}

static void kill(int p) {
    wake_all();
    if (!puppet_kill(p)) {
        compare.wrong = "a kill";
        tell_divergence(p);
    }
    model_kill(&model, p);
    kills++;
}

static void one_step(void) {
    int p = (int)below(PROCESSES);
    uint64_t kind = below(1000);

    if (kind >= 250)
        p = operations_process(&operations);
    while (model.process[p].waiting)
        p = (p + 1) % PROCESSES;
    if (kind < 5) {
        kill(p);
        puppet_start(p);
        puppet_await(p);
        model_start(&model, p, 1);
    } else if (kind < 120) {
        supply(p);
    } else if (kind < 150) {
        wake_all();
    } else if (kind < 250) {
        wait(p);
    } else {
        operate(p);
    }
}

static uint64_t number_in(const char *prefix) {
    const struct capos_capset *grants = capos_grants();
    size_t length = text_length(prefix, 32);

    for (uint32_t i = 0; i < grants->count; i++) {
        const char *name = grants->grants[i].name;
        uint64_t number = 0;

        if (memcmp(name, prefix, length) != 0)
            continue;
        for (const char *digit = name + length; *digit >= '0' && *digit <= '9'; digit++)
            number = number * 10 + (uint64_t)(*digit - '0');
        return number;
    }
    capos_panic("a judge needs seed= and steps=");
}

static void make_endpoints(void) {
    for (int i = 0; i < ENDPOINTS; i++)
        endpoints[i] = guest_endpoint();
}

static void tell_totals(void) {
    char text[200];
    struct format f;

    format_init(&f, text, sizeof text);
    add(&f, "# judged: seed ", seed);
    add(&f, ", steps ", steps);
    add(&f, ", operations ", operated);
    add(&f, ", messages ", compare.messages);
    add(&f, ", kills ", kills);
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
}

int main(void) {
    guest_attach();
    seed = number_in("seed=");
    steps = number_in("steps=");
    model_init(&model);
    operations_init(&operations, &model, seed);
    operations.waits = true;
    make_endpoints();
    puppets_init();
    for (int p = 0; p < PROCESSES; p++)
        model_start(&model, p, 1);
    for (step = 0; step < steps; step++)
        one_step();
    for (int p = 0; p < PROCESSES; p++)
        kill(p);
    tell_totals();
    return 0;
}
