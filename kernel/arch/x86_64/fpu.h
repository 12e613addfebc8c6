// SPDX-License-Identifier: MIT
//
// The FPU's state (x87, MMX, SSE): a thread has none until it uses it, or is made by one that does;
// from then on it is saved and loaded at every switch. Its memory lies with the ring's records, so
// the first use can't fail.
#ifndef CAPOS_ARCH_FPU_H
#define CAPOS_ARCH_FPU_H

#include "machine/arch.h"

#include <stdint.h>

struct fpu_state {
    uint8_t bytes[512]; // as FXSAVE writes them; 16-aligned
};

// Gives a thread that has none, and does not run, a clean state.
void fpu_make(struct machine_context *context);

// The running thread uses the FPU for the first time.
void fpu_first_use(struct cpu *cpu, struct machine_context *context);

void fpu_save(struct cpu *cpu, struct machine_context *context);

// Loads the state of a thread, or makes the FPU unusable if it has none.
void fpu_load(struct cpu *cpu, const struct machine_context *context);

// Both at once, of threads that use it; it is on.
static inline void fpu_exchange(struct fpu_state *save, const struct fpu_state *load) {
    __asm__ volatile("fxsave64 %0; fxrstor64 %1" : "=m"(*save) : "m"(*load));
}

#endif
