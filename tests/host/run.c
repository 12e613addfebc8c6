// SPDX-License-Identifier: MIT
//
// Time on the host's machine: see run.h.
#include "tests/host/run.h"

#include <check.h>

enum { ROUNDS = 10000 };

void host_advance(struct host *host, uint64_t nanoseconds) {
    uint64_t now = atomic_fetch_add(&host->now, nanoseconds) + nanoseconds;

    atomic_fetch_add(&host_cycles, nanoseconds);
    for (uint32_t i = 0; i < host->kernel.cpu_count; i++) {
        if (host->cpus[i].machine.timer > now)
            continue;
        host->cpus[i].machine.timer = UINT64_MAX;
        host->cpus[i].counters.timers++;
        cpu_interrupt_pending(&host->cpus[i], PENDING_TIMER);
    }
}

void host_serve(struct cpu *cpu) {
    bool worked = true;

    for (int rounds = 0; worked; rounds++) {
        ck_assert_int_lt(rounds, ROUNDS);
        worked = false;
        if (cpu->current == NULL)
            sched_idle_round(cpu, &worked);
        else if (cpu->pending != 0)
            sched_interrupt(cpu);
        worked |= cpu->pending != 0;
    }
}

void host_run(struct host *host, uint64_t nanoseconds, uint64_t step) {
    for (uint64_t end = host->now + nanoseconds; host->now < end;) {
        host_advance(host, step);
        for (uint32_t i = 0; i < host->kernel.cpu_count; i++)
            host_serve(&host->cpus[i]);
    }
}
