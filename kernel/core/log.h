// SPDX-License-Identifier: MIT
//
// The kernel's log: one line per call, each starting "capos: ". Lines are formatted on the caller's
// stack and handed whole to the machine, so that lines of several CPUs don't mix. No state is kept
// here.
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "machine/types.h"

#include <stdarg.h>

// Longest line, the prefix and the new line included; what is longer is cut.
enum { LOG_LINE_SIZE = 256 };

// Logs one line. Of printf's conversions it knows %s %c %u %d %x and %%, each number with an
// optional l and a width after 0 (%016lx); the compiler checks the arguments.
void log_line(struct cpu *cpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The same with one more word after "capos: ", e.g. "panic: ".
void log_vline(struct cpu *cpu, const char *prefix, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
