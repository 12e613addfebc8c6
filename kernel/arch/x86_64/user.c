// SPDX-License-Identifier: MIT
//
// What user mode comes to the kernel with: system calls, exceptions, interrupts. Each ends by going
// on with some thread; when there is none the CPU idles.
#include "arch/x86_64/user.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/entry.h"
#include "arch/x86_64/fpu.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/trap.h"
#include "arch/x86_64/x86.h"
#include "base/attributes.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/sched.h"
#include "core/thread.h"

#include <capos/entry.h>

#include "schemas/process.capos.h"

enum { USER_EXCEPTIONS = 32, USER_REGISTERS = 15 };

// Causes that have no name of their own are `other`; so 0, which is divideError, is entered as
// itself plus 1.
static const uint8_t user_causes[USER_EXCEPTIONS] = {
    [0] = CAPOS_CRASH_CAUSE_DIVIDE_ERROR + 1,         [1] = CAPOS_CRASH_CAUSE_DEBUG + 1,
    [3] = CAPOS_CRASH_CAUSE_BREAKPOINT + 1,           [4] = CAPOS_CRASH_CAUSE_OVERFLOW + 1,
    [5] = CAPOS_CRASH_CAUSE_BOUND_RANGE + 1,          [6] = CAPOS_CRASH_CAUSE_INVALID_OPCODE + 1,
    [7] = CAPOS_CRASH_CAUSE_DEVICE_NOT_AVAILABLE + 1, [12] = CAPOS_CRASH_CAUSE_STACK_FAULT + 1,
    [13] = CAPOS_CRASH_CAUSE_GENERAL_PROTECTION + 1,  [14] = CAPOS_CRASH_CAUSE_PAGE_FAULT + 1,
    [16] = CAPOS_CRASH_CAUSE_FLOATING_POINT + 1,      [17] = CAPOS_CRASH_CAUSE_ALIGNMENT + 1,
    [19] = CAPOS_CRASH_CAUSE_FLOATING_POINT + 1,
};

void user_go_on(struct cpu *cpu, struct thread *thread) {
    if (thread == NULL)
        thread = sched_idle(cpu);
    kassert(thread == cpu->current && cpu->machine.context == &thread->context);
    entry_resume(&thread->context);
}

// Never returns, so a guard of its return address would guard nothing.
flat __attribute__((no_stack_protector)) void user_syscall(uint64_t a, uint64_t b, uint64_t c,
                                                           uint64_t number) {
    struct cpu *cpu = cpu_current();
    if (number == CAPOS_SYSCALL_CAP_ENTER)
        user_go_on(cpu, ringserve_enter(cpu, (uint32_t)a, (uint32_t)b, c));
    if (number == CAPOS_SYSCALL_EXIT)
        user_go_on(cpu, process_exit(cpu, (int32_t)a));
    machine_context_set_result(cpu->machine.context, CAPOS_SYSCALL_UNKNOWN);
    user_go_on(cpu, cpu->current);
}

static struct thread *user_crash(struct cpu *cpu, const struct machine_context *c) {
    uint8_t cause = user_causes[c->vector];
    struct crash_record crash = {
        .cause = cause ? cause - 1u : CAPOS_CRASH_CAUSE_OTHER,
        .code = c->error,
        .address = c->vector == VECTOR_PAGE_FAULT ? x86_read_cr2() : 0,
        .instruction = c->rip,
        .stack = c->rsp,
        .flags = c->flags,
        .registers = {c->rax, c->rbx, c->rcx, c->rdx, c->rsi, c->rdi, c->rbp, c->r8, c->r9, c->r10,
                      c->r11, c->r12, c->r13, c->r14, c->r15},
    };
    return process_crash(cpu, &crash);
}

static struct thread *user_exception(struct cpu *cpu, const struct machine_context *context) {
    if (context->vector != VECTOR_NO_FPU || context->fpu != NULL)
        return user_crash(cpu, context);
    fpu_first_use(cpu, &cpu->current->context);
    return cpu->current;
}

void trap_user(struct machine_context *context) {
    struct cpu *cpu = cpu_current();
    kassert(context == cpu->machine.context);
    if (context->vector < IRQ_FIRST)
        user_go_on(cpu, user_exception(cpu, context));
    irq_handle(cpu, (unsigned)context->vector);
    user_go_on(cpu, sched_interrupt(cpu));
}
