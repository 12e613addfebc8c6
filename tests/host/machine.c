// SPDX-License-Identifier: MIT
//
// The host's side of the machine contract, address spaces included: a vm only counts what is
// mapped, because tests reach rings through the direct map.
#include "core/debug.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/vm.h"
#include "machine/context.h"
#include "machine/log.h"
#include "machine/time.h"
#include "tests/host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Atomic uint64_t host_cycles;
void (*host_relax)(void);

struct vm {
    struct machine_space space;
    struct ledger *ledger;
    uint64_t next; // address
};

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

void machine_log(struct cpu *cpu, const char *text, size_t size) {
    (void)cpu;
    fwrite(text, 1, size, stderr);
}

void machine_context_init(struct machine_context *context, const struct machine_start *start) {
    *context = (struct machine_context){
        .entry = start->entry.value,
        .stack = start->stack.value,
        .argument = {start->argument[0], start->argument[1], start->argument[2]},
        .thread_base = start->thread_base.value,
    };
}

void machine_context_fini(struct cpu *cpu, struct machine_context *context) {
    (void)cpu;
    if (context->owner != 0)
        panic("registers are given back that CPU %u has", context->owner - 1);
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
    if (thread != NULL && atomic_exchange(&thread->context.owner, cpu->index + 1) != 0)
        panic("two CPUs have the same thread");
    cpu->machine.loaded = thread == NULL ? NULL : vm_space(thread->process->vm);
}

enum capos_status vm_create(struct cpu *cpu, struct ledger *ledger, struct vm **out) {
    void *block;
    enum capos_status status = kmem_alloc(cpu, ledger, sizeof(struct vm), &block);

    if (status != CAPOS_STATUS_OK)
        return status;
    *out = block;
    (*out)->ledger = ledger;
    (*out)->next = MACHINE_USER_START;
    return CAPOS_STATUS_OK;
}

bool vm_reap(struct cpu *cpu, struct vm *vm, uint64_t budget) {
    (void)cpu, (void)vm, (void)budget;
    return true; // blocks are all that is mapped, and their owners unmap them
}

void vm_destroy(struct cpu *cpu, struct vm *vm) {
    if (vm->space.mappings != 0)
        panic("vm: %u blocks are still mapped", vm->space.mappings);
    for (uint32_t i = 0; i < cpu->kernel->cpu_count; i++)
        if (cpu->kernel->cpus[i]->machine.loaded == &vm->space)
            panic("vm: destroyed while CPU %u has it loaded", i);
    kmem_free(cpu, vm->ledger, vm, sizeof(*vm));
}

struct machine_space *vm_space(struct vm *vm) {
    return &vm->space;
}

enum capos_status vm_map_block(struct cpu *cpu, struct vm *vm, struct paddr block, uint64_t pages,
                               enum protection protection, struct uaddr *at) {
    (void)block, (void)protection;
    if (debug_should_fail(cpu))
        return CAPOS_STATUS_OVERLOADED;
    vm->space.mappings++;
    at->value = vm->next;
    vm->next += pages * CAPOS_PAGE_SIZE;
    return CAPOS_STATUS_OK;
}

void vm_unmap_block(struct cpu *cpu, struct vm *vm, struct uaddr at, uint64_t pages) {
    (void)cpu;
    if (at.value + pages * CAPOS_PAGE_SIZE > vm->next || vm->space.mappings == 0)
        panic("vm: no such block");
    vm->space.mappings--;
}
