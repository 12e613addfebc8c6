// SPDX-License-Identifier: MIT
//
// The I/O APIC: brings the lines of devices to CPUs.
#ifndef CAPOS_PC_IOAPIC_H
#define CAPOS_PC_IOAPIC_H

#include "platform/pc/acpi.h"

#include <stdbool.h>
#include <stdint.h>

// Masks all its inputs. Does nothing on a machine without one.
void ioapic_init(const struct acpi_machine *machine);

// Routes one of the PC's old interrupt lines (0 to 15) to a vector of one CPU. False when there is
// no such input.
bool ioapic_route(const struct acpi_machine *machine, uint8_t line, unsigned vector,
                  uint32_t apic_id);

#endif
