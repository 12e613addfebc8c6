// SPDX-License-Identifier: MIT
// References to sessions (session.h). The epoch is not part of what is hashed: it is told beside
// the reference, so that a server sees the same caller before and after.
#include "core/session.h"

#include "core/kernel.h"

struct session_reference session_reference(struct cpu *cpu, const struct session *session,
                                           uint64_t service) {
    const uint64_t text[2] = {service, session->id};
    struct siphash_128 hash = siphash_wide(cpu->kernel->secret, text, sizeof(text));

    return (struct session_reference){{hash.low, hash.high}};
}
