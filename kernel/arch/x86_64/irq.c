// SPDX-License-Identifier: MIT
//
// Interrupts; see irq.h. The table is written at boot only.
#include "arch/x86_64/irq.h"

#include "arch/x86_64/apic.h"
#include "core/panic.h"

#include <stddef.h>

enum { IRQ_VECTORS = 256 };

static irq_handler *irq_handlers[IRQ_VECTORS];

void irq_set(unsigned vector, irq_handler *handler) {
    if (vector < IRQ_FIRST || vector >= IRQ_VECTORS || irq_handlers[vector] != NULL)
        panic("interrupt %u can't have this handler", vector);
    irq_handlers[vector] = handler;
}

void irq_handle(struct cpu *cpu, unsigned vector) {
    // Sent instead of an interrupt that went away; not to be acknowledged.
    if (vector == IRQ_SPURIOUS || (vector >= IRQ_OLD && vector < IRQ_OLD_END))
        return;
    if (irq_handlers[vector] == NULL)
        panic("interrupt %u that nobody asked for", vector);
    irq_handlers[vector](cpu, vector);
    apic_acknowledge();
}
