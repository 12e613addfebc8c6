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

    // MACHINE_STATE_BYTES for what else belongs to a thread (FPU state), 16-byte aligned, which may
    // hold anything; lent until machine_context_fini.
    void *state;

    // The context of a thread that it is likely to behave as, or NULL.
    const struct machine_context *like;
};

// A thread that has not run yet: registers zero but for these.
void machine_context_init(struct machine_context *context, const struct machine_start *start);

// The state that was lent is used no more. The thread will not run again; only this CPU may have
// it.
void machine_context_fini(struct cpu *cpu, struct machine_context *context);

// The result of the system call that the thread is in.
void machine_context_set_result(struct machine_context *context, uint64_t result);

void machine_context_set_thread_base(struct machine_context *context, struct uaddr base);

// Called by the scheduler when cpu->current has become `thread` in place of `previous` (either may
// be NULL, they differ): saves and loads what entry and exit don't (address space, FPU, FS base).
void machine_switch(struct cpu *cpu, struct thread *previous, struct thread *thread);

#endif
