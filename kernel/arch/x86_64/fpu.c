// SPDX-License-Identifier: MIT
//
// The FPU's state; see fpu.h. While the running thread has none, CR0.TS makes every use of the FPU
// a trap, so no thread sees what another one left in it. The kernel itself never uses it.
#include "arch/x86_64/fpu.h"

#include "arch/x86_64/x86.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "machine/cpu.h"

// The last is where registers end; nothing is loaded from beyond.
enum { FPU_CONTROL = 0, FPU_MXCSR = 24, FPU_USED = 416 };

_Static_assert(sizeof(struct fpu_state) == MACHINE_STATE_BYTES, "as the CPU writes it");

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

void fpu_make(struct machine_context *context) {
    struct fpu_state *state = context->fpu_room;

    machine_clear(state, FPU_USED);
    // All exceptions masked, and x87 with its full precision.
    *(uint16_t *)(state->bytes + FPU_CONTROL) = 0x37f;
    *(uint32_t *)(state->bytes + FPU_MXCSR) = 0x1f80;
    context->fpu = state;
}

void fpu_first_use(struct cpu *cpu, struct machine_context *context) {
    kassert(context->fpu == NULL && context->fpu_room != NULL);
    fpu_make(context);
    fpu_load(cpu, context);
}
