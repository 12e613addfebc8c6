// SPDX-License-Identifier: MIT
//
// TLB shootdown; see machine/space.h. Each CPU has a count of flushes that were asked of it and one
// of those that it has made. Whoever asks adds one to the first, interrupts the CPU and waits for
// the second; whoever is asked drops all user translations and copies the first to the second. That
// is done by the interrupt, and by machine_relax(), so that two CPUs that wait for each other both
// go on.
#include "arch/x86_64/shootdown.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/x86.h"
#include "core/cpu.h"
#include "core/kernel.h"
#include "machine/space.h"

// More pages than this are cheaper to drop with all others.
enum { SHOOTDOWN_SINGLE = 16 };

void machine_flush(void) {
    struct machine_cpu *self = machine_self();
    uint32_t wanted = atomic_load(&self->flush_wanted);
    // The kernel's translations are global and stay.
    x86_write_cr3(x86_read_cr3());
    atomic_store(&self->flush_done, wanted);
}

static void shootdown_interrupt(struct cpu *cpu, unsigned vector) {
    (void)vector;
    cpu->counters.shootdowns++;
    machine_flush();
}

void shootdown_init(void) {
    irq_set(IRQ_SHOOTDOWN, shootdown_interrupt);
}

static void shootdown_here(struct uaddr at, uint64_t pages) {
    if (pages > SHOOTDOWN_SINGLE) {
        x86_write_cr3(x86_read_cr3());
        return;
    }
    for (uint64_t i = 0; i < pages; i++)
        x86_invalidate_page((const void *)(at.value + i * MMU_PAGE));
}

void machine_space_shootdown(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                             uint64_t pages) {
    uint32_t wanted[CAPOS_CPUS_MAX];
    uint64_t bit = UINT64_C(1) << cpu->machine.number;
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t others = atomic_load(&space->cpus);
    if (others & bit)
        shootdown_here(at, pages);
    others &= ~bit;
    for (uint64_t left = others; left != 0; left &= left - 1) {
        struct machine_cpu *target = &cpu->kernel->cpus[__builtin_ctzll(left)]->machine;
        wanted[target->number] = atomic_fetch_add(&target->flush_wanted, 1) + 1;
        apic_send(target->apic_id, IRQ_SHOOTDOWN);
    }
    for (uint64_t left = others; left != 0; left &= left - 1) {
        struct machine_cpu *target = &cpu->kernel->cpus[__builtin_ctzll(left)]->machine;
        while ((int32_t)(atomic_load(&target->flush_done) - wanted[target->number]) < 0)
            machine_relax();
    }
}
