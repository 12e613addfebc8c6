// SPDX-License-Identifier: MIT
//
// Waiting for interrupts, and sending them to other CPUs; see machine/cpu.h. The kernel runs with
// interrupts off but for the two places here.
#include "arch/x86_64/halt.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/irq.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "machine/cpu.h"

void machine_interrupt_window(struct cpu *cpu) {
    debug_section_end(cpu);
    // STI takes effect after the instruction that follows it.
    __asm__ volatile("sti; nop; cli" ::: "memory");
    debug_section_begin(cpu);
}

void machine_idle(struct cpu *cpu) {
    if (atomic_load_explicit(&cpu->pending, memory_order_relaxed) != 0)
        return;
    // Interrupts come only once HLT waits, so none is missed in between.
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}

void machine_ipi(struct cpu *cpu, struct cpu *target) {
    (void)cpu;
    apic_send(target->machine.apic_id, IRQ_IPI);
}

static void halt_timer(struct cpu *cpu, unsigned vector) {
    (void)vector;
    cpu->counters.timers++;
    cpu_interrupt_pending(cpu, PENDING_TIMER);
}

static void halt_ipi(struct cpu *cpu, unsigned vector) {
    (void)vector;
    cpu->counters.interrupts++;
    cpu_interrupt_pending(cpu, PENDING_IPI);
}

void halt_init(void) {
    irq_set(IRQ_TIMER, halt_timer);
    irq_set(IRQ_IPI, halt_ipi);
}
