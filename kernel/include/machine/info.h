// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: facts about it and about this kernel, for SystemInfo
// and Entropy. Texts are the machine's and stay.
#ifndef MACHINE_INFO_H
#define MACHINE_INFO_H

#include "machine/types.h"

#include <stdbool.h>
#include <stdint.h>

struct machine_protections {
    bool no_execute;
    bool smep;
    bool smap;
    bool umip;
    bool randomised; // the kernel's image lies at a random place
};

struct machine_protections machine_protections(struct cpu *cpu);

// The version, and the build id's first bytes as hexadecimal digits.
const char *machine_version(struct cpu *cpu);
const char *machine_build(struct cpu *cpu);

// Bytes of memory that the machine was found to have.
uint64_t machine_memory(struct cpu *cpu);

// Does machine_random() come from the processor's own source (RDSEED, RDRAND)? If not, it is made
// of the timing of events since the start.
bool machine_random_is_hardware(struct cpu *cpu);

#endif
