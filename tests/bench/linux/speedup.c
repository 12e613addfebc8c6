// SPDX-License-Identifier: MIT
//
// The same work done by 1, 2 and 4 processes, and by as many threads: `speedup KIND COUNT NS`, the
// least of five times.
#define _GNU_SOURCE
#include "guest.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/work.h"

enum { TIMES = 5, WORKERS_MAX = 4 };

static uint64_t now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void by_processes(unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (fork() == 0)
            _exit(work(WORK_ROUNDS / count) == 0);
    for (unsigned i = 0; i < count; i++) {
        int status;

        if (wait(&status) < 0 || status != 0)
            die("a worker");
    }
}

static void *worker(void *count) {
    return work(WORK_ROUNDS / *(unsigned *)count) == 0 ? count : NULL;
}

static void by_threads(unsigned count) {
    pthread_t threads[WORKERS_MAX];

    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, worker, &count) != 0)
            die("pthread_create");
    for (unsigned i = 0; i < count; i++) {
        void *failed;

        if (pthread_join(threads[i], &failed) != 0 || failed != NULL)
            die("a worker");
    }
}

static void best_of(const char *kind, void (*by)(unsigned count), unsigned count) {
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < TIMES; i++) {
        uint64_t start = now();

        by(count);
        uint64_t took = now() - start;

        best = took < best ? took : best;
    }
    printf("speedup %s %u %llu\n", kind, count, (unsigned long long)best);
}

void speedup(void) {
    for (unsigned count = 1; count <= WORKERS_MAX; count *= 2) {
        best_of("processes", by_processes, count);
        best_of("threads", by_threads, count);
    }
}
