// SPDX-License-Identifier: MIT
// Physical memory by frames of 4 KiB: blocks of 2^order frames, aligned to their size. Who pays for
// a block is its taker's business (core/ledger.h). State is kernel->frames, made at boot from the
// machine's memory map. Takes its own lock, the innermost one.
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/lock.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdint.h>

#define FRAME_SIZE      4096u
#define FRAME_ORDER_MAX 10 // 4 MiB
#define FRAME_ORDERS    (FRAME_ORDER_MAX + 1)
#define FRAME_RANGES    64
#define FRAME_READY_MAX 16

// One piece of memory without holes. Its first frames hold one byte per frame of it. Nothing is
// written to fresh frames, or known of them, before they are needed: starting costs the same for
// any size of memory.
struct frame_range {
    uint64_t first, count; // frame numbers: address / FRAME_SIZE
    uint64_t fresh;        // from this one on, counted from first, no frame was ever needed
    uint8_t *state;        // of those before: enum frame_state, or FRAME_FREE + order
};

struct frames {
    struct lock lock; // guards what changes after boot: all but total and where ranges lie
    uint64_t total;   // frames that may be allocated
    uint64_t free;
    struct list blocks[FRAME_ORDERS]; // free blocks; the list's nodes are in the blocks
    uint32_t ready_count;
    uint64_t ready[FRAME_READY_MAX]; // single free frames that are in no block, as they will soon
                                     // be wanted again: frame numbers
    uint32_t range_count;
    struct frame_range ranges[FRAME_RANGES];
};

struct frame_counts {
    uint64_t total; // frames that the allocator manages
    uint64_t free;
};

// At boot, before there is a kernel: an allocator without memory, in storage given; and one more
// piece of memory for it, of whole frames, which machine_direct reaches and nobody uses. Of that
// the allocator takes one byte per frame for itself. False when there are too many pieces (the
// memory is then left alone) or the piece is too small to be of use.
void frames_init(struct frames *frames);
bool frames_add(struct frames *frames, struct paddr start, uint64_t bytes);

// A block of zeroed frames. OVERLOADED when there is none (or the injector says so).
must_use enum capos_status frame_alloc(struct cpu *cpu, unsigned order, struct paddr *block);

// The same, but the frames hold what they held before: for an allocator that clears what it gives
// out.
must_use enum capos_status frame_take(struct cpu *cpu, unsigned order, struct paddr *block);

// Gives a block back, of the order that it was allocated with, or any aligned part of one. No
// mapping of it is left anywhere. A frame that is not in use is a broken kernel: it panics.
void frame_free(struct cpu *cpu, struct paddr block, unsigned order);

struct frame_counts frame_count(struct cpu *cpu);

// For audits: NULL when lists, states and counts agree, else what doesn't. Takes the lock and time.
const char *frame_audit(struct cpu *cpu);

#endif
