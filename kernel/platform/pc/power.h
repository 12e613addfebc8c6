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

// The port of ACPI's PM1a control, when the tables name one.
void power_init(uint16_t acpi_port);

// Turns the machine off, telling the host `code`. Other CPUs are stopped. A machine that knows
// neither QEMU's way nor QEMU's kind of ACPI halts for ever.
_Noreturn void power_off(uint8_t code);

// Restarts the machine.
_Noreturn void power_reset(void);

// Halts this CPU for ever.
_Noreturn void power_halt(void);

#endif
