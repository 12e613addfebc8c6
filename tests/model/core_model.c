// SPDX-License-Identifier: MIT
//
// Random operations of several processes, on a kernel and on the reference model, which must agree
// on every completion, on what is in every message, and on who holds what, after each of them.
// After each the kernel is audited. What is refused must have left the kernel's digest as it was,
// also when the injector made it fail. HARNESS_SEED and MODEL_STEPS (operations) in the environment
// choose the run; with MODEL_AUDIT=N, for long ones, only every N-th step is audited and digested.
#include "core/audit.h"
#include "tests/model/turn.h"
#include "tests/model/words.h"
#include "tests/model/world.h"

#include <limits.h>
#include <stdlib.h>

enum {
    STEPS = 100000,
    SEASON = 256, // steps that are calm, or not, together
};

static void step(struct driver *d) {
    int p = (int)driver_below(d, PROCESSES);
    uint64_t kind = driver_below(d, 1000);

    if (d->step % SEASON == 0)
        d->operations.calm = driver_chance(d, 60);
    if (kind < 8) {
        world_kill(d, p);
    } else if (kind < 14) {
        world_revoke(d);
    } else if (kind < 40) {
        world_copy(d);
        turn_check_all(d);
    } else if (kind < 140) {
        world_supply(d);
        turn_check_all(d);
    } else if (kind < 170) {
        turn_time_out(d);
    } else {
        if (kind >= 250)
            p = operations_process(&d->operations);
        while (d->model.process[p].waiting)
            p = (p + 1) % PROCESSES;
        if (kind < 250)
            turn_wait(d, p);
        else if (kind < 300)
            turn_hand_over(d, p);
        else
            turn_operate(d, p);
    }
}

// What a run must have met to be worth anything.
static void check_coverage(struct driver *d, unsigned long steps) {
    static const enum capos_status met[] = {
        CAPOS_STATUS_OK,           CAPOS_STATUS_REFUSED,       CAPOS_STATUS_BUSY,
        CAPOS_STATUS_TOO_BIG,      CAPOS_STATUS_NO_ROOM,       CAPOS_STATUS_OVERLOADED,
        CAPOS_STATUS_DISCONNECTED, CAPOS_STATUS_CANCELLED,     CAPOS_STATUS_SCOPE,
        CAPOS_STATUS_MALFORMED,    CAPOS_STATUS_SOURCE_FAILED, CAPOS_STATUS_CHANGED,
        CAPOS_STATUS_TIMED_OUT,
    };

    printf("# %lu operations, %lu messages, %lu kills, %lu injected failures, %lu revocable "
           "copies, %lu "
           "revocations\n",
           steps, (unsigned long)d->messages, (unsigned long)d->kills, (unsigned long)d->injected,
           (unsigned long)d->copies, (unsigned long)d->revocations);
    printf("# %lu calls came behind others\n", (unsigned long)d->several);
    if (steps >= STEPS)
        CHECK(d->several > 100, "calls hardly came together");
    printf("# direct calls: %lu, direct returns: %lu, direct parks: %lu; %lu parked were woken\n",
           (unsigned long)d->direct_calls, (unsigned long)d->direct_returns,
           (unsigned long)d->direct_parks, (unsigned long)d->woken);
    if (steps >= STEPS)
        CHECK(d->woken > 50 && d->direct_parks > 5, "hardly anything parked was woken");
    if (steps >= STEPS)
        CHECK(d->direct_calls > 30 && d->direct_returns > 30, "the direct way was hardly taken");
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
    d->operations.waits = d->operations.several = true;
    d->digest = audit_digest(d->cpu);
    words_init(d);
    world_make_endpoints(d);
    for (int p = 0; p < PROCESSES; p++)
        world_start_process(d, p);
    for (d->step = 0; d->operated < steps; d->step++)
        step(d);
    check_coverage(d, steps);
    world_finish(d);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: the model");

    harness_add(suite, "kernel and model agree", kernel_and_model_agree);
    return harness_run(suite);
}
