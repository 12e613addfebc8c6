// SPDX-License-Identifier: MIT
//
// Traps: what entry.S calls, and how a trap is described in words.
#ifndef CAPOS_ARCH_TRAP_H
#define CAPOS_ARCH_TRAP_H

#include "machine/arch.h"

// From kernel mode: interrupts return; exceptions are panics, since the kernel never touches user
// memory.
void trap_kernel(struct machine_context *context);

// From user mode, on the CPU's stack; resumes a context.
_Noreturn void trap_user(struct machine_context *context);

// Debug, NMI, double fault, machine check, from any mode, on their own stacks.
void trap_special(struct machine_context *context);

// Logs "panic: cause", the registers and a backtrace, and ends the machine.
_Noreturn void trap_panic(const struct machine_context *context);

#endif
