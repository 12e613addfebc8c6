// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: time.
#ifndef MACHINE_TIME_H
#define MACHINE_TIME_H

#include "base/attributes.h"
#include "machine/types.h"

#include <stdint.h>

// Nanoseconds since boot, monotonic, the same on every CPU.
apart uint64_t machine_now(struct cpu *cpu);

// This CPU's one timer: an interrupt (PENDING_TIMER) at or soon after `deadline`, at once when it
// has passed; UINT64_MAX for none. Replaces the one that was armed.
void machine_timer_arm(struct cpu *cpu, uint64_t deadline);

// Civil time: seconds since 1970-01-01T00:00:00Z without leap seconds, and the nanoseconds of that
// second. Read from the machine's clock at the start and counted on from there.
void machine_wall_clock(struct cpu *cpu, int64_t *seconds, uint32_t *nanoseconds);

// A difference of machine_cycles() in nanoseconds.
uint64_t machine_cycles_ns(struct cpu *cpu, uint64_t cycles);

#endif
