// SPDX-License-Identifier: MIT
//
// The PC's programmable interval timer, used only to measure other clocks by: its channel 2, which
// can count without interrupting.
#ifndef CAPOS_PC_PIT_H
#define CAPOS_PC_PIT_H

#include <stdint.h>

#define PIT_HZ UINT64_C(1193182)

// Starts counting down from 65535, over and over.
void pit_start(void);

// Where the count is, 16 bits.
uint32_t pit_read(void);

#endif
