// SPDX-License-Identifier: MIT
//
// What ACPI's tables say of the machine: CPUs and interrupt controllers (MADT), how to turn it off
// (FADT). Tables are firmware's: each is checked before it is read, and without them the machine
// has one CPU.
#ifndef CAPOS_PC_ACPI_H
#define CAPOS_PC_ACPI_H

#include <capos/limits.h>
#include <stdint.h>

enum { ACPI_OVERRIDES = 16 };

// An old interrupt line that enters the I/O APIC elsewhere, or in another manner.
struct acpi_override {
    uint8_t line;
    uint32_t input;
    uint16_t flags; // bits 0-1 polarity (3: active low), bits 2-3 trigger (3: level)
};

struct acpi_machine {
    uint32_t cpu_count; // 0 when nothing is known
    uint32_t apic_ids[CAPOS_CPUS_MAX];
    uint32_t cpus_left_out;  // more than CAPOS_CPUS_MAX
    uint64_t io_apic;        // physical address, 0 for none
    uint32_t io_apic_inputs; // the number of its first input
    uint32_t override_count;
    struct acpi_override overrides[ACPI_OVERRIDES];
    uint16_t power_port; // PM1a control, 0 when unknown
};

// Reads the tables, whose root is at physical address `root`, or (when that is 0) is where old
// firmware puts it; or of which `root_copy` is a copy, when that is not NULL. Logs what is wrong
// with them.
void acpi_read(struct acpi_machine *machine, uint64_t root, const uint8_t *root_copy);

#endif
