// SPDX-License-Identifier: MIT
// The start of the system: the kernel's objects and the first process, init, which holds all of
// them and hands them on.
#ifndef OBJECT_START_H
#define OBJECT_START_H

#include "base/attributes.h"
#include "machine/types.h"

#include <stdint.h>

// Makes the kernel's objects and starts init from the boot archive, which lies at `archive`, is
// reached by machine_direct and stays as it is. Called once, between kernel_enter and kernel_leave,
// when all CPUs are added and no process runs. NULL, or what was wrong, for people; init is then
// ready to run.
must_use const char *start_init(struct cpu *cpu, struct paddr archive, uint64_t bytes);

#endif
