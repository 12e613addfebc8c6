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
#include <stdint.h>

struct cpu;
struct ring;
struct thread;

// cap_enter(1, wait, no deadline) of cpu->current, with one SQE taken from its ring, which has a
// CQE for it and nothing to catch up with; nothing about the thread is unusual, and kernel_enter
// has been called. Returns the thread to go on with, out of the kernel; or NULL: nothing was done.
struct thread *direct_call(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                           uint32_t wait);
struct thread *direct_return(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                             uint32_t wait);

// The same for what carries capabilities or, a call, has room for some.
apart struct thread *direct_call_caps(struct cpu *cpu, struct ring *ring,
                                      const struct capos_sqe *sqe, uint32_t wait);
apart struct thread *direct_return_caps(struct cpu *cpu, struct ring *ring,
                                        const struct capos_sqe *sqe, uint32_t wait);

#endif
