// SPDX-License-Identifier: MIT
//
// Who goes on when, and which of the values that the model allows is read: all of it, by running
// the scenario again and again, each time with the decisions of the run before up to the last one
// that can still be made differently. A fiber is a coroutine on a host stack that lives through all
// runs.
//
// Runs that differ only in the order of accesses that don't touch each other are explored once, by
// sleep sets (Godefroid): when a fiber's access has been explored from a state, it sleeps in the
// branches of the others, until one of them makes an access that depends on it. A run in which all
// are asleep is like one that was had, and goes on to its end without further decisions. With a
// bound on preemptions nobody sleeps, since the run that would be kept may be beyond the bound.
#include "tests/order/explore.h"

#include "tests/host/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

enum { DEPTH = 1 << 16, STACK = 512 << 10, MAIN = MODEL_FIBERS };

struct decision {
    uint8_t count, taken;
    uint8_t option[MODEL_FIBERS]; // of one between fibers
};

bool explore_active;
unsigned explore_running;

static const struct model_scenario *scenario;
static struct model_bounds bounds;
static struct decision path[DEPTH];
static unsigned depth, known; // decisions made in this run; those that are repeated
static ucontext_t contexts[MODEL_FIBERS], main_context;
static jmp_buf jump[MODEL_FIBERS + 1];
static bool alive[MODEL_FIBERS], waits[MODEL_FIBERS], asleep[MODEL_FIBERS];
static struct model_access pending[MODEL_FIBERS];
static unsigned preemptions, stale;
static bool cut;
static uint64_t notes[MODEL_FIBERS][MACHINE_NOTES / 8]; // each plays a CPU of its own

void model_fail(const char *format, ...) {
    va_list arguments;

    explore_active = false;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    model_tell();
    _exit(MODEL_FAILED);
}

static void go_on(unsigned from, unsigned to) {
    if (from == to)
        return;
    explore_running = to;
    host_notes = to == MAIN ? NULL : notes[to];
    if (_setjmp(jump[from]) == 0)
        _longjmp(jump[to], 1);
}

// The next decision: repeated, or the first of `count`.
static unsigned decide(unsigned count, const uint8_t *option) {
    struct decision *decision = &path[depth];

    if (depth == DEPTH)
        model_fail("a run has too many decisions");
    if (depth++ < known)
        return decision->taken;
    decision->count = (uint8_t)count;
    decision->taken = 0;
    for (unsigned i = 0; option != NULL && i < count; i++)
        decision->option[i] = option[i];
    known = depth;
    return 0;
}

// Goes back to the last decision that can be made differently. False: there is none.
static bool another_path(void) {
    while (known > 0) {
        struct decision *last = &path[known - 1];

        if (++last->taken < last->count)
            return true;
        known--;
    }
    return false;
}

unsigned explore_choose(unsigned count) {
    unsigned chosen;

    if (count == 1 || cut || stale == bounds.stale)
        return 0;
    chosen = decide(count, NULL);
    stale += chosen != 0;
    return chosen;
}

static bool is_enabled(unsigned fiber) {
    return fiber != MAIN && alive[fiber] && !waits[fiber];
}

static bool depends(const struct model_access *a, const struct model_access *b) {
    if (a->kind == MODEL_FENCE || b->kind == MODEL_FENCE)
        return true;
    return a->at == b->at && a->at != 0 && !(a->kind == MODEL_READ && b->kind == MODEL_READ);
}

static unsigned options(uint8_t option[MODEL_FIBERS]) {
    unsigned count = 0;
    bool bound = bounds.preemptions != MODEL_ALL;

    if (is_enabled(explore_running) && !asleep[explore_running])
        option[count++] = (uint8_t)explore_running;
    if (count == 1 && bound && preemptions == bounds.preemptions)
        return count;
    for (unsigned i = 0; i < scenario->fibers; i++)
        if (i != explore_running && is_enabled(i) && !asleep[i])
            option[count++] = (uint8_t)i;
    return count;
}

static unsigned any_enabled(void) {
    for (unsigned i = 0; i < scenario->fibers; i++)
        if (is_enabled((explore_running + i) % scenario->fibers))
            return (explore_running + i) % scenario->fibers;
    model_fail("all wait for each other");
}

static unsigned choose_fiber(void) {
    uint8_t option[MODEL_FIBERS];
    unsigned count = cut ? 0 : options(option), taken = 0, chosen;

    if (count == 0) {
        chosen = any_enabled();
        cut |= bounds.preemptions == MODEL_ALL;
        return chosen;
    }
    if (count > 1)
        taken = decide(count, option);
    chosen = option[taken];
    preemptions += chosen != explore_running && is_enabled(explore_running);
    if (bounds.preemptions != MODEL_ALL)
        return chosen;
    for (unsigned i = 0; i < taken; i++)
        asleep[option[i]] = true;
    for (unsigned i = 0; i < scenario->fibers; i++)
        asleep[i] &= !depends(&pending[i], &pending[chosen]);
    return chosen;
}

static bool anybody_lives(void) {
    for (unsigned i = 0; i < scenario->fibers; i++)
        if (alive[i])
            return true;
    return false;
}

void explore_point(const struct model_access *access) {
    if (!explore_active)
        return;
    pending[explore_running] = *access;
    go_on(explore_running, choose_fiber());
}

void explore_stored(void) {
    for (unsigned i = 0; i < scenario->fibers; i++)
        waits[i] &= i == explore_running;
}

void model_relax(void) {
    if (!explore_active)
        return;
    waits[explore_running] = true;
    pending[explore_running] = (struct model_access){.kind = MODEL_READ};
    go_on(explore_running, choose_fiber());
}

static void body(unsigned number) {
    for (;;) {
        pending[number] = (struct model_access){.kind = MODEL_READ}; // of nothing
        go_on(number, anybody_lives() ? choose_fiber() : MAIN);
        scenario->fiber(number);
        alive[number] = false;
    }
}

static void make_fibers(void) {
    static char *stacks[MODEL_FIBERS];

    for (unsigned i = 0; i < scenario->fibers; i++) {
        if (stacks[i] == NULL)
            stacks[i] = malloc(STACK);
        getcontext(&contexts[i]);
        contexts[i].uc_stack.ss_sp = stacks[i];
        contexts[i].uc_stack.ss_size = STACK;
        makecontext(&contexts[i], (void (*)(void))body, 1, i);
        explore_running = i;
        if (_setjmp(jump[MAIN]) == 0)
            swapcontext(&main_context, &contexts[i]);
    }
}

static void run(const struct model_mutant *mutant) {
    scenario->setup();
    model_begin(scenario->fibers, mutant);
    depth = preemptions = stale = 0;
    cut = false;
    for (unsigned i = 0; i < scenario->fibers; i++) {
        alive[i] = true;
        waits[i] = asleep[i] = false;
    }
    explore_running = MAIN;
    explore_active = true;
    go_on(MAIN, choose_fiber());
    explore_active = false;
    scenario->check();
}

struct model_counts model_explore(const struct model_scenario *which, struct model_bounds limits,
                                  const struct model_mutant *mutant) {
    struct model_counts counts = {0};

    scenario = which;
    bounds = limits;
    known = 0;
    make_fibers();
    do {
        run(mutant);
        counts.runs += !cut;
        counts.cut += cut;
    } while (another_path());
    return counts;
}
