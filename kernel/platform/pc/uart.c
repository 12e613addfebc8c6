// SPDX-License-Identifier: MIT
//
// The 16550 UART; see uart.h. Registers are eight ports from the UART's first.
#include "platform/pc/uart.h"

#include "platform/pc/port.h"

enum {
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO_CONTROL = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
    UART_SCRATCH = 7,

    UART_LINE_8N1 = 0x03,
    UART_LINE_DIVISOR = 0x80,
    UART_FIFO_ON = 0x07,
    // DTR, RTS and OUT2, the gate of its interrupt line.
    UART_MODEM_READY = 0x0b,
    UART_STATUS_ROOM = 0x20,
    UART_STATUS_INPUT = 0x01,
    UART_INTERRUPT_INPUT = 0x01,
};

bool uart_exists(uint16_t port) {
    port_write8(port + UART_SCRATCH, 0x5a);
    return port_read8(port + UART_SCRATCH) == 0x5a;
}

bool uart_init(uint16_t port) {
    if (!uart_exists(port))
        return false;
    port_write8(port + UART_INTERRUPT_ENABLE, 0);
    port_write8(port + UART_LINE_CONTROL, UART_LINE_DIVISOR | UART_LINE_8N1);
    port_write8(port + UART_DATA, 1);
    port_write8(port + UART_INTERRUPT_ENABLE, 0);
    port_write8(port + UART_LINE_CONTROL, UART_LINE_8N1);
    port_write8(port + UART_FIFO_CONTROL, UART_FIFO_ON);
    port_write8(port + UART_MODEM_CONTROL, UART_MODEM_READY);
    return true;
}

static void uart_put(uint16_t port, uint8_t byte) {
    while (!(port_read8(port + UART_LINE_STATUS) & UART_STATUS_ROOM))
        __builtin_ia32_pause();
    port_write8(port + UART_DATA, byte);
}

void uart_write(uint16_t port, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            uart_put(port, '\r');
        uart_put(port, (uint8_t)text[i]);
    }
}

void uart_write_raw(uint16_t port, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        uart_put(port, data[i]);
}

void uart_interrupts_on(uint16_t port) {
    port_write8(port + UART_INTERRUPT_ENABLE, UART_INTERRUPT_INPUT);
}

bool uart_read(uint16_t port, uint8_t *byte) {
    if (!(port_read8(port + UART_LINE_STATUS) & UART_STATUS_INPUT))
        return false;
    *byte = port_read8(port + UART_DATA);
    return true;
}
