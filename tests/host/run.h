// SPDX-License-Identifier: MIT
//
// Time on the host's machine, and CPUs that do what the machine would make them do meanwhile.
#ifndef CAPOS_TESTS_HOST_RUN_H
#define CAPOS_TESTS_HOST_RUN_H

#include "tests/host/host.h"

#include <stdint.h>

// Moves the clock on. CPUs whose timer is due then have it pending.
void host_advance(struct host *host, uint64_t nanoseconds);

// Lets a CPU do what the machine would make it do now: serve what is pending, and run what is
// ready.
void host_serve(struct cpu *cpu);

// Moves the clock on in steps, after each of which every CPU is served: as if the threads that run
// did nothing but burn time.
void host_run(struct host *host, uint64_t nanoseconds, uint64_t step);

#endif
