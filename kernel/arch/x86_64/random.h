// SPDX-License-Identifier: MIT
//
// Random numbers: machine_random() of the machine contract.
#ifndef CAPOS_ARCH_RANDOM_H
#define CAPOS_ARCH_RANDOM_H

#include "machine/arch.h"

// Gives a CPU its key; run by that CPU, once, after features_detect().
void random_seed(struct machine_cpu *cpu);

#endif
