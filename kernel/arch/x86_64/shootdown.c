// SPDX-License-Identifier: MIT
//
// TLB shootdown; see machine/space.h. Each CPU has a count of flushes that were asked of it and one
// of those that it has made. Whoever asks adds one to the first, interrupts the CPU and waits for
// the second; whoever is asked drops all user translations and copies the first to the second. That
// is done by the interrupt, and by machine_relax(), so that two CPUs that wait for each other both
// go on.
//
// Who is asked: the CPUs whose bit the space has. A CPU sets its bit when it loads the space and
// leaves it there when it loads another one, since it may soon come back. When it is asked about a
// space that it does not have loaded any more, it takes its bit out, and is not asked again. Only
// the CPU itself changes its bit.
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
    struct machine_space *space = atomic_exchange(&self->flush_space, NULL);
    // The kernel's translations are global and stay.
    x86_write_cr3(x86_read_cr3());
    // Whoever asked waits for the answer, so the space is still there; one who has asked since may
    // have said which it is in place of an earlier one, whose bit then stays.
    if (space != NULL && space != self->space)
        atomic_fetch_and(&space->cpus, ~(UINT64_C(1) << self->number));
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
    if (cpu->machine.space == space)
        shootdown_here(at, pages);
    else if (others & bit)
        atomic_fetch_and(&space->cpus, ~bit);
    others &= ~bit;
    for (uint64_t left = others; left != 0; left &= left - 1) {
        struct machine_cpu *target = &cpu->kernel->cpus[__builtin_ctzll(left)]->machine;
        atomic_store(&target->flush_space, space);
        wanted[target->number] = atomic_fetch_add(&target->flush_wanted, 1) + 1;
        apic_send(target->apic_id, IRQ_SHOOTDOWN);
    }
    for (uint64_t left = others; left != 0; left &= left - 1) {
        struct machine_cpu *target = &cpu->kernel->cpus[__builtin_ctzll(left)]->machine;
        while ((int32_t)(atomic_load(&target->flush_done) - wanted[target->number]) < 0)
            machine_relax();
    }
}
