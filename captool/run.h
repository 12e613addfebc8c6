// SPDX-License-Identifier: MIT
// capos-run's parts and what they share: the options, and the statuses that it ends with.
#ifndef CAPTOOL_RUN_H
#define CAPTOOL_RUN_H

#include <stdbool.h>

#define RUN_TOOL "capos-run"

// The guest's own status is 0 to 100.
enum run_status {
    RUN_USAGE = 2,
    RUN_SCRIPT_FAILED = 1,
    RUN_TIMEOUT = 124,
    RUN_PANIC = 125,
    RUN_NOT_STARTED = 126,
};

enum { RUN_TERMINALS = 3, RUN_EXTRA = 32 };

struct run_options {
    const char *image;   // an ISO, or a kernel
    const char *archive; // beside a kernel, or NULL
    const char *accelerator;
    const char *cpu;
    const char *command_line; // the kernel's, when it is booted directly
    const char *log;          // where COM4 goes, or NULL
    const char *script;
    const char *symbols;
    unsigned long cpus;
    unsigned long memory;  // MiB
    unsigned long timeout; // seconds, 0 for none
    bool uefi;
    bool direct;
    bool headless;
    const char *extra[RUN_EXTRA]; // for QEMU as they are
    unsigned extra_count;
};

#endif
