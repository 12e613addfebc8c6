// SPDX-License-Identifier: MIT
//
// A process of many threads: they are created, joined and detached, count under a mutex, pass
// things on by a condition, wait with deadlines, keep their own storage and registers, and run into
// their limits. Exits with the number of the first check that fails, or 0.
#include "capos/runtime.h"
#include "capos/sync.h"
#include "capos/thread.h"
#include "schemas/thread.capos.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum {
    THREADS = 40,
    COUNTERS = 8,
    COUNTS = 20000,
    ITEMS = 4000,
    DETACHED = 100,
    ROUNDS = 3000,
    CALLS = 300,
    MS = 1000000,
    SLACK = 5000, // ms; a machine under test may be busy
};

static int failed;

static void check(int number, bool ok) {
    if (!ok && failed == 0)
        failed = number;
}

static const struct capos_thread_options small = {.stack_bytes = 0, .small_ring = true};

static struct capos_thread *start(int32_t (*run)(void *), void *argument) {
    struct capos_thread *thread;

    if (capos_thread_create(&thread, run, argument, &small) != CAPOS_DONE)
        capos_panic("no thread");
    return thread;
}

static int32_t join(struct capos_thread *thread) {
    int32_t status = -99;

    return capos_thread_join(thread, &status) == CAPOS_DONE ? status : -98;
}

// Each ends with its number, in different ways; they are joined the other way round.
static int32_t number(void *argument) {
    if ((uintptr_t)argument % 3 == 0)
        capos_thread_exit((int32_t)(uintptr_t)argument);
    return (int32_t)(uintptr_t)argument;
}

static void create_and_join(void) {
    struct capos_thread *threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        threads[i] = start(number, (void *)i);
    for (int32_t i = THREADS; i-- > 0;)
        check(1, join(threads[i]) == i);
}

static struct capos_mutex mutex;
static uint64_t counter;

static int32_t count(void *argument) {
    (void)argument;
    for (int i = 0; i < COUNTS; i++) {
        capos_mutex_lock(&mutex);
        counter++;
        capos_mutex_unlock(&mutex);
    }
    return 0;
}

static void count_exactly(void) {
    struct capos_thread *threads[COUNTERS];

    for (unsigned i = 0; i < COUNTERS; i++)
        threads[i] = start(count, NULL);
    for (unsigned i = 0; i < COUNTERS; i++)
        check(2, join(threads[i]) == 0);
    check(3, counter == (uint64_t)COUNTERS * COUNTS);
}

// A buffer of four places between producers and consumers.
static struct capos_condition changed;
static uint32_t buffer[4], in, out, produced, consumed;
static uint64_t sum;

static int32_t produce(void *argument) {
    (void)argument;
    for (;;) {
        capos_mutex_lock(&mutex);
        while (in - out == 4 && produced < ITEMS)
            capos_condition_wait(&changed, &mutex, CAPOS_NO_DEADLINE);
        if (produced == ITEMS)
            break;
        buffer[in++ % 4] = ++produced;
        capos_mutex_unlock(&mutex);
        capos_condition_broadcast(&changed);
    }
    capos_mutex_unlock(&mutex);
    capos_condition_broadcast(&changed);
    return 0;
}

static int32_t consume(void *argument) {
    (void)argument;
    for (;;) {
        capos_mutex_lock(&mutex);
        while (in == out && consumed < ITEMS)
            capos_condition_wait(&changed, &mutex, CAPOS_NO_DEADLINE);
        if (consumed == ITEMS)
            break;
        sum += buffer[out++ % 4];
        consumed++;
        capos_mutex_unlock(&mutex);
        capos_condition_broadcast(&changed);
    }
    capos_mutex_unlock(&mutex);
    capos_condition_broadcast(&changed);
    return 0;
}

static void produce_and_consume(void) {
    struct capos_thread *threads[6];

    for (unsigned i = 0; i < 6; i++)
        threads[i] = start(i % 2 == 0 ? produce : consume, NULL);
    for (unsigned i = 0; i < 6; i++)
        check(4, join(threads[i]) == 0);
    check(5, sum == (uint64_t)ITEMS * (ITEMS + 1) / 2);
}

static struct capos_once once;
static _Atomic uint32_t times, seen;

