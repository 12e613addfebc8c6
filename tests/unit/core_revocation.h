// SPDX-License-Identifier: MIT
//
// What the tests of revocation share: a server and a client (tests/host/pair.h) on one CPU, and
// revocable copies of what they hold. Whatever fails fails the test.
#ifndef CAPOS_TESTS_UNIT_CORE_REVOCATION_H
#define CAPOS_TESTS_UNIT_CORE_REVOCATION_H

#include "core/revoke.h"
#include "tests/host/pair.h"

extern struct pair pair;
extern struct cpu *cpu; // the host's first

// For a checked fixture.
void revocation_setup(void);
void revocation_teardown(void);

// Of the revokers that are made here, who says `disconnected` to those who wait for their end, and
// counts them.
extern const struct object_type revocation_type;
extern int revocation_answered;
void revocation_count_answer(struct cpu *on, struct call *call, enum capos_status status);

// A revocable copy of what the actor holds, in the same table; the revoker's first reference is the
// test's.
enum capos_status revocation_try_copy(struct actor *actor, uint64_t cap, struct revoker **revoker,
                                      uint64_t *copy);
uint64_t revocation_copy(struct actor *actor, uint64_t cap, struct revoker **revoker);

void revocation_drop(struct revoker *revoker);

// Marks it dead and does what is done at once; the rest needs host_settle. The second waits for it.
void revocation_kill(struct revoker *revoker);
void revocation_revoke(struct revoker *revoker);

void revocation_release(struct actor *actor, uint64_t cap);

// Lets the server wait for a message, with room for two capabilities.
void revocation_serve(void);

#endif
