// SPDX-License-Identifier: MIT
//
// Time on x86_64: the time-stamp counter as clock, the local APIC's timer as alarm, both measured
// against the PC's timer at boot.
#ifndef CAPOS_ARCH_CLOCK_H
#define CAPOS_ARCH_CLOCK_H

#include <stdint.h>

// Measures both clocks (under a millisecond) and starts counting time. The APIC is enabled.
void clock_init(void);

// Waits, for what a device or another CPU needs; at boot only.
void clock_wait(uint64_t nanoseconds);

uint64_t clock_tsc_khz(void);

#endif
