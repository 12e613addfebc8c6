// SPDX-License-Identifier: MIT
//
// The local APIC: interrupts between CPUs and its one-shot timer.
#ifndef CAPOS_ARCH_APIC_H
#define CAPOS_ARCH_APIC_H

#include <stdint.h>

// On the CPU that boots: finds the registers.
void apic_init(void);

// On every CPU: turns its APIC on, with the timer stopped.
void apic_enable(void);

uint32_t apic_id(void);
void apic_acknowledge(void);

// Sends an interrupt to one CPU; an NMI to all others; INIT and start-up (at a page below 1 MiB) to
// one.
void apic_send(uint32_t id, unsigned vector);
void apic_send_nmi_to_others(void);
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, uint64_t page);

// Interrupts once (IRQ_TIMER) after `ticks` of the APIC's clock; 0 stops the timer.
void apic_timer_start(uint32_t ticks);
uint32_t apic_timer_left(void);

#endif
