// SPDX-License-Identifier: MIT
//
// One 16550 UART by polling: 115200 baud, 8n1, FIFO on. Callers keep two CPUs off one UART.
#ifndef CAPOS_PC_UART_H
#define CAPOS_PC_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_COM1 0x3f8
#define UART_COM2 0x2f8
#define UART_COM3 0x3e8
#define UART_COM4 0x2e8

// Sets the UART up; false if there is none at that port.
bool uart_init(uint16_t port);

// Sends `size` bytes, waiting for room; a new line is sent as CR LF.
void uart_write(uint16_t port, const char *text, size_t size);

#endif
