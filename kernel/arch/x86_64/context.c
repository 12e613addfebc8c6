// SPDX-License-Identifier: MIT
//
// User threads' registers; see machine/context.h. Entry and exit (entry.S) save and load the
// general ones in the context of cpu->current; a switch changes which context that is, and the
// rest.
#include "machine/context.h"

#include "arch/x86_64/features.h"
#include "arch/x86_64/fpu.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/x86.h"
#include "base/attributes.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/process.h"
#include "core/thread.h"
#include "core/vm.h"
#include "machine/space.h"

// What users name must not make the kernel fault when it is loaded: addresses outside of their half
// become one that is never mapped, just at its end.
static uint64_t context_address(struct uaddr address) {
    return address.value < MACHINE_USER_END ? address.value : MACHINE_USER_END;
}

void machine_context_init(struct machine_context *context, const struct machine_start *start) {
    memset(context, 0, sizeof *context);
    context->rip = context_address(start->entry);
    context->rsp = start->stack.value;
    context->rdi = start->argument[0];
    context->rsi = start->argument[1];
    context->rdx = start->argument[2];
    context->cs = SELECTOR_USER_CODE;
    context->ss = SELECTOR_USER_DATA;
    context->flags = FLAGS_RESERVED | FLAGS_INTERRUPT;
    context->fs_base = context_address(start->thread_base);
    context->fpu_room = start->state;
    if (start->like != NULL && start->like->fpu != NULL)
        fpu_make(context);
}

void machine_context_fini(struct cpu *cpu, struct machine_context *context) {
    (void)cpu;
    context->fpu = context->fpu_room = NULL;
}

void machine_context_set_result(struct machine_context *context, uint64_t result) {
    context->rax = result;
}

// Writing the MSR is slow, so the CPU knows what it has; and nobody else changes it without
// FSGSBASE.
static void context_load_fs(struct machine_cpu *self, const struct machine_context *context) {
    x86_write_msr(MSR_FS_BASE, context->fs_base);
    self->fs_base = context->fs_base;
}

void machine_context_set_thread_base(struct machine_context *context, struct uaddr base) {
    context->fs_base = context_address(base);
    // Of the running thread the register is what counts.
    if (machine_self()->context == context)
        context_load_fs(machine_self(), context);
}

// Only with FSGSBASE can a thread have changed its bases. The user's GS is the other one while in
// the kernel.
static void context_save_bases(struct machine_context *context) {
    if (!features_has(FEATURE_FSGSBASE))
        return;
    __asm__ volatile("rdfsbase %0" : "=r"(context->fs_base));
    __asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(context->gs_base)::"memory");
}

static void context_load_bases(struct machine_cpu *self, const struct machine_context *context) {
    if (!features_has(FEATURE_FSGSBASE)) {
        if (UNLIKELY(self->fs_base != context->fs_base))
            context_load_fs(self, context);
        return;
    }
    __asm__ volatile("wrfsbase %0" ::"r"(context->fs_base));
    __asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(context->gs_base) : "memory");
}

// What every thread has. An interrupt pushes straight into the context.
static inline void context_load(struct cpu *cpu, struct thread *thread) {
    machine_space_load(cpu, vm_space(thread->process->vm));
    cpu->machine.context = &thread->context;
    cpu->machine.tss.stack[0] = (uint64_t)&thread->context + CONTEXT_SIZE;
}

apart static void context_switch(struct cpu *cpu, struct thread *previous, struct thread *thread) {
    if (previous != NULL) {
        fpu_save(cpu, &previous->context);
        context_save_bases(&previous->context);
    }
    if (thread == NULL) {
        cpu->machine.context = NULL;
        machine_space_load(cpu, NULL);
        return;
    }
    context_load(cpu, thread);
    context_load_bases(&cpu->machine, &thread->context);
    fpu_load(cpu, &thread->context);
}

// The usual case: both threads use the FPU, which therefore is on and stays so.
void machine_switch(struct cpu *cpu, struct thread *previous, struct thread *thread) {
    if (previous == NULL || thread == NULL ||
        UNLIKELY(previous->context.fpu == NULL || thread->context.fpu == NULL)) {
        context_switch(cpu, previous, thread);
        return;
    }
    fpu_exchange(previous->context.fpu, thread->context.fpu);
    context_save_bases(&previous->context);
    context_load(cpu, thread);
    context_load_bases(&cpu->machine, &thread->context);
}
