// SPDX-License-Identifier: MIT
//
// Samples, as measure/main.c takes them: 15 after two that do not count, in ticks of the time stamp
// counter, between marks that the plugin profile.c knows. Included by C and C++.
#ifndef BENCH_LINUX_SAMPLE_H
#define BENCH_LINUX_SAMPLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { WARM_UP = 2, SAMPLES = 15 };

struct samples {
    uint64_t start;
    uint64_t taken[SAMPLES];
};

static inline uint64_t ticks(void) {
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

// Sample number i; the negative ones do not count.
static inline void sample_begin(struct samples *samples, int i) {
    samples->start = ticks();
    if (i >= 0)
        __asm__ volatile("nopl 0x7e004b4d(%%rax)" ::: "memory");
}

static inline void sample_end(struct samples *samples, int i) {
    if (i < 0)
        return;
    __asm__ volatile("nopl 0x7e014b4d(%%rax)" ::: "memory");
    samples->taken[i] = ticks() - samples->start;
}

static inline int sample_compare(const void *a, const void *b) {
    const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;

    return *x < *y ? -1 : *x > *y;
}

static inline void samples_report(struct samples *samples, const char *name, unsigned operations) {
    __asm__ volatile("nopl 0x7eff4b4d(%%rax)" ::: "memory");
    qsort(samples->taken, SAMPLES, sizeof samples->taken[0], sample_compare);
    printf("bench %s %llu %llu %u\n", name, (unsigned long long)samples->taken[0],
           (unsigned long long)samples->taken[SAMPLES / 2], operations);
    fflush(stdout);
}

#endif
