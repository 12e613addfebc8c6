// SPDX-License-Identifier: MIT
// The kernel's end of a ring, and cap_enter. All that user memory says is read once, into copies of
// our own; sizes and masks are the kernel's. Indices and CQEs change only while the ring's thread
// is in cap_enter: completions for a thread that is outside wait on the ring's `done` list.
#ifndef CORE_RINGSERVE_H
#define CORE_RINGSERVE_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/call.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "core/session.h"
#include "machine/types.h"

#include <capos/ring.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct thread;

// Where the ring's thread is.
enum ring_phase {
    RING_OUTSIDE, // in user mode, or not started
    RING_INSIDE,  // cap_enter is running on a CPU
    RING_WAITING, // blocked in cap_enter
    RING_WOKEN,   // its wait is over; it has not run since
    RING_DEAD,    // nothing is posted any more
};

#define RING_REFERENCES 4

struct ring {
    // Fixed.
    uint8_t *base; // through the direct map
    const struct capos_sqe *sq;
    struct capos_cqe *cq;
    uint32_t sqes, cqes, slots;
    uint32_t area, size;
    struct call *calls; // one per slot
    struct thread *thread;
    struct process *process;
    struct paddr block;
    struct uaddr address;
    unsigned order;

    // The thread's own, used by the CPU that it is on.
    uint32_t sq_head;
    uint32_t cq_head;  // as last read
    uint32_t cq_free;  // CQEs that are not unread, not owed
    struct list armed; // RECVs, ARMED or OFFERED
    struct {
        uint64_t service_plus_1;
        struct session_reference reference;
    } references[RING_REFERENCES];

    // Guarded by lock, which posters take.
    struct lock lock;
    uint8_t phase;
    bool wait_slot;    // wait_for is a slot
    uint32_t wait_for; // unread CQEs, or the slot
    uint32_t cq_tail;  // as written
    struct list done;  // records in state DONE
};

struct ring_geometry {
    uint32_t pages; // 1, 2, 4 ... CAPOS_RING_PAGES_MAX
    uint32_t sqes;  // a power of two; there are twice as many CQEs, and as many slots up to 64
};

// The two that threads are made with.
extern const struct ring_geometry ring_small, ring_standard;

// cap_enter for cpu->current, whose registers are saved. Returns the thread to go on with, which is
// cpu->current; its result is in its context. NULL: this CPU has nothing to run, so call
// sched_idle.
struct thread *ringserve_enter(struct cpu *cpu, uint32_t to_submit, uint32_t wait,
                               uint64_t deadline);

#endif
