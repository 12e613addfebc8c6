// SPDX-License-Identifier: MIT
//
// The second half of booting: from a machine that is set up to a running kernel.
#ifndef CAPOS_ARCH_BOOT_KERNEL_H
#define CAPOS_ARCH_BOOT_KERNEL_H

#include "arch/x86_64/bootinfo.h"
#include "arch/x86_64/bootmem.h"
#include "platform/pc/acpi.h"

struct cpu;

// The CPU that boots.
extern struct cpu boot_cpu;

// While there is boot memory: state and stacks for the other CPUs that the tables name.
void boot_kernel_prepare(struct bootmem *memory, const struct acpi_machine *machine);

// Gives what is left of boot memory to the core, starts the other CPUs and the first process, and
// goes on with that.
_Noreturn void boot_kernel_start(struct bootmem *memory, const struct boot_info *info);

#endif
