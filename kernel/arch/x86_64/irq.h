// SPDX-License-Identifier: MIT
//
// Interrupts: which vector is whose. Handlers run with interrupts off, on whatever the CPU was
// doing; they may record (cpu_interrupt_pending) and acknowledge, nothing else.
#ifndef CAPOS_ARCH_IRQ_H
#define CAPOS_ARCH_IRQ_H

#include "machine/types.h"

#include <stdint.h>

enum {
    IRQ_FIRST = 32, // below are exceptions
    IRQ_OLD = 0x20, // the old controllers', which are masked but may still send a spurious one
    IRQ_OLD_END = 0x30,
    IRQ_DEVICES = 0x30,
    IRQ_DEVICES_END = 0x40,
    IRQ_TIMER = 0xf0,
    IRQ_IPI = 0xf1,
    IRQ_SHOOTDOWN = 0xf2,
    IRQ_SPURIOUS = 0xff,
};

typedef void irq_handler(struct cpu *cpu, unsigned vector);

// At boot: who handles a vector. Panics when somebody does already.
void irq_set(unsigned vector, irq_handler *handler);

// Called by the trap code for every vector from IRQ_FIRST on.
void irq_handle(struct cpu *cpu, unsigned vector);

#endif
