// SPDX-License-Identifier: MIT
//
// Ends the machine; see power.h.
#include "platform/pc/power.h"

#include "platform/pc/port.h"

enum { POWER_DEBUG_EXIT = 0xf4 };

void power_off(uint8_t code) {
    port_write8(POWER_DEBUG_EXIT, code);
    for (;;)
        __asm__ volatile("cli; hlt");
}
