// SPDX-License-Identifier: MIT
//
// The interval timer's channel 2; see pit.h.
#include "platform/pc/pit.h"

#include "platform/pc/port.h"

enum {
    PIT_CHANNEL_2 = 0x42,
    PIT_COMMAND = 0x43,
    PIT_GATE = 0x61,
    PIT_GATE_ON = 1,
    PIT_SPEAKER_ON = 2,
    PIT_RATE_2 = 0xb4, // channel 2, low then high byte, rate generator
    PIT_LATCH_2 = 0x80,
};

void pit_start(void) {
    port_write8(PIT_GATE, (port_read8(PIT_GATE) & ~PIT_SPEAKER_ON) | PIT_GATE_ON);
    port_write8(PIT_COMMAND, PIT_RATE_2);
    port_write8(PIT_CHANNEL_2, 0xff);
    port_write8(PIT_CHANNEL_2, 0xff);
}

uint32_t pit_read(void) {
    port_write8(PIT_COMMAND, PIT_LATCH_2);
    uint32_t low = port_read8(PIT_CHANNEL_2);
    return low | (uint32_t)port_read8(PIT_CHANNEL_2) << 8;
}
