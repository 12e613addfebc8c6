// SPDX-License-Identifier: MIT
// Physical memory by frames of 4 KiB: blocks of 2^order frames, aligned to their size. Who pays for
// a block is its taker's business (core/ledger.h). State is kernel->frames, made at boot from the
// machine's memory map. Takes its own lock, the innermost one.
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "base/attributes.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdint.h>

#define FRAME_SIZE      4096u
#define FRAME_ORDER_MAX 10 // 4 MiB

struct frame_counts {
    uint64_t total; // frames that the allocator manages
    uint64_t free;
};

// A block of zeroed frames. OVERLOADED when there is none (or the injector says so).
must_use enum capos_status frame_alloc(struct cpu *cpu, unsigned order, struct paddr *block);

// Gives a block back, of the order that it was allocated with, or any aligned part of one. No
// mapping of it is left anywhere.
void frame_free(struct cpu *cpu, struct paddr block, unsigned order);

struct frame_counts frame_count(struct cpu *cpu);

#endif
