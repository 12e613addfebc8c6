// SPDX-License-Identifier: MIT
//
// What the parts of core_model have in common: a kernel on the host and the reference model of it,
// which are led through the same operations. world.c makes what there is, turn.c lets processes
// submit, wait and go on, compare.c looks whether kernel and model agree.
#ifndef CAPOS_TESTS_MODEL_DRIVER_H
#define CAPOS_TESTS_MODEL_DRIVER_H

#include "core/revoke.h"
#include "tests/harness.h"
#include "tests/host/host.h"
#include "tests/model/model.h"
#include "tests/model/operations.h"

#include <stdio.h>

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
    uint64_t operated, injected, kills, messages, several, copies, revocations;
    uint64_t direct_calls, direct_returns, direct_parks, woken;
    struct memory *words;              // words.c's
    struct revoker *revoker[REVOKERS]; // with a reference, while the model's is held
};

// What the model has when kernel and model do not agree.
void driver_tell(const struct driver *d);

#define CHECK(condition, ...)                       \
    do {                                            \
        if (!(condition)) {                         \
            fprintf(stderr, "step %lu: ", d->step); \
            fprintf(stderr, __VA_ARGS__);           \
            fprintf(stderr, "\n");                  \
            driver_tell(d);                         \
            ck_abort_msg("%s", #condition);         \
        }                                           \
    } while (0)

// With MODEL_TRACE: what a process does.
void driver_trace(const struct driver *d, int p, const char *word);
void driver_trace_operation(const struct driver *d, int p, const struct operation *operation);

static inline uint64_t driver_below(struct driver *d, uint64_t limit) {
    return operations_below(&d->operations, limit);
}

static inline bool driver_chance(struct driver *d, unsigned percent) {
    return operations_chance(&d->operations, percent);
}

static inline bool driver_is_audited(const struct driver *d) {
    return d->step % d->audit_every == 0;
}

#endif
