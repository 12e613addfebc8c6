// SPDX-License-Identifier: MIT
//
// ACPI's static tables; see acpi.h. A table is mapped twice: its header, to learn its size, then
// all of it.
#include "platform/pc/acpi.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/mmu.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>

enum { ACPI_HEADER = 36, ACPI_TABLE_MAX = 1 << 20, ACPI_ROOT_SIZE = 20 };
enum { ACPI_SEARCH_START = 0xe0000, ACPI_SEARCH_END = 0x100000 };
enum { MADT_ENTRIES = 44, MADT_APIC = 0, MADT_IO_APIC = 1, MADT_OVERRIDE = 2, MADT_X2APIC = 9 };
enum { MADT_ENABLED = 1, FADT_PM1A_CONTROL = 64 };

struct acpi_root {
    uint64_t table;
    bool wide; // 64-bit entries
};

static bool acpi_sum_is_zero(const uint8_t *bytes, size_t size) {
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

static bool acpi_is_root(const uint8_t *bytes) {
    return memcmp(bytes, "RSD PTR ", 8) == 0 && acpi_sum_is_zero(bytes, ACPI_ROOT_SIZE);
}

static struct acpi_root acpi_read_root(const uint8_t *bytes) {
    uint64_t wide = bytes[15] >= 2 ? load_u64(bytes + 24) : 0;
    return wide ? (struct acpi_root){wide, true} : (struct acpi_root){load_u32(bytes + 16), false};
}

static struct acpi_root acpi_find_root(uint64_t address, const uint8_t *copy) {
    if (copy != NULL && acpi_is_root(copy))
        return acpi_read_root(copy);
    uint64_t end = address ? address + 1 : ACPI_SEARCH_END;
    if (address == 0)
        address = ACPI_SEARCH_START;
    const uint8_t *bytes = (const uint8_t *)mmu_map_device(address, end - address + ACPI_HEADER);
    for (uint64_t at = 0; at < end - address; at += 16)
        if (acpi_is_root(bytes + at))
            return acpi_read_root(bytes + at);
    return (struct acpi_root){0};
}

// The whole table at a physical address, or NULL when it is none.
static const uint8_t *acpi_table(uint64_t address, uint32_t *size) {
    const uint8_t *header = (const uint8_t *)mmu_map_device(address, ACPI_HEADER);
    *size = load_u32(header + 4);
    if (*size < ACPI_HEADER || *size > ACPI_TABLE_MAX)
        return NULL;
    const uint8_t *table = (const uint8_t *)mmu_map_device(address, *size);
    return acpi_sum_is_zero(table, *size) ? table : NULL;
}

static void acpi_read_cpu(struct acpi_machine *machine, uint32_t id, uint32_t flags) {
    if (!(flags & MADT_ENABLED))
        return;
    if (machine->cpu_count == CAPOS_CPUS_MAX)
        machine->cpus_left_out++;
    else
        machine->apic_ids[machine->cpu_count++] = id;
}

static void acpi_read_override(struct acpi_machine *machine, const uint8_t *entry) {
    if (machine->override_count < ACPI_OVERRIDES)
        machine->overrides[machine->override_count++] =
            (struct acpi_override){entry[3], load_u32(entry + 4), load_u16(entry + 8)};
}

static void acpi_read_io_apic(struct acpi_machine *machine, const uint8_t *entry) {
    if (machine->io_apic != 0)
        return;
    machine->io_apic = load_u32(entry + 4);
    machine->io_apic_inputs = load_u32(entry + 8);
}

static void acpi_read_madt(struct acpi_machine *machine, const uint8_t *table, uint32_t size) {
    for (uint32_t at = MADT_ENTRIES; at + 2 <= size;) {
        const uint8_t *entry = table + at;
        uint32_t length = entry[1];
        if (length < 2 || length > size - at)
            return;
        if (entry[0] == MADT_APIC && length >= 8)
            acpi_read_cpu(machine, entry[3], load_u32(entry + 4));
        else if (entry[0] == MADT_X2APIC && length >= 16)
            acpi_read_cpu(machine, load_u32(entry + 4), load_u32(entry + 8));
        else if (entry[0] == MADT_IO_APIC && length >= 12)
            acpi_read_io_apic(machine, entry);
        else if (entry[0] == MADT_OVERRIDE && length >= 10)
            acpi_read_override(machine, entry);
        at += length;
    }
}

static void acpi_read_table(struct acpi_machine *machine, uint64_t address) {
    uint32_t size;
    const uint8_t *table = acpi_table(address, &size);
    if (table == NULL)
        log_line(cpu_current(), "ACPI: the table at %lx is broken", (unsigned long)address);
    else if (memcmp(table, "APIC", 4) == 0)
        acpi_read_madt(machine, table, size);
    else if (memcmp(table, "FACP", 4) == 0 && size >= FADT_PM1A_CONTROL + 4)
        machine->power_port = (uint16_t)load_u32(table + FADT_PM1A_CONTROL);
}

void acpi_read(struct acpi_machine *machine, uint64_t root, const uint8_t *root_copy) {
    uint32_t size = 0;
    memset(machine, 0, sizeof *machine);
    struct acpi_root found = acpi_find_root(root, root_copy);
    const uint8_t *table = found.table ? acpi_table(found.table, &size) : NULL;
    if (table == NULL) {
        log_line(cpu_current(), "ACPI: no tables; one CPU is used");
        return;
    }
    uint32_t step = found.wide ? 8 : 4;
    for (uint32_t at = ACPI_HEADER; at + step <= size; at += step)
        acpi_read_table(machine, found.wide ? load_u64(table + at) : load_u32(table + at));
    if (machine->cpus_left_out != 0)
        log_line(cpu_current(), "ACPI: %u CPUs are left out", machine->cpus_left_out);
}
