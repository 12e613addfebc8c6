// SPDX-License-Identifier: MIT
//
// See explore.h. Fibers are contexts of one host thread. A run follows a schedule: at the points
// that it names another fiber goes on; elsewhere the running one does until it ends or waits for a
// lock. While it runs, it is written down who ran and who was there at each point: from that the
// schedules with one preemption more are made. A run repeats its schedule exactly, since nothing
// else decides.
#include "tests/race/explore.h"

#include "core/panic.h"
#include "tests/host/host.h"
#include "tests/race/atomics.h"

#include <stdlib.h>
#include <ucontext.h>

enum { POINTS_MAX = 8192, STACK = 256 << 10, PATIENCE = 100000 };

struct schedule {
    unsigned count;
    struct {
        unsigned point;
        uint8_t fiber;
    } step[RACE_PREEMPTIONS_MAX];
};

struct point {
    uint8_t running;
    uint8_t alive; // a bit for each fiber
};

int race_broken;
unsigned race_broken_lock;
unsigned race_looks;

static const struct race_scenario *scenario;
static const struct schedule *schedule; // NULL: nothing is explored now
static ucontext_t main_context, fibers[RACE_FIBERS_MAX];
static char *stacks[RACE_FIBERS_MAX];
static unsigned running, alive, points, next_step, waits;
static uint64_t notes[RACE_FIBERS_MAX][MACHINE_NOTES / 8]; // each plays a CPU of its own
static struct point trace[POINTS_MAX];

static void go_on(unsigned fiber) {
    unsigned before = running;

    if (fiber == before)
        return;
    running = fiber;
    host_notes = notes[fiber];
    swapcontext(&fibers[before], &fibers[fiber]);
}

// The next fiber that is there, after this one.
static unsigned another(void) {
    for (unsigned i = 1; i <= scenario->fibers; i++) {
        unsigned fiber = (running + i) % scenario->fibers;

        if (alive & 1u << fiber)
            return fiber;
    }
    return running;
}

void race_point(void) {
    unsigned point = points;

    if (schedule == NULL)
        return;
    if (++points > POINTS_MAX)
        panic("race: a run has too many points");
    trace[point] = (struct point){(uint8_t)running, (uint8_t)alive};
    if (next_step < schedule->count && schedule->step[next_step].point == point)
        go_on(schedule->step[next_step++].fiber);
}

// A CPU waits for another one: that costs no preemption.
static void relax(void) {
    if (schedule == NULL)
        return;
    if (++waits > PATIENCE)
        panic("race: all wait for each other");
    go_on(another());
}

static void run_fiber(unsigned number) {
    scenario->fiber(number);
    alive &= ~(1u << number);
    if (alive == 0) {
        setcontext(&main_context);
    } else {
        running = another();
        host_notes = notes[running];
        setcontext(&fibers[running]);
    }
}

static void make_fiber(unsigned number) {
    if (stacks[number] == NULL)
        stacks[number] = malloc(STACK);
    getcontext(&fibers[number]);
    fibers[number].uc_stack.ss_sp = stacks[number];
    fibers[number].uc_stack.ss_size = STACK;
    makecontext(&fibers[number], (void (*)(void))run_fiber, 1, number);
}

static void run(const struct schedule *which) {
    scenario->setup();
    alive = (1u << scenario->fibers) - 1;
    running = points = next_step = waits = race_looks = 0;
    for (unsigned i = 0; i < scenario->fibers; i++)
        make_fiber(i);
    schedule = which;
    host_relax = relax;
    memset(notes, 0, sizeof notes);
    host_notes = notes[0];
    swapcontext(&main_context, &fibers[0]);
    schedule = NULL;
    host_relax = NULL;
    host_notes = NULL;
    scenario->check();
}

// Runs the schedule and those that begin like it, with up to `more` further preemptions.
static uint64_t explore(const struct schedule *from, unsigned more) {
    unsigned first = from->count == 0 ? 0 : from->step[from->count - 1].point + 1, last;
    struct point *seen;
    uint64_t runs = 1;

    run(from);
    if (more == 0)
        return runs;
    last = points;
    seen = malloc(sizeof(*seen) * last);
    memcpy(seen, trace, sizeof(*seen) * last);
    for (unsigned point = first; point < last; point++)
        for (unsigned fiber = 0; fiber < scenario->fibers; fiber++) {
            struct schedule next = *from;

            if (fiber == seen[point].running || !(seen[point].alive & 1u << fiber))
                continue;
            next.step[next.count].point = point;
            next.step[next.count++].fiber = (uint8_t)fiber;
            runs += explore(&next, more - 1);
        }
    free(seen);
    return runs;
}

uint64_t race_explore(const struct race_scenario *which, unsigned preemptions) {
    static const struct schedule none;

    scenario = which;
    return explore(&none, preemptions);
}
