// SPDX-License-Identifier: MIT
//
// Ends the machine; see power.h.
#include "platform/pc/power.h"

#include "platform/pc/port.h"

enum { POWER_DEBUG_EXIT = 0xf4 };
enum { POWER_ACPI_SLEEP = 1 << 13 }; // with type 0, which is off on QEMU
enum { POWER_RESET_PORT = 0xcf9, POWER_RESET_HARD = 2, POWER_RESET_NOW = 6 };
enum { POWER_KEYBOARD = 0x64, POWER_KEYBOARD_RESET = 0xfe };

static uint16_t power_acpi_port;

void power_init(uint16_t acpi_port) {
    power_acpi_port = acpi_port;
}

void power_halt(void) {
    for (;;)
        __asm__ volatile("cli; hlt");
}

void power_off(uint8_t code) {
    port_write8(POWER_DEBUG_EXIT, code);
    // A panic must stay on the screen.
    if (code != POWER_PANIC && power_acpi_port != 0)
        port_write16(power_acpi_port, POWER_ACPI_SLEEP);
    power_halt();
}

void power_reset(void) {
    port_write8(POWER_RESET_PORT, POWER_RESET_HARD);
    port_write8(POWER_RESET_PORT, POWER_RESET_NOW);
    port_write8(POWER_KEYBOARD, POWER_KEYBOARD_RESET);
    power_halt();
}
