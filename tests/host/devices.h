// SPDX-License-Identifier: MIT
//
// The host's devices: serial ports that a test fills and empties, a clock of civil time that counts
// from a fixed moment, and power whose end is the end of the test's process.
#ifndef CAPOS_TESTS_HOST_DEVICES_H
#define CAPOS_TESTS_HOST_DEVICES_H

#include <stddef.h>
#include <stdint.h>

// What machine_wall_clock begins with, in seconds since 1970.
#define DEVICES_EPOCH INT64_C(1700000000)

// Exit statuses by which a test sees the machine's end: this plus the status, and for a restart.
enum { DEVICES_OFF = 100, DEVICES_REBOOT = 90 };

// Ports 0 and 1 are there, 2 is not. Everything is empty and closed again.
void devices_reset(void);

// Bytes that arrive at a port, and what was sent from it since the reset.
void devices_type(uint32_t port, const char *text);
size_t devices_sent(uint32_t port, const char **data);

// All that was written to the kernel's log since the reset.
size_t devices_logged(const char **data);

#endif
