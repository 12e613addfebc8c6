// SPDX-License-Identifier: MIT
//
// The kernel's log on serial lines; see console.h. A lock keeps lines of several CPUs apart; a CPU
// that panics does not wait for it for ever, since its holder may be stopped.
#include "platform/pc/console.h"

#include "arch/x86_64/backtrace.h"
#include "machine/log.h"
#include "platform/pc/serial.h"
#include "platform/pc/uart.h"

#include <stdatomic.h>

enum { CONSOLE_PATIENCE = 1000000 };

static const uint16_t console_ports[] = {UART_COM1, UART_COM4};
static bool console_there[sizeof console_ports / sizeof console_ports[0]];
static atomic_bool console_busy;

void console_init(void) {
    for (unsigned i = 0; i < sizeof console_ports / sizeof console_ports[0]; i++)
        console_there[i] = uart_init(console_ports[i]);
}

// Somebody else speaks on COM1 once it is opened; a panic is more important.
static bool console_is_taken(unsigned index) {
    return console_ports[index] == UART_COM1 && serial_has_console() && !backtrace_is_panicking();
}

void machine_log(struct cpu *cpu, const char *text, size_t size) {
    (void)cpu;
    for (int i = 0; atomic_exchange(&console_busy, true) && i < CONSOLE_PATIENCE; i++)
        __builtin_ia32_pause();
    for (unsigned i = 0; i < sizeof console_ports / sizeof console_ports[0]; i++)
        if (console_there[i] && !console_is_taken(i))
            uart_write(console_ports[i], text, size);
    atomic_store(&console_busy, false);
}
