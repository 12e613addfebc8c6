// SPDX-License-Identifier: MIT
// Parking: a thread's slot waits for a 32-bit word of memory. PARK compares the word with a value
// and, while they are equal, parks the slot's record; UNPARK ends what is parked on a word. A word
// is private (address space, address) or shared (memory object, offset). The records are those of
// slots, HELD on a bucket as any held call is on a queue, so deadlines, cancellation and death end
// them the same way, and nothing is allocated.
//
// Buckets belong to the address space or to the memory object, never to the kernel: who parks much
// makes nobody slower but those who share that memory. Each has its own lock.
#ifndef CORE_PARK_H
#define CORE_PARK_H

#include "base/attributes.h"
#include "core/call.h"

#include <capos/ring.h>
#include <capos/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct ring;
struct vm;

#define PARK_BUCKETS 8

// Where an address space's private words are parked on.
struct park {
    _Atomic uint32_t
        used; // set by the first PARK, for ever: unmapping looks at nothing else before
    struct call_queue bucket[PARK_BUCKETS];
};

void park_init(struct park *park);

// The same for a memory object's words.
void park_init_shared(struct call_queue *bucket);

// PARK, by the thread of the ring, of a free record of that ring. OK: it is parked and will end by
// itself. Else nothing has happened: MALFORMED (no word can be there), REFUSED (nothing that the
// process can read is there, or the capability is no memory object), CHANGED (the word holds
// something else), TIMED_OUT (the deadline has passed).
must_use enum capos_status park_wait(struct cpu *cpu, struct ring *ring,
                                     const struct capos_sqe *sqe, struct call *call);

// UNPARK: ends up to as many as it says, those that were parked first first, and says how many.
// MALFORMED, REFUSED.
must_use enum capos_status park_wake(struct cpu *cpu, struct ring *ring,
                                     const struct capos_sqe *sqe, uint32_t *woken);

// Stores 1 in a private word, at a multiple of 4 in the user's half, if that is mapped for writing,
// and then ends all that is parked on it, as UNPARK does. No locks held.
void park_tell(struct cpu *cpu, struct vm *vm, uint64_t at);

// For whoever has unmapped a range of a space, or taken away its pages: ends with `disconnected`
// all that is parked on private words in it. The vm's lock is not held.
void park_unmapped(struct cpu *cpu, struct vm *vm, uint64_t start, uint64_t bytes);

#endif
