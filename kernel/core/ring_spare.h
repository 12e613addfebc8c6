// SPDX-License-Identifier: MIT
// What a process's ended rings were made of, their blocks and their records, a few of which are
// kept for its next threads: mapped as they were, and charged as they were. Nobody else gets to see
// them, so they are not cleared. They are given back when a call of the process's fails for want of
// memory, which is then tried again, before large changes to its memory, and at its end. Guarded by
// the process's lock.
#ifndef CORE_RING_SPARE_H
#define CORE_RING_SPARE_H

#include "base/attributes.h"
#include "machine/types.h"

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct process;
struct ring;

#define RING_SPARES_MAX 4

struct ring_spares {
    _Atomic uint32_t count; // looked at without the lock
    struct ring_spare {
        struct paddr block;
        struct uaddr address;
        struct call *calls;
        uint32_t pages, room; // as ring_geometry and struct ring have them
    } spare[RING_SPARES_MAX];
};

// Gives the ring a block of ring->size bytes that is kept, mapped, and records for ring->room
// slots: sets ring->block, ring->address and ring->calls. False: there is none.
must_use bool ring_spare_take(struct ring *ring);

// Keeps the ring's block and records. False: they are to be given back, as enough are kept or the
// process is ending.
must_use bool ring_spare_keep(struct ring *ring);

// Gives back all that are kept; false when there was none. No locks held.
bool ring_spare_drop(struct cpu *cpu, struct process *process);

#endif
