// SPDX-License-Identifier: MIT
//
// COM1 to COM3 with interrupts; see serial.h. COM1 and COM3 share an interrupt line that is
// edge-triggered: its handler empties both until neither has anything. Each port's lock guards its
// buffer and its sending; it is taken in the interrupt handler too, which is fine as nobody holds
// it with interrupts on.
#include "platform/pc/serial.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/irq.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/log.h"
#include "machine/serial.h"
#include "platform/pc/ioapic.h"
#include "platform/pc/uart.h"

struct serial_port {
    struct lock lock;
    bool exists;
    bool open;
    uint32_t start, count; // of what is kept
    uint8_t kept[MACHINE_SERIAL_KEPT];
};

static const struct {
    uint16_t address;
    uint8_t line;
} serial_places[MACHINE_SERIAL_PORTS] = {{UART_COM1, 4}, {UART_COM2, 3}, {UART_COM3, 4}};

static struct serial_port serial_ports[MACHINE_SERIAL_PORTS];

enum { SERIAL_LINE_FIRST = 3, SERIAL_LINE_LAST = 4 };

// Takes in what a port has; false when that is nothing.
static bool serial_take(struct serial_port *port, uint16_t address) {
    uint8_t byte;
    bool any = false;
    lock_take(&port->lock);
    while (port->open && uart_read(address, &byte)) {
        any = true;
        if (port->count < MACHINE_SERIAL_KEPT)
            port->kept[(port->start + port->count++) % MACHINE_SERIAL_KEPT] = byte;
    }
    lock_drop(&port->lock);
    return any;
}

static void serial_interrupt(struct cpu *cpu, unsigned vector) {
    uint8_t line = (uint8_t)(vector - IRQ_DEVICES);
    bool any;
    do {
        any = false;
        for (uint32_t i = 0; i < MACHINE_SERIAL_PORTS; i++)
            if (serial_places[i].line == line)
                any |= serial_take(&serial_ports[i], serial_places[i].address);
        if (any)
            cpu_interrupt_pending(cpu, PENDING_SERIAL);
    } while (any);
}

void serial_init(const struct acpi_machine *machine, uint32_t apic_id) {
    for (uint32_t i = 0; i < MACHINE_SERIAL_PORTS; i++) {
        lock_init(&serial_ports[i].lock, LOCK_DEVICE);
        serial_ports[i].exists = uart_exists(serial_places[i].address);
    }
    for (uint8_t line = SERIAL_LINE_FIRST; line <= SERIAL_LINE_LAST; line++) {
        irq_set(IRQ_DEVICES + line, serial_interrupt);
        if (!ioapic_route(machine, line, IRQ_DEVICES + line, apic_id))
            log_line(cpu_current(), "no interrupts from serial ports: line %u has no I/O APIC",
                     line);
    }
}

bool serial_has_console(void) {
    return serial_ports[0].open;
}

bool machine_serial_exists(struct cpu *cpu, uint32_t port) {
    (void)cpu;
    return port < MACHINE_SERIAL_PORTS && serial_ports[port].exists;
}

void machine_serial_open(struct cpu *cpu, uint32_t number) {
    (void)cpu;
    struct serial_port *port = &serial_ports[number];
    lock_take(&port->lock);
    bool first = !port->open;
    port->open = true;
    lock_drop(&port->lock);
    if (!first)
        return;
    // COM1 is in use by the log already; what is in its way stays.
    if (number != 0)
        (void)uart_init(serial_places[number].address);
    uart_interrupts_on(serial_places[number].address);
}

void machine_serial_write(struct cpu *cpu, uint32_t number, const void *data, size_t size) {
    (void)cpu;
    lock_take(&serial_ports[number].lock);
    uart_write_raw(serial_places[number].address, data, size);
    lock_drop(&serial_ports[number].lock);
}

bool machine_serial_has_input(struct cpu *cpu, uint32_t number) {
    (void)cpu;
    struct serial_port *port = &serial_ports[number];
    lock_take(&port->lock);
    bool any = port->count > 0;
    lock_drop(&port->lock);
    return any;
}

size_t machine_serial_read(struct cpu *cpu, uint32_t number, void *data, size_t room) {
    (void)cpu;
    struct serial_port *port = &serial_ports[number];
    uint8_t *to = data;
    size_t taken = 0;
    lock_take(&port->lock);
    while (taken < room && port->count > 0) {
        to[taken++] = port->kept[port->start];
        port->start = (port->start + 1) % MACHINE_SERIAL_KEPT;
        port->count--;
    }
    lock_drop(&port->lock);
    return taken;
}
