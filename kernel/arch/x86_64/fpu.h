// SPDX-License-Identifier: MIT
//
// The FPU's state (x87, MMX, SSE): a thread has none until it uses it; from then on it is saved and
// loaded at every switch.
#ifndef CAPOS_ARCH_FPU_H
#define CAPOS_ARCH_FPU_H

#include "base/attributes.h"
#include "machine/arch.h"

#include <capos/status.h>
#include <stdint.h>

struct fpu_state {
    uint8_t bytes[512]; // as FXSAVE writes them; 16-aligned
};

// The running thread uses the FPU for the first time: gives it a clean state, paid by its process.
// OVERLOADED.
must_use enum capos_status fpu_first_use(struct cpu *cpu, struct thread *thread);

void fpu_save(struct cpu *cpu, struct machine_context *context);

// Loads the state of a thread, or makes the FPU unusable if it has none.
void fpu_load(struct cpu *cpu, const struct machine_context *context);

// Gives back the state of a thread that is on no CPU.
void fpu_free(struct cpu *cpu, struct thread *thread);

#endif
