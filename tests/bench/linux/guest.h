// SPDX-License-Identifier: MIT
//
// The peer's side of the benchmarks: process 1 of a Linux guest, which measures what Linux has for
// the same operation, in the same way as measure/ does in capOS. Each file of rows has a table.
#ifndef BENCH_LINUX_GUEST_H
#define BENCH_LINUX_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct row {
    const char *name;
    unsigned operations; // in one sample
    // Makes what the samples need; `size` is the row's own. May be NULL.
    void (*prepare)(unsigned size);
    void (*sample)(unsigned operations);
    void (*finish)(void); // may be NULL
    unsigned size;
};

struct rows {
    const struct row *rows;
    size_t count;
};

// The last ones leave a thread behind, which would change what others measure.
extern const struct rows rows_kernel, rows_pingpong, rows_memory, rows_process, rows_last;

// Says what failed, with errno, and switches the machine off.
__attribute__((noreturn)) void die(const char *what);

// Starts a process that never returns; kill_child ends it.
void start_child(void (*run)(void));
void kill_child(void);

// Wall-clock speed-up of the same work in 1, 2, 4 processes and threads.
void speedup(void);

#endif
