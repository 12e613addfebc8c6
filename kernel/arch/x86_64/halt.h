// SPDX-License-Identifier: MIT
//
// Waiting for interrupts: machine_idle(), machine_interrupt_window() and machine_ipi() of the
// machine contract.
#ifndef CAPOS_ARCH_HALT_H
#define CAPOS_ARCH_HALT_H

// At boot: the timer's interrupt and other CPUs' are noted from now on.
void halt_init(void);

#endif
