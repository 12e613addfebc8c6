// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: serial ports, for the SerialPort object. Port 0 is the
// one that the kernel's log goes to until somebody opens it. Input is kept by the machine from the
// moment a port is opened, up to MACHINE_SERIAL_KEPT bytes; the newest are dropped then.
#ifndef MACHINE_SERIAL_H
#define MACHINE_SERIAL_H

#include "machine/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_SERIAL_PORTS 3
#define MACHINE_SERIAL_KEPT  4096

// Is there such a port?
bool machine_serial_exists(struct cpu *cpu, uint32_t port);

// From now on input is kept and announced (PENDING_SERIAL on some CPU), and port 0 no longer
// carries the kernel's log, but for a panic.
void machine_serial_open(struct cpu *cpu, uint32_t port);

// Sends the bytes as they are, in order, not mixed with another CPU's. Returns when the last is on
// its way. `size` is bounded by the caller, since this takes as long as the line is slow.
void machine_serial_write(struct cpu *cpu, uint32_t port, const void *data, size_t size);

// Is there input to be read?
bool machine_serial_has_input(struct cpu *cpu, uint32_t port);

// Takes up to `room` bytes of what has come in; how many.
size_t machine_serial_read(struct cpu *cpu, uint32_t port, void *data, size_t room);

#endif
