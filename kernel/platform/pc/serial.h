// SPDX-License-Identifier: MIT
//
// The serial ports with interrupts: machine/serial.h of the machine contract.
#ifndef CAPOS_PC_SERIAL_H
#define CAPOS_PC_SERIAL_H

#include "platform/pc/acpi.h"

#include <stdbool.h>
#include <stdint.h>

// At boot: finds the ports and routes their interrupts to the CPU with this APIC id.
void serial_init(const struct acpi_machine *machine, uint32_t apic_id);

// Has somebody opened COM1, so that the kernel's log must keep off it?
bool serial_has_console(void);

#endif
