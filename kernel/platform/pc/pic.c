// SPDX-License-Identifier: MIT
//
// Silencing the old interrupt controllers; see pic.h. Masked ones may still send a spurious
// interrupt: its vector must be none of an exception's.
#include "platform/pc/pic.h"

#include "platform/pc/port.h"

enum { PIC_FIRST = 0x20, PIC_SECOND = 0xa0, PIC_INITIALIZE = 0x11, PIC_8086 = 1 };
enum { PIC_VECTOR = 0x20, PIC_CASCADE_LINE = 2 };

void pic_mask(void) {
    port_write8(PIC_FIRST, PIC_INITIALIZE);
    port_write8(PIC_SECOND, PIC_INITIALIZE);
    port_write8(PIC_FIRST + 1, PIC_VECTOR);
    port_write8(PIC_SECOND + 1, PIC_VECTOR + 8);
    port_write8(PIC_FIRST + 1, 1 << PIC_CASCADE_LINE);
    port_write8(PIC_SECOND + 1, PIC_CASCADE_LINE);
    port_write8(PIC_FIRST + 1, PIC_8086);
    port_write8(PIC_SECOND + 1, PIC_8086);
    port_write8(PIC_FIRST + 1, 0xff);
    port_write8(PIC_SECOND + 1, 0xff);
}
