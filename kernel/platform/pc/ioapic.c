// SPDX-License-Identifier: MIT
//
// The I/O APIC; see ioapic.h. Used at boot only, by one CPU.
#include "platform/pc/ioapic.h"

#include "arch/x86_64/mmu.h"

#include <stddef.h>

enum { IOAPIC_SELECT = 0, IOAPIC_WINDOW = 0x10, IOAPIC_SIZE = 0x20 };
enum { IOAPIC_VERSION = 1, IOAPIC_ENTRIES = 0x10 };
enum { IOAPIC_ACTIVE_LOW = 1 << 13, IOAPIC_LEVEL = 1 << 15, IOAPIC_MASKED = 1 << 16 };

static volatile uint8_t *ioapic_registers;
static uint32_t ioapic_count;

static volatile uint32_t *ioapic_at(unsigned index) {
    *(volatile uint32_t *)(ioapic_registers + IOAPIC_SELECT) = index;
    return (volatile uint32_t *)(ioapic_registers + IOAPIC_WINDOW);
}

void ioapic_init(const struct acpi_machine *machine) {
    if (machine->io_apic == 0)
        return;
    ioapic_registers = mmu_map_device(machine->io_apic, IOAPIC_SIZE);
    ioapic_count = (*ioapic_at(IOAPIC_VERSION) >> 16 & 0xff) + 1;
    for (uint32_t i = 0; i < ioapic_count; i++)
        *ioapic_at(IOAPIC_ENTRIES + 2 * i) = IOAPIC_MASKED;
}

bool ioapic_route(const struct acpi_machine *machine, uint8_t line, unsigned vector,
                  uint32_t apic_id) {
    uint32_t input = line, mode = 0;
    for (uint32_t i = 0; i < machine->override_count; i++) {
        const struct acpi_override *override = &machine->overrides[i];
        if (override->line != line)
            continue;
        input = override->input;
        mode |= (override->flags & 3) == 3 ? IOAPIC_ACTIVE_LOW : 0;
        mode |= (override->flags >> 2 & 3) == 3 ? IOAPIC_LEVEL : 0;
    }
    if (input < machine->io_apic_inputs || input - machine->io_apic_inputs >= ioapic_count)
        return false;
    unsigned entry = IOAPIC_ENTRIES + 2 * (input - machine->io_apic_inputs);
    *ioapic_at(entry + 1) = apic_id << 24;
    *ioapic_at(entry) = mode | vector;
    return true;
}
