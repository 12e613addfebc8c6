// SPDX-License-Identifier: MIT
//
// The interrupt descriptor table: one for all CPUs, filled once.
#ifndef CAPOS_ARCH_IDT_H
#define CAPOS_ARCH_IDT_H

void idt_init(void);
void idt_load(void);

#endif
