// SPDX-License-Identifier: MIT
//
// C11's memory, as far as our code uses it, and every way in which fibers can go on in it. Code
// that was compiled with -fsanitize=thread calls a runtime for every access to memory; the runtime
// here (runtime.c) is not that of the compiler but leads to this model. So what is explored is the
// real code, unchanged, with the orders that it names.
//
// Each atomic place keeps all that was stored to it, in the order of the stores, and each fiber a
// view: how much of every place's history it has seen at least. A load may return any store that
// its fiber's view does not rule out. A release store carries its fiber's view, an acquire load
// takes it over; fences do the same for the relaxed accesses around them; sequentially consistent
// accesses see at least what such accesses stored before. Plain accesses are checked for data races
// by vector clocks, so their values are those of memory. Two things of C11 are left out: stores to
// one place that take effect in another order than they are made, and loads of what is stored
// later.
#ifndef TESTS_ORDER_MODEL_H
#define TESTS_ORDER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_FIBERS = 4 };

struct model_scenario {
    unsigned fibers;
    void (*setup)(void);            // makes the world; not explored
    void (*fiber)(unsigned number); // what one CPU does
    void (*check)(void);            // looks at the world, and takes it apart
};

struct model_bounds {
    unsigned preemptions; // MODEL_ALL: every interleaving, but for those that differ in nothing
    unsigned stale;       // loads in a run that return something older than the latest store
};

enum { MODEL_ALL = 1000 };

struct model_counts {
    uint64_t runs; // that were different
    uint64_t cut;  // that turned out to be like another
};

// One order that is made relaxed, to see that it is missed: that of loads or of stores at an
// address; or (at == 0) of the call that has this number among those that were met first. An
// exchange counts as both.
struct model_mutant {
    bool loads, stores;
    uintptr_t at;
    const void *site;
};

// Only accesses to these bytes are explored (and those to others done as they come); none: all.
void model_watch(const void *base, size_t bytes);

// Runs everything. A check that fails, a data race, or fibers that all wait for each other end the
// process (status MODEL_FAILED) with the run's accesses on stderr.
struct model_counts model_explore(const struct model_scenario *scenario, struct model_bounds bounds,
                                  const struct model_mutant *mutant);

enum { MODEL_FAILED = 99 };

_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void model_require(bool condition, const char *what) {
    if (!condition)
        model_fail("%s", what);
}

// A fiber that waits for another one's store: it goes on after the next.
void model_relax(void);

// For runtime.c.
enum model_kind { MODEL_READ, MODEL_WRITE, MODEL_CHANGE, MODEL_FENCE };
struct model_access {
    enum model_kind kind;
    uintptr_t at;
    unsigned size;
    int order;
    const void *site;
};
bool model_is_watched(uintptr_t at);
uint64_t model_load(const struct model_access *access);
void model_store(const struct model_access *access, uint64_t value);
// Changes a place by a function of what it holds, which is returned.
uint64_t model_change(const struct model_access *access,
                      uint64_t (*change)(uint64_t old, uint64_t operand), uint64_t operand);
bool model_compare(const struct model_access *access, int failure, uint64_t *expected,
                   uint64_t desired);
void model_fence(const struct model_access *access);
void model_plain(uintptr_t at, size_t bytes, bool write);

// The calls that have been made with an order other than relaxed, each once.
struct model_site {
    const void *site;
    enum model_kind kind;
    int order;
};
size_t model_sites(const struct model_site **sites);

#endif