static void initialise(void) {
    uint64_t until = guest_now() + 2 * MS;

    while (guest_now() < until)
        continue;
    atomic_fetch_add(&times, 1);
}

static int32_t use(void *argument) {
    (void)argument;
    capos_once(&once, initialise);
    atomic_fetch_add(&seen, atomic_load(&times));
    return 0;
}

static void once_only(void) {
    struct capos_thread *threads[COUNTERS];

    for (unsigned i = 0; i < COUNTERS; i++)
        threads[i] = start(use, NULL);
    for (unsigned i = 0; i < COUNTERS; i++)
        join(threads[i]);
    check(6, times == 1 && seen == COUNTERS);
}

// Storage of each thread's own, of several alignments, with and without a value at the start.
static _Thread_local uint32_t given = 7;
static _Thread_local uint64_t zero[9];
static _Thread_local uint8_t aligned[3] __attribute__((aligned(64))) = {1, 2, 3};

static int32_t keep(void *argument) {
    uintptr_t own = (uintptr_t)argument;

    if (given != 7 || zero[8] != 0 || aligned[2] != 3 || (uintptr_t)aligned % 64 != 0)
        return 1;
    for (int i = 0; i < 200; i++) {
        given = (uint32_t)own;
        zero[8] = own * 3;
        aligned[2] = (uint8_t)own;
        guest_now(); // others run
        if (given != own || zero[8] != own * 3 || aligned[2] != (uint8_t)own)
            return 2;
    }
    return 0;
}

static void keep_apart(void) {
    struct capos_thread *threads[COUNTERS];

    check(7, given == 7 && zero[8] == 0 && aligned[2] == 3);
    for (uintptr_t i = 0; i < COUNTERS; i++)
        threads[i] = start(keep, (void *)(i + 100));
    given = 1;
    for (unsigned i = 0; i < COUNTERS; i++)
        check(8, join(threads[i]) == 0);
    check(9, given == 1 && zero[8] == 0 && aligned[2] == 3);
}

// The registers of the floating-point unit.
static int32_t compute(void *argument) {
    double step = (double)(uintptr_t)argument, total = 0;

    for (int i = 0; i < 200; i++) {
        total += step;
        guest_now();
    }
    return total == step * 200 ? 0 : 1;
}

static void compute_apart(void) {
    struct capos_thread *threads[4];

    for (uintptr_t i = 0; i < 4; i++)
        threads[i] = start(compute, (void *)(i + 1));
    for (unsigned i = 0; i < 4; i++)
        check(10, join(threads[i]) == 0);
}

// They are clean in a new thread, whatever the one before it, whose memory it gets, has left there.
static int32_t soil(void *argument) {
    uint64_t last[2] = {1, 1};
    uint32_t control = 0, wanted = 0x9fc0;
    uint16_t control87 = 0, status87 = 1, wanted87 = 0x27f;

    (void)argument;
    __asm__ volatile("movups %%xmm15, %0; stmxcsr %1; fnstcw %2; fnstsw %3"
                     : "=m"(last), "=m"(control), "=m"(control87), "=m"(status87));
    __asm__ volatile("pcmpeqd %%xmm15, %%xmm15; ldmxcsr %0; fldcw %1; fld1; fldpi"
                     :
                     : "m"(wanted), "m"(wanted87)
                     : "xmm15");
    guest_now();
    return last[0] == 0 && last[1] == 0 && control == 0x1f80 && control87 == 0x37f && status87 == 0
               ? 0
               : 1;
}

static void start_clean(void) {
    for (int i = 0; i < COUNTERS; i++)
        check(24, join(start(soil, NULL)) == 0);
}

static void deadlines(void) {
    struct capos_condition never = {0};
    _Atomic uint32_t word = 5;
    uint64_t before = guest_now(), elapsed;

    check(11, capos_park(&word, 5, before + 20 * MS) == CAPOS_STATUS_TIMED_OUT);
    elapsed = guest_now() - before;
    check(12, elapsed >= 20 * MS && elapsed < (uint64_t)SLACK * MS);
    check(13, capos_park(&word, 5, before) == CAPOS_STATUS_TIMED_OUT);
    check(14, capos_park(&word, 4, CAPOS_NO_DEADLINE) == CAPOS_STATUS_CHANGED);
    capos_mutex_lock(&mutex);
    check(15, !capos_condition_wait(&never, &mutex, guest_now() + 5 * MS));
    check(16, !capos_mutex_lock_until(&mutex, guest_now() + 5 * MS));
    capos_mutex_unlock(&mutex);
    check(17, capos_mutex_lock_until(&mutex, guest_now() + 5 * MS));
    capos_mutex_unlock(&mutex);
}

