// SPDX-License-Identifier: MIT
//
// The local APIC; see apic.h. Registers are memory, or MSRs when the firmware has turned x2APIC on,
// which can't be undone.
#include "arch/x86_64/apic.h"

#include "arch/x86_64/irq.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/x86.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    APIC_ID = 0x20,
    APIC_ACKNOWLEDGE = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_COMMAND = 0x300,
    APIC_COMMAND_HIGH = 0x310,
    APIC_TIMER = 0x320,
    APIC_TIMER_START = 0x380,
    APIC_TIMER_LEFT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};

enum {
    APIC_BASE_X2 = 1 << 10,
    APIC_BASE_ON = 1 << 11,
    APIC_SOFTWARE_ON = 1 << 8,
    APIC_DIVIDE_BY_1 = 0xb,
    APIC_MASKED = 1 << 16,
    APIC_COMMAND_BUSY = 1 << 12,
    APIC_COMMAND_ASSERT = 1 << 14,
    APIC_COMMAND_NMI = 4 << 8,
    APIC_COMMAND_INIT = 5 << 8,
    APIC_COMMAND_STARTUP = 6 << 8,
    APIC_COMMAND_TO_OTHERS = 3 << 18,
    APIC_PAGE_SIZE = 4096,
    MSR_X2APIC = 0x800,
};

// NULL with x2APIC.
static volatile uint8_t *apic_registers;

static uint32_t apic_read(unsigned offset) {
    if (apic_registers == NULL)
        return (uint32_t)x86_read_msr(MSR_X2APIC + offset / 16);
    return *(volatile uint32_t *)(apic_registers + offset);
}

static void apic_write(unsigned offset, uint32_t value) {
    if (apic_registers == NULL)
        x86_write_msr(MSR_X2APIC + offset / 16, value);
    else
        *(volatile uint32_t *)(apic_registers + offset) = value;
}

void apic_init(void) {
    uint64_t base = x86_read_msr(MSR_APIC_BASE);
    if (!(base & APIC_BASE_X2))
        apic_registers = mmu_map_device(base & UINT64_C(0xffffff000), APIC_PAGE_SIZE);
}

void apic_enable(void) {
    x86_write_msr(MSR_APIC_BASE, x86_read_msr(MSR_APIC_BASE) | APIC_BASE_ON);
    apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ON | IRQ_SPURIOUS);
    apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    apic_write(APIC_TIMER, IRQ_TIMER);
    apic_write(APIC_TIMER_START, 0);
}

uint32_t apic_id(void) {
    uint32_t id = apic_read(APIC_ID);
    return apic_registers == NULL ? id : id >> 24;
}

void apic_acknowledge(void) {
    apic_write(APIC_ACKNOWLEDGE, 0);
}

static void apic_command(uint32_t id, uint32_t command) {
    if (apic_registers == NULL) {
        x86_write_msr(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)id << 32 | command);
        return;
    }
    while (apic_read(APIC_COMMAND) & APIC_COMMAND_BUSY)
        x86_pause();
    apic_write(APIC_COMMAND_HIGH, id << 24);
    apic_write(APIC_COMMAND, command);
}

void apic_send(uint32_t id, unsigned vector) {
    apic_command(id, APIC_COMMAND_ASSERT | vector);
}

void apic_send_nmi_to_others(void) {
    apic_command(0, APIC_COMMAND_ASSERT | APIC_COMMAND_TO_OTHERS | APIC_COMMAND_NMI);
}

void apic_send_init(uint32_t id) {
    apic_command(id, APIC_COMMAND_ASSERT | APIC_COMMAND_INIT);
}

void apic_send_startup(uint32_t id, uint64_t page) {
    apic_command(id, APIC_COMMAND_ASSERT | APIC_COMMAND_STARTUP | (uint32_t)(page >> 12));
}

void apic_timer_start(uint32_t ticks) {
    apic_write(APIC_TIMER_START, ticks);
}

uint32_t apic_timer_left(void) {
    return apic_read(APIC_TIMER_LEFT);
}
