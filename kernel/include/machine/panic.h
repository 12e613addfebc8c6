// SPDX-License-Identifier: MIT
//
// The machine as the kernel's core sees it: the end.
#ifndef MACHINE_PANIC_H
#define MACHINE_PANIC_H

#include "machine/types.h"

// Turns interrupts off and stops the other CPUs; returns the CPU that this runs on. Of several CPUs
// that panic at once only the first comes back; a panic while panicking ends the machine at once.
struct cpu *machine_panic_enter(void);

// Logs where the caller was and ends the machine.
_Noreturn void machine_panic_end(struct cpu *cpu);

#endif
