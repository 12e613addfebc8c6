// SPDX-License-Identifier: MIT
//
// Ends the machine, and tells the host how it went.
#ifndef CAPOS_PC_POWER_H
#define CAPOS_PC_POWER_H

#include <stdint.h>

// What a host reads as the machine's end when it has QEMU's isa-debug-exit at port 0xf4:
// POWER_STATUS plus a status of 0 to 100, or POWER_PANIC. Statuses start above 0, which looks like
// a failure of QEMU's own.
#define POWER_STATUS     0x10
#define POWER_STATUS_MAX 100
#define POWER_PANIC      0x7f

// Turns the machine off, telling the host `code`; halts for ever when nothing turns it off.
_Noreturn void power_off(uint8_t code);

#endif
