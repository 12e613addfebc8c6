// SPDX-License-Identifier: MIT
// The kernel's own memory: small blocks in fixed size classes (32 bytes to 2 KiB, powers of two)
// cut from frames, larger ones as 2^n frames. Every block is charged by its class's size to a
// ledger (LEDGER_KERNEL_MEMORY), so the sum over all ledgers is what kmem says is in use.
#ifndef CORE_KMEM_H
#define CORE_KMEM_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/ledger.h"

#include <capos/status.h>
#include <stddef.h>
#include <stdint.h>

#define KMEM_CLASSES 7 // 32, 64, 128, 256, 512, 1024, 2048
#define KMEM_MAX     (FRAME_SIZE << FRAME_ORDER_MAX)

struct kmem {
    struct lock lock;
    struct list partial[KMEM_CLASSES]; // frames with a free block
    uint64_t used_bytes;               // blocks in use, by the sizes of their classes
    uint64_t frames;                   // frames held, for blocks in use or not
};

void kmem_init(struct kmem *kmem);

// A zeroed block of at least `size` bytes, aligned to its class (to 64 bytes at most for what is
// larger than that). 0 < size <= KMEM_MAX. OVERLOADED when the ledger or the machine is short.
must_use enum capos_status kmem_alloc(struct cpu *cpu, struct ledger *ledger, size_t size,
                                      void **block);

// The same, but the block holds what it held before: for what is not read before it is written.
must_use enum capos_status kmem_take(struct cpu *cpu, struct ledger *ledger, size_t size,
                                     void **block);

// Frees a block at once. `size` and `ledger` are those that it was allocated with. For what another
// CPU may still be looking at, use reclaim.h.
void kmem_free(struct cpu *cpu, struct ledger *ledger, void *block, size_t size);

// What a block of `size` bytes is charged.
uint64_t kmem_charge(size_t size);

#endif
