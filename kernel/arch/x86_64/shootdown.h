// SPDX-License-Identifier: MIT
//
// TLB shootdown: the machine contract has machine_space_shootdown() and machine_flush().
#ifndef CAPOS_ARCH_SHOOTDOWN_H
#define CAPOS_ARCH_SHOOTDOWN_H

// At boot: answers the other CPUs' interrupts from now on.
void shootdown_init(void);

#endif