static _Atomic uint32_t finished;

static int32_t finish(void *argument) {
    (void)argument;
    if (atomic_fetch_add(&finished, 1) + 1 == DETACHED)
        capos_unpark(&finished, 1);
    return 0;
}

static void detach(void) {
    struct capos_thread *thread;

    for (unsigned i = 0; i < DETACHED;) {
        int outcome = capos_thread_create(&thread, finish, NULL, &small);

        check(18, outcome == CAPOS_DONE || outcome == CAPOS_OVERLOADED);
        if (outcome != CAPOS_DONE) {
            guest_now(); // as many as may be have not ended yet
            continue;
        }
        capos_thread_detach(thread);
        i++;
    }
    for (uint32_t so_far; (so_far = atomic_load(&finished)) < DETACHED;)
        capos_park(&finished, so_far, guest_now() + 10 * MS);
    check(18, finished == DETACHED);
}

// Two threads that take turns, and never skip one.
static _Atomic uint32_t turn;
static uint32_t turns;

static int32_t play(void *argument) {
    uint32_t side = (uint32_t)(uintptr_t)argument;

    for (int i = 0; i < ROUNDS; i++) {
        while (atomic_load(&turn) != side)
            capos_park(&turn, !side, CAPOS_NO_DEADLINE);
        turns++;
        atomic_store(&turn, !side);
        if (i % 3 == 0)
            capos_unpark(&turn, 1);
        else if (i % 3 == 1 || i + 1 == ROUNDS)
            capos_unpark_later(&turn, 1);
        else
            (void)capos_hand_over(&turn, &turn, !side, CAPOS_NO_DEADLINE);
    }
    return 0;
}

static void take_turns(void) {
    struct capos_thread *other = start(play, (void *)1);

    play((void *)0);
    capos_client_flush(capos_client());
    check(19, join(other) == 0 && turns == 2 * ROUNDS);
}

// Every thread has a ring of its own.
static int32_t ask(void *argument) {
    uint64_t before = guest_now(), time;

    (void)argument;
    for (int i = 0; i < CALLS; i++) {
        time = guest_now();
        if (time < before)
            return 1;
        before = time;
    }
    return 0;
}

static void ask_at_once(void) {
    struct capos_thread *threads[COUNTERS];

    for (unsigned i = 0; i < COUNTERS; i++)
        threads[i] = start(ask, NULL);
    for (unsigned i = 0; i < COUNTERS; i++)
        check(20, join(threads[i]) == 0);
}

// The limit on threads, and that it is given back.
static _Atomic uint32_t gate;

static int32_t wait_at_gate(void *argument) {
    (void)argument;
    while (atomic_load(&gate) == 0)
        capos_park(&gate, 0, CAPOS_NO_DEADLINE);
    return 0;
}

static void reach_the_limit(void) {
    static struct capos_thread *threads[64];
    unsigned made;
    int outcome = CAPOS_DONE;

    for (int round = 0; round < 2; round++) {
        atomic_store(&gate, 0);
        for (made = 0; made < 64; made++) {
            outcome = capos_thread_create(&threads[made], wait_at_gate, NULL, &small);
            if (outcome != CAPOS_DONE)
                break;
        }
        check(21, outcome == CAPOS_OVERLOADED && made == THREADS);
        atomic_store(&gate, 1);
        capos_unpark(&gate, UINT32_MAX);
        for (unsigned i = 0; i < made; i++)
            check(22, join(threads[i]) == 0);
    }
}

int main(void) {
    create_and_join();
    count_exactly();
    produce_and_consume();
    once_only();
    keep_apart();
    compute_apart();
    start_clean();
    deadlines();
    detach();
    take_turns();
    ask_at_once();
    reach_the_limit();
    check(23, capos_client()->lost == 0);
    return failed;
}
