// SPDX-License-Identifier: MIT
// Waking one and waiting in one go: an UNPARK of one record and a PARK, submitted together and with
// nothing else, of which the PARK is waited for. Who was parked goes on here, at once, in place of
// the running thread: what a lock's or a word's hand-over from thread to thread is. As in direct.h,
// everything is checked before anything is changed, and what is not the usual case goes the general
// way (ringserve.c, park.c), which begins anew.
#ifndef CORE_DIRECT_PARK_H
#define CORE_DIRECT_PARK_H

#include <capos/ring.h>
#include <stdint.h>

struct cpu;
struct ring;
struct thread;

// An UNPARK of one, with SKIP_CQE alone among its flags, and a PARK without flags or a deadline.
struct direct_pair {
    uint64_t wake_cap, wake_at; // the word of the UNPARK
    uint64_t cap, at;           // of the PARK
    uint64_t user_data;
    uint32_t expected;
    uint16_t slot;
};

// cap_enter(2, wait, no deadline) of cpu->current, with these two SQEs, which are all that its ring
// has and have CQEs. The ring has nothing to catch up with, nothing about the thread is unusual,
// and kernel_enter has been called. Returns the thread to go on with, out of the kernel; or NULL:
// nothing was done.
struct thread *direct_park(struct cpu *cpu, struct ring *ring, const struct direct_pair *pair,
                           uint32_t wait);

#endif
