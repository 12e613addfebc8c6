// SPDX-License-Identifier: MIT
//
// The FPU's state; see fpu.h. While the running thread has none, CR0.TS makes every use of the FPU
// a trap, so no thread sees what another one left in it. The kernel itself never uses it.
#include "arch/x86_64/fpu.h"

#include "arch/x86_64/x86.h"
#include "core/cpu.h"
#include "core/kernel.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/thread.h"

enum { FPU_CONTROL = 0, FPU_MXCSR = 24 };

_Static_assert(sizeof(struct fpu_state) == 512, "as the CPU writes it");

static void fpu_turn(struct cpu *cpu, bool on) {
    if (cpu->machine.fpu_on == on)
        return;
    cpu->machine.fpu_on = on;
    if (on)
        __asm__ volatile("clts");
    else
        x86_write_cr0(x86_read_cr0() | CR0_TASK_SWITCHED);
}

void fpu_save(struct cpu *cpu, struct machine_context *context) {
    (void)cpu;
    if (context->fpu != NULL)
        __asm__ volatile("fxsave64 %0" : "=m"(*context->fpu));
}

void fpu_load(struct cpu *cpu, const struct machine_context *context) {
    fpu_turn(cpu, context->fpu != NULL);
    if (context->fpu != NULL)
        __asm__ volatile("fxrstor64 %0" ::"m"(*context->fpu));
}

enum capos_status fpu_first_use(struct cpu *cpu, struct thread *thread) {
    void *block;
    kassert(thread->context.fpu == NULL);
    kernel_enter(cpu);
    enum capos_status status =
        kmem_alloc(cpu, thread->process->ledger, sizeof(struct fpu_state), &block);
    kernel_leave(cpu);
    if (status != CAPOS_STATUS_OK)
        return status;
    struct fpu_state *state = block;
    // All exceptions masked, and x87 with its full precision.
    *(uint16_t *)(state->bytes + FPU_CONTROL) = 0x37f;
    *(uint32_t *)(state->bytes + FPU_MXCSR) = 0x1f80;
    thread->context.fpu = state;
    fpu_load(cpu, &thread->context);
    return CAPOS_STATUS_OK;
}

void fpu_free(struct cpu *cpu, struct thread *thread) {
    if (thread->context.fpu == NULL)
        return;
    kmem_free(cpu, thread->process->ledger, thread->context.fpu, sizeof(struct fpu_state));
    thread->context.fpu = NULL;
}
