// SPDX-License-Identifier: MIT
//
// entry.S, seen from C.
#ifndef CAPOS_ARCH_ENTRY_H
#define CAPOS_ARCH_ENTRY_H

#include "machine/arch.h"

// Loads the registers of a user thread and goes on with it.
_Noreturn void entry_resume(struct machine_context *context);

// Where SYSCALL goes.
extern const char entry_syscall[];

#endif
