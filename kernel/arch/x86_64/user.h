// SPDX-License-Identifier: MIT
//
// Between kernel and user mode: what entry.S calls, and going on with a thread.
#ifndef CAPOS_ARCH_USER_H
#define CAPOS_ARCH_USER_H

#include "machine/arch.h"

#include <stdint.h>

// Goes on with cpu->current, which is `thread`; with NULL the CPU idles until there is one.
_Noreturn void user_go_on(struct cpu *cpu, struct thread *thread);

// A system call, with the registers saved: arguments (RDI, RSI, RDX) and number (RAX).
_Noreturn void user_syscall(uint64_t a, uint64_t b, uint64_t c, uint64_t number);

#endif
