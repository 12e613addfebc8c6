// SPDX-License-Identifier: MIT
//
// A system as far as a kernel and a boot archive make one: init, started by start_init from an
// archive in memory with all the kernel's objects in its table, played by the test. After each test
// all must be given back.
#ifndef CAPOS_TESTS_UNIT_OBJECT_WORLD_H
#define CAPOS_TESTS_UNIT_OBJECT_WORLD_H

#include "capnp/call.h"
#include "schemas/revocation.capos.h"
#include "tests/host/caller.h"
#include "tests/host/devices.h"
#include "tests/host/host.h"

#include <capos/entry.h>

struct object_world {
    struct host *host;
    struct cpu *cpu;
    struct actor init;
    struct caller caller; // of init
};

extern struct object_world world;

// For a checked fixture.
void world_setup(void);
void world_teardown(void);

// What init was granted under that name: its CapId; 0 for nothing.
uint64_t world_grant(const char *name);

// A process's CapSet page, by any of its threads, and what it was granted by it; 0 for nothing.
const struct capos_capset *world_capset(const struct thread *thread);
uint64_t world_grant_of(const struct thread *thread, const char *name);

// What releasing one of init's capabilities ended with.
int world_release(uint64_t cap);

// A revocable copy of one of init's, with its Revoker. The call's outcome.
struct revocable {
    uint64_t copy;
    struct capos_revoker revoker;
};
int world_make_revocable(uint64_t cap, struct revocable *made);

// The archive's bytes, for tests that damage it, and their number. Rebuilt by each setup: two
// programs, "init" and "other", that are good ELF files, and one, "text", that is none.
extern uint8_t world_archive[];
extern const uint64_t world_archive_bytes;

// For generated calls.
struct capos_transport *world_ring(void);

// The process that was made last, and its actor.
struct actor world_newest(void);

// Fails the test unless the call ended with this outcome (CAPOS_DONE, an exception, minus a
// status).
#define assert_outcome(outcome, expected) ck_assert_int_eq((outcome), (int)(expected))

#endif
