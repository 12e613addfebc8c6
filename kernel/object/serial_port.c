// SPDX-License-Identifier: MIT
// SerialPort. Every read is held first and then answered like one that has waited, so there is one
// way in which input is taken. Whoever holds a read or sees input come looks at both sides
// afterwards; `answering` lets one CPU at a time do so, and that one looks again after it has let
// go, so that neither a read nor a byte is left waiting for the other.
#include "object/serial_port.h"

#include "base/bits.h"
#include "core/call.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/kernel.h"
#include "machine/serial.h"
#include "schemas/serial.capos.h"

#include <stdatomic.h>

#define READ_MAX 2048u

// What the results need besides the data: the root and the struct's one pointer.
#define RESULTS_WORDS 2u

struct serial_port {
    struct object object;
    uint32_t port;
    atomic_bool answering;
    struct call_queue readers;
    struct lock lock;    // guards what follows, and that there is one read at most
    uint32_t read_bytes; // that the read which waits asked for
};

static bool has_reader(struct serial_port *port) {
    bool empty;

    lock_take(&port->readers.lock);
    empty = list_is_empty(&port->readers.calls);
    lock_drop(&port->readers.lock);
    return !empty;
}

static bool can_answer(struct cpu *cpu, struct serial_port *port) {
    return machine_serial_has_input(cpu, port->port) && has_reader(port);
}

static void answer_reader(struct cpu *cpu, struct serial_port *port) {
    while (can_answer(cpu, port)) {
        if (atomic_exchange(&port->answering, true))
            return; // the other one looks again
        if (can_answer(cpu, port))
            (void)call_queue_answer(cpu, &port->readers, CAPOS_STATUS_OK);
        atomic_store(&port->answering, false);
    }
}

void serial_port_input(struct cpu *cpu) {
    for (uint32_t i = 0; i < MACHINE_SERIAL_PORTS; i++)
        if (cpu->kernel->serial_ports[i] != NULL)
            answer_reader(cpu, (struct serial_port *)cpu->kernel->serial_ports[i]);
}

static void answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct serial_port *port = (struct serial_port *)call->target;
    struct capos_serial_port_read_results_builder results;
    uint8_t bytes[READ_MAX];
    struct capos_invocation *inv;
    struct capos_data data;

    if (status != CAPOS_STATUS_OK) {
        call_fail(cpu, call, status);
        return;
    }
    data.data = bytes;
    data.size = (uint32_t)machine_serial_read(cpu, port->port, bytes, port->read_bytes);
    inv = call_reply_begin(cpu, call);
    results = capos_serial_port_read_results_build_message(&inv->results);
    capos_serial_port_read_results_set_data(results, data);
    call_reply(cpu, inv, CAPOS_DONE);
}

// Holds the read, unless one waits already.
static bool hold(struct cpu *cpu, struct serial_port *port, struct capos_invocation *inv,
                 uint32_t bytes) {
    bool free;

    lock_take(&port->lock);
    free = !has_reader(port);
    if (free) {
        port->read_bytes = bytes;
        call_hold(cpu, inv, &port->readers, CAPOS_NO_DEADLINE);
    }
    lock_drop(&port->lock);
    return free;
}

static int read(void *self, struct capos_invocation *inv,
                struct capos_serial_port_read_params params,
                struct capos_serial_port_read_results_builder results) {
    const struct target *target = self;
    struct serial_port *port = (struct serial_port *)target->object;
    uint32_t bytes = capos_serial_port_read_params_max_bytes(params);
    uint32_t capacity = inv->results.capacity;

    (void)results;
    if (bytes == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "0 bytes can't be waited for");
    if (capacity <= RESULTS_WORDS)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the results have no room for data");
    bytes = min_u32(min_u32(bytes, READ_MAX), (capacity - RESULTS_WORDS) * 8);
    machine_serial_open(target->cpu, port->port);
    if (!hold(target->cpu, port, inv, bytes))
        return capos_fail(inv, CAPOS_FAILED, "another read waits for this port's input");
    answer_reader(target->cpu, port);
    return CAPOS_PENDING;
}

static int write(void *self, struct capos_invocation *inv,
                 struct capos_serial_port_write_params params,
                 struct capos_serial_port_write_results_builder results) {
    const struct target *target = self;
    struct serial_port *port = (struct serial_port *)target->object;
    struct capos_data data = capos_serial_port_write_params_data(params);

    (void)inv;
    (void)results;
    machine_serial_open(target->cpu, port->port);
    machine_serial_write(target->cpu, port->port, data.data, data.size);
    return CAPOS_DONE;
}

static const struct capos_serial_port_server server = {.write = write, .read = read};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_serial_port_dispatch(&server, self, inv);
}

const struct object_type serial_port_type = {
    .name = "SerialPort",
    .interface = CAPOS_SERIAL_PORT_INTERFACE_ID,
    .size = sizeof(struct serial_port),
    .kind = OBJECT_KERNEL,
    .methods = &capos_serial_port_interface,
    .serve = serve,
};

enum capos_status serial_port_create(struct cpu *cpu, struct ledger *ledger, uint32_t port,
                                     struct object **out) {
    struct serial_port *created;
    enum capos_status status;

    if (!machine_serial_exists(cpu, port))
        return CAPOS_STATUS_REFUSED;
    status = object_create(cpu, &serial_port_type, ledger, out);
    if (status != CAPOS_STATUS_OK)
        return status;
    created = (struct serial_port *)*out;
    created->port = port;
    call_queue_init(&created->readers, answer);
    lock_init(&created->lock, LOCK_PORT);
    return CAPOS_STATUS_OK;
}
