// SPDX-License-Identifier: MIT
//
// lib/capos/sync: mutex, condition and once, by threads of the host. Parking is the host's futex
// here, which makes the same promise as the kernel's. What the locks guard is written without
// atomics, so a lock that orders nothing is found by the thread sanitizer.
#include "capos/sync.h"
#include "tests/harness.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, COUNTS = 100000, ITEMS = 50000, ROUNDS = 20000, MS = 1000000 };

static _Atomic uint64_t parks, unparks;

static uint64_t now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

enum capos_status capos_park(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
    struct timespec until = {.tv_sec = (time_t)(deadline / 1000000000),
                             .tv_nsec = (long)(deadline % 1000000000)};

    parks++;
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                deadline == CAPOS_NO_DEADLINE ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY) == 0)
        return CAPOS_STATUS_OK;
    return errno == ETIMEDOUT ? CAPOS_STATUS_TIMED_OUT : CAPOS_STATUS_CHANGED;
}

void capos_unpark(const _Atomic uint32_t *word, uint32_t count) {
    unparks++;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT32_MAX ? INT32_MAX : count);
}

enum capos_status capos_hand_over(const _Atomic uint32_t *wake, const _Atomic uint32_t *word,
                                  uint32_t expected, uint64_t deadline) {
    capos_unpark(wake, 1);
    return capos_park(word, expected, deadline);
}

static void together(unsigned count, void *(*run)(void *)) {
    pthread_t threads[2 * THREADS];

    for (uintptr_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, (void *)i), 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static struct capos_mutex mutex;
static uint64_t counter;

static void *count(void *argument) {
    (void)argument;
    for (int i = 0; i < COUNTS; i++) {
        if (i % 3 == 0 && capos_mutex_try(&mutex)) {
            counter++;
            capos_mutex_unlock(&mutex);
            continue;
        }
        capos_mutex_lock(&mutex);
        counter++;
        if (i % 1000 == 0)
            sched_yield(); // so that others find it locked
        capos_mutex_unlock(&mutex);
    }
    return NULL;
}

START_TEST(counts_are_exact) {
    together(THREADS, count);
    ck_assert_uint_eq(counter, (uint64_t)THREADS * COUNTS);
    ck_assert_uint_eq(mutex.word, CAPOS_MUTEX_FREE);
    ck_assert_uint_gt(parks, 0);
}
END_TEST

START_TEST(who_is_alone_never_enters_the_kernel) {
    struct capos_condition nobody = {0};

    for (int i = 0; i < 1000; i++) {
        capos_mutex_lock(&mutex);
        ck_assert_uint_eq(mutex.word, CAPOS_MUTEX_LOCKED);
        capos_condition_signal(&nobody);
        capos_condition_broadcast(&nobody);
        capos_mutex_unlock(&mutex);
    }
    ck_assert_uint_eq(parks, 0);
    ck_assert_uint_eq(unparks, 0);
}
END_TEST

START_TEST(a_deadline_passes) {
    struct capos_condition never = {0};
    uint64_t before = now();

    capos_mutex_lock(&mutex);
    ck_assert(!capos_mutex_try(&mutex));
    ck_assert(!capos_mutex_lock_until(&mutex, before + 10 * MS));
    ck_assert_uint_ge(now(), before + 10 * MS);
    capos_mutex_unlock(&mutex);
    ck_assert(capos_mutex_lock_until(&mutex, before));
    before = now();
    ck_assert(!capos_condition_wait(&never, &mutex, before + 10 * MS));
    ck_assert_uint_ge(now(), before + 10 * MS);
    ck_assert_uint_eq(never.waiters, 0);
    ck_assert(!capos_mutex_try(&mutex)); // it is locked again
    capos_mutex_unlock(&mutex);
}
END_TEST

// Producers and consumers of a buffer of three.
static struct capos_condition filled, emptied;
static uint64_t buffer[3], in, out, made, taken, sum;

static void produce(void) {
    for (;;) {
        capos_mutex_lock(&mutex);
        while (in - out == 3 && made < ITEMS)
            capos_condition_wait(&emptied, &mutex, CAPOS_NO_DEADLINE);
        if (made == ITEMS)
            break;
        buffer[in++ % 3] = ++made;
        capos_mutex_unlock(&mutex);
        capos_condition_signal(&filled);
    }
    capos_mutex_unlock(&mutex);
    capos_condition_broadcast(&emptied);
}

static void consume(void) {
    for (;;) {
        capos_mutex_lock(&mutex);
        while (in == out && taken < ITEMS)
            capos_condition_wait(&filled, &mutex, CAPOS_NO_DEADLINE);
        if (taken == ITEMS)
            break;
        sum += buffer[out++ % 3];
        if (++taken == ITEMS)
            capos_condition_broadcast(&filled);
        capos_condition_signal(&emptied);
        capos_mutex_unlock(&mutex);
    }
    capos_mutex_unlock(&mutex);
}

static void *produce_or_consume(void *argument) {
    if ((uintptr_t)argument % 2 == 0)
        produce();
    else
        consume();
    return NULL;
}

START_TEST(nothing_is_lost_between_producers_and_consumers) {
    together(2 * THREADS, produce_or_consume);
    ck_assert_uint_eq(taken, ITEMS);
    ck_assert_uint_eq(sum, (uint64_t)ITEMS * (ITEMS + 1) / 2);
}
END_TEST

// Two that take turns: each waits for every signal of the other.
static struct capos_condition turned;
static uint64_t turn;

static void *take_turns(void *argument) {
    uint64_t side = (uintptr_t)argument;

    for (int i = 0; i < ROUNDS; i++) {
        capos_mutex_lock(&mutex);
        while (turn % 2 != side)
            capos_condition_wait(&turned, &mutex, CAPOS_NO_DEADLINE);
        turn++;
        capos_mutex_unlock(&mutex);
        capos_condition_signal(&turned);
    }
    return NULL;
}

START_TEST(no_signal_is_lost) {
    together(2, take_turns);
    ck_assert_uint_eq(turn, 2 * ROUNDS);
}
END_TEST

enum { ONCES = 300 };
static struct capos_once onces[ONCES];
static uint64_t results[ONCES];
static _Thread_local unsigned current;

static void do_once(void) {
    sched_yield();
    results[current]++;
}

static void *use_once(void *argument) {
    (void)argument;
    for (current = 0; current < ONCES; current++) {
        capos_once(&onces[current], do_once);
        if (results[current] != 1)
            return (void *)1;
    }
    return NULL;
}

START_TEST(once_and_seen_by_all) {
    pthread_t threads[THREADS];
    void *wrong;

    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_once, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("locks");

    harness_add(suite, "counts are exact", counts_are_exact);
    harness_add(suite, "who is alone", who_is_alone_never_enters_the_kernel);
    harness_add(suite, "a deadline passes", a_deadline_passes);
    harness_add(suite, "producers and consumers", nothing_is_lost_between_producers_and_consumers);
    harness_add(suite, "no signal is lost", no_signal_is_lost);
    harness_add(suite, "once", once_and_seen_by_all);
    return harness_run(suite);
}
