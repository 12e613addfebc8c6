// SPDX-License-Identifier: MIT
// The usual call and the usual answer, each in one go: a CALL, submitted alone and waited for, that
// a waiting server takes at once; and a RETURN, submitted alone, by which a server gives a waiting
// caller its answer and waits for the next call. In both the other thread goes on here, at once, in
// place of the running one.
//
// What is not the usual case is not here: everything is checked before anything is changed, and
// whoever finds that it is not goes the general way (ringserve.c, deliver.c, answer.c), which
// begins anew. The rules are the same; what both ways do is the same code.
#ifndef CORE_DIRECT_H
#define CORE_DIRECT_H

#include "base/attributes.h"

#include <capos/ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct ring;
struct thread;

// Words of an SQE, by what they are of.
enum {
    SQE_FIRST,
    SQE_CAP,
    SQE_INTERFACE,
    SQE_USER_DATA,
    SQE_PARAMS,
    SQE_RESULTS,
    SQE_SENT,
    SQE_DEADLINE,
};
_Static_assert(offsetof(struct capos_sqe, cap) == SQE_CAP * 8 &&
                   offsetof(struct capos_sqe, interface) == SQE_INTERFACE * 8 &&
                   offsetof(struct capos_sqe, user_data) == SQE_USER_DATA * 8 &&
                   offsetof(struct capos_sqe, params) == SQE_PARAMS * 8 &&
                   offsetof(struct capos_sqe, results) == SQE_RESULTS * 8 &&
                   offsetof(struct capos_sqe, zero) == SQE_SENT * 8 + 6 &&
                   offsetof(struct capos_sqe, deadline) == SQE_DEADLINE * 8,
               "words of the ABI");

// A copy of an SQE, of which the words have been read by which it is decided whether it is usual;
// the others still stand at `place`. A word is never read again.
struct direct_sqe {
    const struct capos_sqe *place;
    union {
        struct capos_sqe sqe;
        uint64_t word[sizeof(struct capos_sqe) / 8];
    };
};

// Can one with this first word be usual?
static inline bool direct_may_be(uint64_t first) {
    uint8_t answers = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;

    return (uint16_t)first == CAPOS_OP_CALL ||
           (uint16_t)first == (CAPOS_OP_RETURN | (uint16_t)answers << 8);
}

// cap_enter(1, wait, no deadline) of cpu->current, with one SQE taken from its ring, which has a
// CQE for it and nothing to catch up with; nothing about the thread is unusual, and kernel_enter
// has been called. Returns the thread to go on with, out of the kernel; or NULL: nothing was done.
//
// A CALL without flags; its INTERFACE and USER_DATA are read here, when nothing can be refused any
// more. A RETURN with REARM and SKIP_CQE; its INTERFACE, USER_DATA and RESULTS are not read.
struct thread *direct_call(struct cpu *cpu, struct ring *ring, const struct direct_sqe *sqe,
                           uint32_t wait);
struct thread *direct_return(struct cpu *cpu, struct ring *ring, const struct direct_sqe *sqe,
                             uint32_t wait);

// The same for what carries capabilities or, a call, has room for some.
apart struct thread *direct_call_caps(struct cpu *cpu, struct ring *ring,
                                      const struct capos_sqe *sqe, uint32_t wait);
apart struct thread *direct_return_caps(struct cpu *cpu, struct ring *ring,
                                        const struct capos_sqe *sqe, uint32_t wait);

#endif
