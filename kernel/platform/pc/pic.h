// SPDX-License-Identifier: MIT
//
// The PC's old interrupt controllers: only silenced. The I/O APIC, which replaces them, routes the
// lines that are used.
#ifndef CAPOS_PC_PIC_H
#define CAPOS_PC_PIC_H

// Moves the old controllers' vectors off the exceptions and masks all their lines.
void pic_mask(void);

#endif
