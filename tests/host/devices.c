// SPDX-License-Identifier: MIT
//
// The host's devices; see devices.h. They are the process's, not a machine's: no test has two.
#include "tests/host/devices.h"

#include "core/cpu.h"
#include "machine/info.h"
#include "machine/log.h"
#include "machine/power.h"
#include "machine/serial.h"
#include "machine/time.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
    char data[8192];
    size_t used;
};

static struct {
    bool open;
    struct buffer in, out;
} ports[MACHINE_SERIAL_PORTS];
static struct buffer logged;

static void append(struct buffer *buffer, const void *data, size_t size) {
    ck_assert_uint_le(size, sizeof buffer->data - buffer->used);
    memcpy(buffer->data + buffer->used, data, size);
    buffer->used += size;
}

void devices_reset(void) {
    memset(ports, 0, sizeof ports);
    logged.used = 0;
}

void devices_type(uint32_t port, const char *text) {
    if (ports[port].open)
        append(&ports[port].in, text, strlen(text));
}

size_t devices_sent(uint32_t port, const char **data) {
    *data = ports[port].out.data;
    return ports[port].out.used;
}

size_t devices_logged(const char **data) {
    *data = logged.data;
    return logged.used;
}

void machine_log(struct cpu *cpu, const char *text, size_t size) {
    (void)cpu;
    append(&logged, text, size);
}

bool machine_serial_exists(struct cpu *cpu, uint32_t port) {
    (void)cpu;
    return port < 2;
}

void machine_serial_open(struct cpu *cpu, uint32_t port) {
    (void)cpu;
    ports[port].open = true;
}

void machine_serial_write(struct cpu *cpu, uint32_t port, const void *data, size_t size) {
    (void)cpu;
    append(&ports[port].out, data, size);
}

size_t machine_serial_read(struct cpu *cpu, uint32_t port, void *data, size_t room) {
    struct buffer *in = &ports[port].in;
    size_t size = in->used < room ? in->used : room;

    (void)cpu;
    memcpy(data, in->data, size);
    in->used -= size;
    memmove(in->data, in->data + size, in->used);
    return size;
}

bool machine_serial_has_input(struct cpu *cpu, uint32_t port) {
    (void)cpu;
    return ports[port].in.used != 0;
}

void machine_wall_clock(struct cpu *cpu, int64_t *seconds, uint32_t *nanoseconds) {
    uint64_t now = machine_now(cpu);

    *seconds = DEVICES_EPOCH + (int64_t)(now / 1000000000);
    *nanoseconds = (uint32_t)(now % 1000000000);
}

void machine_power_off(struct cpu *cpu, uint8_t status) {
    (void)cpu;
    exit(DEVICES_OFF + status);
}

void machine_reboot(struct cpu *cpu) {
    (void)cpu;
    exit(DEVICES_REBOOT);
}

struct machine_protections machine_protections(struct cpu *cpu) {
    (void)cpu;
    return (struct machine_protections){.no_execute = true, .smap = true};
}

const char *machine_version(struct cpu *cpu) {
    (void)cpu;
    return "1.2";
}

const char *machine_build(struct cpu *cpu) {
    (void)cpu;
    return "0123abcd";
}

uint64_t machine_memory(struct cpu *cpu) {
    (void)cpu;
    return UINT64_C(64) << 20;
}

bool machine_random_is_hardware(struct cpu *cpu) {
    (void)cpu;
    return false;
}
