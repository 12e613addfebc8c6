// SPDX-License-Identifier: MIT
//
// bench: measures operations as a program of capOS makes them. A row is one operation; each file
// rows_SUBJECT.c has a table of rows. main.c takes the samples and reports.
#ifndef BENCH_H
#define BENCH_H

#include "capos/runtime.h"
#include "tests/bench/bench.capos.h"

#include <stdbool.h>
#include <stdint.h>

struct bench_row {
    const char *name;
    unsigned operations;   // in one sample, which must end within one tick of the scheduler
    bool (*prepare)(void); // once, before the warm-up; may be NULL
    bool (*sample)(unsigned operations); // false when something came out wrong
};

struct bench_rows {
    const struct bench_row *rows;
    unsigned count;
};

extern const struct bench_rows bench_rows_entry, bench_rows_kernel, bench_rows_call,
    bench_rows_bulk, bench_rows_memory, bench_rows_pipeline, bench_rows_process, bench_rows_thread;

// The other process.
extern struct bench_peer bench_peer;

#endif
