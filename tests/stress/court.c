// SPDX-License-Identifier: MIT
//
// See court.h. How the parts of a judge share the model, tell divergences and keep puppets in step.
#include "tests/stress/court.h"

#include "base/format.h"
#include "tests/stress/deed.h"
#include "tests/stress/ledgers.h"

enum { DIVERGED = 1 };

struct court court;

// The model ends so when it is used wrongly.
void abort(void);
void abort(void) {
    court_diverged(0, "the model is used wrongly");
}

uint64_t court_below(uint64_t limit) {
    return operations_below(&court.operations, limit);
}

bool court_chance(unsigned percent) {
    return operations_chance(&court.operations, percent);
}

static void add(struct format *f, const char *text, uint64_t value) {
    format_text(f, text);
    format_u64(f, value);
}

static void add_operation(struct format *f, int p) {
    const struct capos_sqe *sqe = &puppets[p].box->operation.sqe;

    add(f, "; its latest operation: opcode ", sqe->opcode);
    add(f, ", flags ", sqe->flags);
    add(f, ", slot ", sqe->slot);
    add(f, ", source ", sqe->source);
    add(f, ", cap ", sqe->cap);
    add(f, ", user_data ", sqe->user_data);
    add(f, "; completion ", court.compare.got.user_data);
    add(f, " slot ", court.compare.got.slot);
    format_text(f, " ended with ");
    format_i64(f, court.compare.got.result);
    format_text(f, ", expected ");
    format_i64(f, court.compare.expected);
}

__attribute__((noreturn)) void court_diverged(int p, const char *what) {
    char text[600];
    struct format f;

    format_init(&f, text, sizeof text);
    add(&f, "# diverged: seed ", court.seed);
    add(&f, ", step ", court.step);
    add(&f, ", process ", (uint64_t)p);
    if (court.deed != NULL) {
        format_text(&f, ", deed ");
        format_text(&f, court.deed);
    }
    format_text(&f, ": ");
    format_text(&f, what);
    if (court.deed == NULL)
        add_operation(&f, p);
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
    if (court.deed != NULL)
        ledgers_tell(p);
    capos_exit(DIVERGED);
}

void court_expect(bool ok, int p, const char *what) {
    if (!ok)
        court_diverged(p, what);
}

void court_expect_equal(uint64_t got, uint64_t expected, int p, const char *what) {
    char text[200];
    struct format f;

    if (got == expected)
        return;
    format_init(&f, text, sizeof text - 1);
    format_text(&f, what);
    format_text(&f, " ");
    format_i64(&f, (int64_t)got);
    format_text(&f, ", expected ");
    format_i64(&f, (int64_t)expected);
    text[f.used] = 0;
    court_diverged(p, text);
}

bool court_ended(int p, int got, int expected) {
    court_expect_equal((uint64_t)(int64_t)got, (uint64_t)(int64_t)expected, p, "ends with");
    return got == CAPOS_DONE;
}

static void check(int p) {
    if (!compare_events(&court.compare, p, puppets[p].box))
        court_diverged(p, court.compare.wrong);
    puppets[p].box->events = 0;
}

void court_check(int p) {
    check(p);
}

static void poll(int p) {
    model_enter(&court.model, p, NULL, NULL, 0);
    puppet_do(p, COMMAND_POLL);
    check(p);
}

// Could a cap_enter of the process's bring anything?
static bool expects(int p) {
    const struct m_process *process = &court.model.process[p];

    return process->event_count > 0 || process->due_count > 0 || process->armed_count > 0;
}

// Whoever waited and has got something is here, or will be.
static bool run_woken_once(void) {
    bool ran = false;

    for (int p = 0; p < PROCESSES; p++) {
        if (!court.model.process[p].waiting || court.model.process[p].event_count == 0)
            continue;
        puppet_await(p);
        model_resume(&court.model, p);
        poll(p);
        ran = true;
    }
    return ran;
}

void court_run_woken(void) {
    while (run_woken_once())
        continue;
}

static int queued(void) {
    int n = 0;

    for (int i = 0; i < ENDPOINTS; i++)
        n += court.model.endpoint[i].queue_count;
    return n;
}

void court_settle(int p) {
    int before;

    do {
        before = queued();
        court_run_woken();
        if (expects(p))
            poll(p);
        court_run_woken();
    } while (court.model.process[p].event_count > 0 || queued() != before);
}

void court_wake_all(void) {
    for (int p = 0; p < PROCESSES; p++) {
        if (!court.model.process[p].waiting)
            continue;
        puppet_wake(p);
        model_resume(&court.model, p);
        court_settle(p);
    }
}

struct m_hold *court_hold(int p, int hold) {
    return &court.model.process[p].hold[hold];
}

struct m_object *court_object(int p, int hold) {
    return &court.model.object[court_hold(p, hold)->object];
}

int court_got_more(int p, uint64_t cap, int object, uint8_t scope, int revoker) {
    int hold;

    if (cap == 0 || model_find_hold(&court.model, p, cap) >= 0)
        court_diverged(p, "a new capability has no id of its own");
    hold = model_grant(&court.model, p, object, cap, scope);
    court_hold(p, hold)->revoker = revoker;
    return hold;
}

int court_got(int p, uint64_t cap, uint64_t interface, int what) {
    int object = model_object(&court.model, PLAIN, 0, 0);

    court.model.object[object].interface = interface;
    court.model.object[object].what = what;
    court.model.object[object].owner = court.model.process[p].serial;
    (void)court_got_more(p, cap, object, CAPOS_SCOPE_ANY, 0);
    return object;
}

int court_find(int p, uint64_t interface) {
    int first = (int)court_below(HOLDS);

    for (int i = 0; i < HOLDS; i++) {
        int hold = (first + i) % HOLDS;

        if (court_hold(p, hold)->object >= 0 && court_hold(p, hold)->cap != 0 &&
            court_object(p, hold)->kind == PLAIN && court_object(p, hold)->interface == interface)
            return hold;
    }
    return -1;
}

int court_find_any(int p) {
    int first = (int)court_below(HOLDS);

    for (int i = 0; i < HOLDS; i++) {
        int hold = (first + i) % HOLDS;

        if (court_hold(p, hold)->object >= 0 && court_hold(p, hold)->cap != 0)
            return hold;
    }
    return -1;
}

bool court_has_room(int p, int room) {
    return model_could_fit(&court.model, p, room);
}

int court_outcome(int p, int hold, int room) {
    if (model_is_dead(&court.model, court_hold(p, hold)->revoker))
        return -CAPOS_STATUS_DISCONNECTED;
    return court_has_room(p, room) ? CAPOS_DONE : -CAPOS_STATUS_OVERLOADED;
}
