// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: where its log goes.
#ifndef MACHINE_LOG_H
#define MACHINE_LOG_H

#include "machine/types.h"

#include <stddef.h>

// Writes the bytes to the kernel's log, after all earlier ones, not mixed with another CPU's.
void machine_log(struct cpu *cpu, const char *text, size_t size);

#endif
