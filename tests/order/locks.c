// SPDX-License-Identifier: MIT
//
// See locks.h. Instrumented, like the code that is tested.
#include "tests/order/locks.h"

#include "capos/sync.h"

static struct {
    struct capos_mutex mutex;
    struct capos_condition condition;
    struct capos_once once;
    unsigned count, ready, value; // plain
} shared;

const void *locks_block(size_t *bytes) {
    *bytes = sizeof shared;
    return &shared;
}

static void begin(void) {
    atomic_store(&shared.mutex.word, CAPOS_MUTEX_FREE);
    atomic_store(&shared.condition.sequence, 0);
    atomic_store(&shared.condition.waiters, 0);
    atomic_store(&shared.once.state, CAPOS_ONCE_NEW);
    shared.count = shared.ready = shared.value = 0;
}

// Each counts, under the mutex.
static void count(unsigned number) {
    (void)number;
    capos_mutex_lock(&shared.mutex);
    shared.count++;
    capos_mutex_unlock(&shared.mutex);
}

static void check_two(void) {
    model_require(shared.count == 2, "a count is lost");
    model_require(atomic_load(&shared.mutex.word) == CAPOS_MUTEX_FREE, "the mutex is not free");
}

static void check_three(void) {
    model_require(shared.count == 3, "a count is lost");
}

// One only if it need not wait.
static void count_or_try(unsigned number) {
    if (number == 0) {
        count(number);
    } else if (capos_mutex_try(&shared.mutex)) {
        shared.count++;
        capos_mutex_unlock(&shared.mutex);
    }
}

static void check_one_or_two(void) {
    model_require(shared.count == 1 || shared.count == 2, "a count is lost");
}

// The first fiber says that it is ready, the others wait for that. It is one place in the code, as
// which order of it is missed is asked of all scenarios together.
__attribute__((noinline)) static void await(void) {
    capos_mutex_lock(&shared.mutex);
    while (shared.ready == 0)
        (void)capos_condition_wait(&shared.condition, &shared.mutex, CAPOS_NO_DEADLINE);
    shared.count++;
    capos_mutex_unlock(&shared.mutex);
}

static void become_ready(void) {
    capos_mutex_lock(&shared.mutex);
    shared.ready = 1;
    capos_mutex_unlock(&shared.mutex);
}

static void signal_one(unsigned number) {
    if (number != 0) {
        await();
        return;
    }
    become_ready();
    capos_condition_signal(&shared.condition);
}

static void signal_all(unsigned number) {
    if (number != 0) {
        await();
        return;
    }
    become_ready();
    capos_condition_broadcast(&shared.condition);
}

static void check_one(void) {
    model_require(shared.count == 1, "a waiter is lost");
}

static void check_both(void) {
    model_require(shared.count == 2, "a waiter is lost");
}

static void compute(void) {
    shared.value++;
}

static void do_once(unsigned number) {
    (void)number;
    capos_once(&shared.once, compute);
    model_require(shared.value == 1, "it is not done, or twice");
}

static void check_done(void) {
    model_require(shared.value == 1, "it is not done once");
}

// Of two fibers everything is explored, of three what their number leaves time for.
#define ALL \
    { MODEL_ALL, MODEL_ALL }
const struct locks_plan locks_plans[] = {
    {"two lock", {2, begin, count, check_two}, ALL},
    {"three lock", {3, begin, count, check_three}, {3, MODEL_ALL}},
    {"one tries", {2, begin, count_or_try, check_one_or_two}, ALL},
    {"signal", {2, begin, signal_one, check_one}, ALL},
    {"broadcast", {3, begin, signal_all, check_both}, {2, 1}},
    {"two do it once", {2, begin, do_once, check_done}, ALL},
    {"three do it once", {3, begin, do_once, check_done}, {3, 2}},
};

const size_t locks_count = sizeof locks_plans / sizeof locks_plans[0];
