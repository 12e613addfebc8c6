// SPDX-License-Identifier: MIT
//
// What programs of boot tests have in common, inits and those that inits start: endpoints to serve,
// memory to share, the time. Each asks for the grants that it needs; what fails ends the program.
// What a test is about it calls itself, not through this.
#ifndef TESTS_GUEST_PARTS_H
#define TESTS_GUEST_PARTS_H

#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "schemas/session.capos.h"

#include <stdbool.h>
#include <stdint.h>

// With the grant `endpoints`.
struct capos_endpoint guest_endpoint(void);

// A facet that may go to any session, and a Receiver of it. The caller releases them.
uint64_t guest_facet(struct capos_endpoint endpoint, uint64_t interface, uint64_t object_id);
uint64_t guest_receiver(struct capos_endpoint endpoint);

// A program of the boot archive, with the grant `bootPackage`; 0 when there is none of that name.
struct capos_memory_object guest_binary(const char *name);

// A MemoryObject, with the grant `frames`; and where one is mapped, to be read and written, with
// the grant `virtualMemory`.
uint64_t guest_memory(uint64_t bytes);
void *guest_map(uint64_t object, uint64_t bytes);
void guest_unmap(void *at, uint64_t bytes);

// A session, with the grant `sessions`; and its end: true when it has ended. The caller releases
// it.
struct capos_session guest_session(void);
bool guest_end_session(struct capos_session session);

// In ns, with the grant `timer`; 0 when there is no time.
uint64_t guest_now(void);

// The next of a series of numbers that look random (xorshift); `state` must not begin as 0.
uint64_t guest_random(uint64_t *state);

// What a process has been charged for until now, in ns.
uint64_t guest_cpu_time(struct capos_process_handle process);

#endif
