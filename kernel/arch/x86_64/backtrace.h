// SPDX-License-Identifier: MIT
//
// What a panic says of where it happened: registers and the chain of frame pointers. Addresses in
// the image are written as kernel+OFFSET, which capos-run turns into names with the kernel's symbol
// table.
#ifndef CAPOS_ARCH_BACKTRACE_H
#define CAPOS_ARCH_BACKTRACE_H

#include "machine/arch.h"

#include <stdbool.h>
#include <stdint.h>

void backtrace_log_registers(const struct machine_context *context);

// Logs where a trap happened.
void backtrace_log_place(const struct machine_context *context);

// Logs the callers, from the frame that `frame` (a value of RBP) points to. Stops at the first
// thing that is no frame of the kernel's, so that a broken stack can't make it fault.
void backtrace_log(uint64_t frame);

// At boot: from now on there are other CPUs, which a panic stops.
void backtrace_not_alone(void);

// Does some CPU panic?
bool backtrace_is_panicking(void);

// The last words, then the end of the machine.
_Noreturn void backtrace_end(void);

#endif
