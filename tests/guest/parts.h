// SPDX-License-Identifier: MIT
//
// What inits of boot tests make for the programs that they start: endpoints to serve, memory to
// share. Asks for the grants `endpoints`, `frames` and `virtualMemory`, those of them that the
// function needs; what fails ends the test. What a test is about it calls itself, not through this.
#ifndef TESTS_GUEST_PARTS_H
#define TESTS_GUEST_PARTS_H

#include "schemas/endpoint.capos.h"
#include "schemas/process.capos.h"

#include <stdint.h>

struct capos_endpoint guest_endpoint(void);

// A facet that may go to any session, and a Receiver of it. The caller releases them.
uint64_t guest_facet(struct capos_endpoint endpoint, uint64_t interface, uint64_t object_id);
uint64_t guest_receiver(struct capos_endpoint endpoint);

// A MemoryObject, and where it is mapped, to be read and written.
uint64_t guest_memory(uint64_t bytes);
void *guest_map(uint64_t object, uint64_t bytes);

// What a process has been charged for until now, in ns.
uint64_t guest_cpu_time(struct capos_process_handle process);

#endif
