// SPDX-License-Identifier: MIT
// The audit: walks everything that a kernel has and names the first rule that is broken. Debug
// kernels and tests only; no CPU but the calling one may be in the kernel.
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include <stdint.h>

struct cpu;

// NULL when all is well, else the broken rule, for people.
const char *audit(struct cpu *cpu);

// A number that depends on everything that a refused operation must not change: tables, ledgers,
// queues, states. Equal states give equal digests.
uint64_t audit_digest(struct cpu *cpu);

#endif
