// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: its end and its restart.
#ifndef MACHINE_POWER_H
#define MACHINE_POWER_H

#include "machine/types.h"

#include <stdint.h>

#define MACHINE_STATUS_MAX 100

// Stops all CPUs and turns the machine off. `status` is at most MACHINE_STATUS_MAX; a host that
// listens (QEMU's isa-debug-exit) is told.
_Noreturn void machine_power_off(struct cpu *cpu, uint8_t status);

// Restarts the machine.
_Noreturn void machine_reboot(struct cpu *cpu);

#endif
