// SPDX-License-Identifier: MIT
// Sessions: who a process runs for, fixed when it is spawned. A server sees only a reference, a
// keyed hash of the boot secret, its service id and the session: equal for equal callers, different
// at each service, and no authority.
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdint.h>

struct cpu;

struct session {
    uint64_t id;
    uint32_t epoch;
};

struct session_reference {
    uint64_t word[2];
};

struct session_reference session_reference(struct cpu *cpu, const struct session *session,
                                           uint64_t service);

#endif
