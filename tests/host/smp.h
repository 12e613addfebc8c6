// SPDX-License-Identifier: MIT
//
// CPUs of one host's machine that run at the same time, each in a thread of the host's own. One
// machine at a time.
#ifndef CAPOS_TESTS_HOST_SMP_H
#define CAPOS_TESTS_HOST_SMP_H

#include "tests/host/host.h"

#include <stdint.h>

// The first `cpus` CPUs of `host` run from here on. What user code does is `step`, called again and
// again with the third argument of the thread that the CPU runs. The caller may play a further CPU.
void smp_start(struct host *host, uint32_t cpus, void (*step)(struct cpu *cpu, void *user));

// They stop, after the step that they are at.
void smp_stop(void);

#endif
