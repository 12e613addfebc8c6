// SPDX-License-Identifier: MIT
//
// struct machine_cpu: setting it up, loading it, finding it.
#ifndef CAPOS_ARCH_CPU_H
#define CAPOS_ARCH_CPU_H

#include "machine/arch.h"

#include <capos/limits.h>
#include <stdint.h>

enum cpu_stack {
    CPU_STACK_DOUBLE_FAULT,
    CPU_STACK_NMI,
    CPU_STACK_MACHINE_CHECK,
    CPU_STACK_DEBUG,
    CPU_STACKS
};

// Maps the stacks of CPU `number`, each below a guard page, and fills in `cpu`.
void cpu_init(struct machine_cpu *cpu, uint32_t number, uint32_t apic_id);

// Loads `cpu`'s tables into the CPU that runs this, and turns protections on.
void cpu_load(struct machine_cpu *cpu);

// The CPU that runs this, as the core knows it: its struct cpu begins with the machine's part.
static inline struct cpu *cpu_current(void) {
    return (struct cpu *)machine_self();
}

// Is the address in a guard page below one of the stacks? Then says which CPU's and which stack.
const char *cpu_stack_guard(uint64_t address, uint32_t *number);

#endif
