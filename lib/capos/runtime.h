// SPDX-License-Identifier: MIT
//
// What every program of capOS has: its grants, its ring, its end. A program defines
//
//     int main(void);
//
// whose result is the process's exit status. Grants are found by name and interface; calls go
// through capos_ring(). Nothing else exists: no arguments, no environment, no files.
#ifndef CAPOS_LIB_RUNTIME_H
#define CAPOS_LIB_RUNTIME_H

#include "capos/client.h"

#include <capos/entry.h>
#include <stdint.h>

// Exit statuses that the runtime gives a meaning; a program's own are 1 to 63.
enum capos_exit_status {
    CAPOS_EXIT_GRANT = 64, // a grant that the program needs is missing
    CAPOS_EXIT_ABI = 65,   // the kernel's ring or CapSet is none that the program knows
    CAPOS_EXIT_PANIC = 70, // capos_panic
};

// The capability that the process was granted under this name, if it has this interface; else 0.
uint64_t capos_grant(const char *name, uint64_t interface);

// The same for a program that can't do without: on failure it says so and ends with
// CAPOS_EXIT_GRANT.
uint64_t capos_need(const char *name, uint64_t interface);

// All grants.
const struct capos_capset *capos_grants(void);

// This thread's ring, and calls through it.
struct capos_client *capos_client(void);
struct capos_transport *capos_ring(void);

// Gives up a capability.
void capos_release(uint64_t cap);

// Ends the process.
__attribute__((noreturn)) void capos_exit(int status);

// Ends the process with CAPOS_EXIT_PANIC, after printing why.
__attribute__((noreturn)) void capos_panic(const char *text);

// Prints where the process was granted a place for it: on the Terminal called `terminal`, else on
// the Console called `console`, else nowhere. What can't be written is lost.
void capos_print(const char *text);
void capos_print_bytes(const char *bytes, size_t size);

#endif
