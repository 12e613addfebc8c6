// SPDX-License-Identifier: MIT
//
// The host's side of the machine contract, but for address spaces (space.c) and frames (frame.c).
#include "core/debug.h"
#include "core/panic.h"
#include "core/vm.h"
#include "machine/context.h"
#include "machine/time.h"
#include "tests/host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Atomic uint64_t host_cycles;
void (*host_relax)(void);
_Thread_local void *host_notes;

void *machine_notes(void) {
    static _Thread_local uint64_t notes[MACHINE_NOTES / 8];

    return host_notes == NULL ? notes : host_notes;
}

void panic(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "panic: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

void machine_interrupt_window(struct cpu *cpu) {
    cpu->machine.host->windows++;
    if (cpu->machine.host->window != NULL)
        cpu->machine.host->window(cpu);
}

void machine_idle(struct cpu *cpu) {
    if (cpu->machine.host->idle == NULL)
        panic("a host CPU has nothing to wait for");
    cpu->machine.host->idle(cpu);
}

void machine_ipi(struct cpu *cpu, struct cpu *target) {
    (void)cpu;
    target->machine.ipis++;
    cpu_interrupt_pending(target, PENDING_IPI);
}

uint64_t machine_random(struct cpu *cpu) {
    return atomic_fetch_add(&cpu->machine.host->random, UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t machine_now(struct cpu *cpu) {
    return cpu->machine.host->now;
}

void machine_timer_arm(struct cpu *cpu, uint64_t deadline) {
    cpu->machine.timer = deadline;
    cpu->machine.armed++;
    if (deadline <= cpu->machine.host->now)
        cpu_interrupt_pending(cpu, PENDING_TIMER);
}

uint64_t machine_cycles_ns(struct cpu *cpu, uint64_t cycles) {
    (void)cpu;
    return cycles;
}

void machine_context_init(struct machine_context *context, const struct machine_start *start) {
    *context = (struct machine_context){
        .entry = start->entry.value,
        .stack = start->stack.value,
        .argument = {start->argument[0], start->argument[1], start->argument[2]},
        .thread_base = start->thread_base.value,
        .state = start->state,
    };
    memset(context->state, 0, MACHINE_STATE_BYTES);
}

void machine_context_fini(struct cpu *cpu, struct machine_context *context) {
    uint32_t owner = context->owner;

    if (owner != 0 && owner != cpu->index + 1)
        panic("registers are given back that CPU %u has", owner - 1);
    context->state = NULL;
}

void machine_context_set_result(struct machine_context *context, uint64_t result) {
    context->result = result;
    context->results++;
}

void machine_context_set_thread_base(struct machine_context *context, struct uaddr base) {
    context->thread_base = base.value;
}

void machine_switch(struct cpu *cpu, struct thread *previous, struct thread *thread) {
    struct host *host = cpu->machine.host;

    if (host->switching != NULL)
        host->switching(cpu, previous, thread);
    cpu->machine.switches++;
    if (previous == thread)
        panic("a CPU switches from a thread to the same");
    if (previous != NULL && atomic_exchange(&previous->context.owner, 0) != cpu->index + 1)
        panic("a CPU leaves a thread that another one has");
    if (previous != NULL && previous->context.state != NULL)
        memset(previous->context.state, (int)cpu->index, MACHINE_STATE_BYTES);
    if (thread != NULL && atomic_exchange(&thread->context.owner, cpu->index + 1) != 0)
        panic("two CPUs have the same thread");
    cpu->machine.loaded = thread == NULL ? NULL : vm_space(thread->process->vm);
}
