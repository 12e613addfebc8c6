// SPDX-License-Identifier: MIT
// SerialPort of schemas/serial.capnp: one UART and the one read that may wait for its input. The
// port is opened by the first method that is called.
#ifndef OBJECT_SERIAL_PORT_H
#define OBJECT_SERIAL_PORT_H

#include "base/attributes.h"
#include "core/object.h"

#include <capos/status.h>
#include <stdint.h>

extern const struct object_type serial_port_type;

// A new one for the machine's port of that number, charged to `ledger`, with one reference for the
// caller. REFUSED when the machine has no such port; OVERLOADED.
must_use enum capos_status serial_port_create(struct cpu *cpu, struct ledger *ledger, uint32_t port,
                                              struct object **out);

// kernel->serial_input: some port has input. Answers the reads that wait for it. No locks held.
void serial_port_input(struct cpu *cpu);

#endif
