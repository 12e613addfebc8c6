// SPDX-License-Identifier: MIT
//
// What there is: processes, endpoints, and what is given to a process or taken away by others, as a
// supervisor would. Each function does it in the kernel and in the model.
#ifndef CAPOS_TESTS_MODEL_WORLD_H
#define CAPOS_TESTS_MODEL_WORLD_H

#include "tests/model/driver.h"

void world_make_endpoints(struct driver *d);
void world_start_process(struct driver *d, int p);

// A process dies, and another one takes its place.
void world_kill(struct driver *d, int p);

// A new Receiver, root facet or plain object for somebody, or the memory with words.
void world_supply(struct driver *d);

// A revocable copy of what somebody holds, for the same process, as a RevokerFactory makes them.
void world_copy(struct driver *d);

// One of those that are held is revoked, or dropped, which changes nothing.
void world_revoke(struct driver *d);

// All goes; nothing may be left.
void world_finish(struct driver *d);

#endif
