// SPDX-License-Identifier: MIT
//
// One 16550 UART: 115200 baud, 8n1, FIFO on. Sending polls; input can interrupt. Callers keep two
// CPUs off one UART.
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

bool uart_exists(uint16_t port);

// Sends `size` bytes, waiting for room; a new line is sent as CR LF, or as it is.
void uart_write(uint16_t port, const char *text, size_t size);
void uart_write_raw(uint16_t port, const uint8_t *data, size_t size);

// Interrupts from now on whenever there is input.
void uart_interrupts_on(uint16_t port);

// Takes one byte of input; false when there is none.
bool uart_read(uint16_t port, uint8_t *byte);

#endif
