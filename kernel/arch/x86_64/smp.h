// SPDX-License-Identifier: MIT
//
// Starting the other CPUs, one at a time, each into C on a stack of its own.
#ifndef CAPOS_ARCH_SMP_H
#define CAPOS_ARCH_SMP_H

#include "arch/x86_64/bootmem.h"

#include <stdbool.h>

struct cpu;

// While there is boot memory: the page that CPUs start in, and the tables that they start with.
void smp_prepare(struct bootmem *memory);

// Starts one CPU, whose state is set up, and waits until it runs; it then waits for smp_release().
// False, with a line in the log, when it doesn't come.
bool smp_start(struct cpu *cpu);

// Lets a CPU that has started look for work.
void smp_release(struct cpu *cpu);

// No CPU can start from now on, not even one that was too late.
void smp_close(void);

#endif
