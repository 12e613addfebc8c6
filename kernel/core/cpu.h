// SPDX-License-Identifier: MIT
// A CPU, the first parameter of nearly everything in the core: it leads to its kernel, so that
// there are no globals and a test can run many kernels at once.
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include "core/object.h"
#include "core/reclaim.h"
#include "core/sched.h"
#include "core/timer.h"
#include "core/transfer.h"
#include "machine/cpu.h"

#include <capos/limits.h>
#include <stdatomic.h>
#include <stdint.h>

struct kernel;
struct thread;
struct dispatch;

// Bits of cpu->pending.
enum cpu_pending {
    PENDING_TIMER = 1,
    PENDING_IPI = 2, // another CPU wants this one to look
    PENDING_RESCHEDULE = 4,
    PENDING_SERIAL = 8, // a serial port has input
};

#define CPU_DISPATCHES 2

struct cpu {
    struct machine_cpu machine; // first, for entry.S
    struct kernel *kernel;
    uint32_t index;
    struct thread *current;    // NULL when idle
    struct thread *handoff;    // ready, in no queue: runs next here
    _Atomic uint64_t switched; // machine_cycles() up to which current has been charged
    _Atomic uint32_t pending;
    _Atomic uint32_t idle; // 1 while it has nothing to run
    struct run_queue queue;
    struct sched_counters counters;
    struct timers timers;
    struct reclaim reclaim;
    struct object *closing;                    // put for the last time, not closed yet
    struct object *moved;                      // whose type's `moved` has not run yet
    struct object *untold;                     // facets that are closed; their servers are to know
    uint32_t commit_depth;                     // debug.h
    struct dispatch *dispatch[CPU_DISPATCHES]; // scratch of the kernel call that runs here, and of
                                               // the answer to a held one
    struct transfer *transfer;                 // scratch of the delivery that runs here
};

// Records what an interrupt was about. The only thing that an interrupt does that came while the
// kernel was running; those that came in user mode call sched_interrupt() after it.
static inline void cpu_interrupt_pending(struct cpu *cpu, uint32_t bits) {
    atomic_fetch_or_explicit(&cpu->pending, bits, memory_order_relaxed);
}

#endif
