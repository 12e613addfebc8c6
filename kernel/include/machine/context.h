// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: the user registers of a thread. No thread has a kernel
// stack: entry saves the registers of cpu->current in its context, and the way out loads those of
// whatever cpu->current is then.
#ifndef MACHINE_CONTEXT_H
#define MACHINE_CONTEXT_H

#include "machine/arch.h"
#include "machine/types.h"

#include <stdint.h>

struct machine_start {
    struct uaddr entry; // first instruction
    struct uaddr stack; // top, 16-byte aligned
    uint64_t argument[3];
    struct uaddr thread_base; // FS base
};

// A thread that has not run yet: registers zero but for these.
void machine_context_init(struct machine_context *context, const struct machine_start *start);

// Gives back what the context has allocated since (FPU state). The thread is on no CPU.
void machine_context_fini(struct cpu *cpu, struct machine_context *context);

// The result of the system call that the thread is in.
void machine_context_set_result(struct machine_context *context, uint64_t result);

void machine_context_set_thread_base(struct machine_context *context, struct uaddr base);

// Called by the scheduler when cpu->current has become `thread` in place of `previous` (either may
// be NULL, they differ): saves and loads what entry and exit don't (address space, FPU, FS base).
void machine_switch(struct cpu *cpu, struct thread *previous, struct thread *thread);

#endif
