// SPDX-License-Identifier: MIT
// The kernel's small-block allocator (kmem.h). A slab is 1, 2 or 4 frames, aligned to its size,
// with a 64-byte header and blocks of one class; slabs with a free block are on their class's list,
// empty ones go back to the frame allocator. A free block's first word links to the next.
#include "core/kmem.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/panic.h"

#define SMALLEST_SHIFT 5
#define HEADER_BYTES   64u

struct slab {
    struct list_node link; // on its class's list, or unlinked when full
    void *free;            // blocks that were freed
    uint32_t fresh;        // offset of the first block that was never used
    uint32_t used;
    uint32_t class;
    uint32_t blocks; // that it has room for
};
_Static_assert(sizeof(struct slab) <= HEADER_BYTES, "the header leaves the blocks aligned");

static unsigned class_of(size_t size) {
    return size <= 32 ? 0 : highest_bit(size - 1) + 1 - SMALLEST_SHIFT;
}

static size_t class_bytes(unsigned class) {
    return (size_t)1 << (class + SMALLEST_SHIFT);
}

// Larger blocks get larger slabs, so that the header costs little.
static unsigned slab_order(unsigned class) {
    return class < 4 ? 0 : class == 4 ? 1 : 2;
}

static unsigned frames_order(size_t size) {
    return size <= FRAME_SIZE ? 0 : highest_bit((size - 1) / FRAME_SIZE) + 1;
}

static bool is_small(size_t size) {
    return size <= class_bytes(KMEM_CLASSES - 1);
}

uint64_t kmem_charge(size_t size) {
    return is_small(size) ? class_bytes(class_of(size))
                          : (uint64_t)FRAME_SIZE << frames_order(size);
}

void kmem_init(struct kmem *kmem) {
    lock_init(&kmem->lock, LOCK_KMEM);
    for (unsigned i = 0; i < KMEM_CLASSES; i++)
        list_init(&kmem->partial[i]);
    kmem->used_bytes = 0;
    kmem->frames = 0;
}

seldom static struct slab *slab_create(struct cpu *cpu, unsigned class) {
    struct kmem *kmem = &cpu->kernel->kmem;
    struct paddr block;
    struct slab *slab;

    // Not cleared: that is done to each block when it is given out.
    if (frame_take(cpu, slab_order(class), &block) != CAPOS_STATUS_OK)
        return NULL;
    slab = machine_direct(block);
    *slab = (struct slab){
        .class = class,
        .fresh = HEADER_BYTES,
        .blocks = (uint32_t)((((size_t)FRAME_SIZE << slab_order(class)) - HEADER_BYTES) /
                             class_bytes(class)),
    };
    kmem->frames += UINT64_C(1) << slab_order(class);
    list_push_front(&kmem->partial[class], &slab->link);
    return slab;
}

// A block of a slab that is not full. The kmem lock is held.
static inline void *slab_take(struct slab *slab) {
    void *block = slab->free;

    if (block != NULL) {
        memcpy(&slab->free, block, sizeof(slab->free));
    } else {
        block = (char *)slab + slab->fresh;
        slab->fresh += (uint32_t)class_bytes(slab->class);
    }
    if (++slab->used == slab->blocks)
        list_remove(&slab->link);
    return block;
}

static inline void *small_alloc(struct cpu *cpu, unsigned class) {
    struct list_node *first = list_first(&cpu->kernel->kmem.partial[class]);
    struct slab *slab =
        LIKELY(first != NULL) ? list_entry(first, struct slab, link) : slab_create(cpu, class);

    return UNLIKELY(slab == NULL) ? NULL : slab_take(slab);
}

// An empty slab's frames go back.
seldom static void slab_destroy(struct cpu *cpu, struct slab *slab) {
    unsigned order = slab_order(slab->class);

    list_remove(&slab->link);
    cpu->kernel->kmem.frames -= UINT64_C(1) << order;
    machine_memory_used(slab, (size_t)FRAME_SIZE << order);
    frame_free(cpu, machine_direct_paddr(slab), order);
}

static inline void small_free(struct cpu *cpu, void *block, unsigned class) {
    uintptr_t mask = ((uintptr_t)FRAME_SIZE << slab_order(class)) - 1;
    struct slab *slab = (struct slab *)(void *)((char *)block - ((uintptr_t)block & mask));

    kassert(slab->class == class && slab->used > 0);
    if (UNLIKELY(slab->used == slab->blocks))
        list_push_front(&cpu->kernel->kmem.partial[class], &slab->link);
    memcpy(block, &slab->free, sizeof(slab->free));
    slab->free = block;
    machine_memory_freed((char *)block + sizeof(void *), class_bytes(class) - sizeof(void *));
    if (UNLIKELY(--slab->used == 0))
        slab_destroy(cpu, slab);
}

static inline void *small_take(struct cpu *cpu, unsigned class) {
    struct kmem *kmem = &cpu->kernel->kmem;
    size_t charge = class_bytes(class);
    void *block;

    lock_take(&kmem->lock);
    block = small_alloc(cpu, class);
    if (LIKELY(block != NULL))
        kmem->used_bytes += charge;
    lock_drop(&kmem->lock);
    if (UNLIKELY(block == NULL))
        return NULL;
    machine_memory_used(block, charge);
    return block;
}

seldom static void *large_take(struct cpu *cpu, uint64_t charge) {
    struct kmem *kmem = &cpu->kernel->kmem;
    struct paddr block;

    if (frame_take(cpu, frames_order(charge), &block) != CAPOS_STATUS_OK)
        return NULL;
    lock_take(&kmem->lock);
    kmem->frames += charge / FRAME_SIZE;
    kmem->used_bytes += charge;
    lock_drop(&kmem->lock);
    return machine_direct(block);
}

enum capos_status kmem_alloc(struct cpu *cpu, struct ledger *ledger, size_t size, void **block) {
    enum capos_status status = kmem_take(cpu, ledger, size, block);

    if (LIKELY(status == CAPOS_STATUS_OK)) // it takes time, so no lock is held
        machine_clear(*block, kmem_charge(size));
    return status;
}

enum capos_status kmem_take(struct cpu *cpu, struct ledger *ledger, size_t size, void **block) {
    bool small = is_small(size);
    unsigned class = class_of(size);
    uint64_t charge = LIKELY(small) ? class_bytes(class) : kmem_charge(size);
    enum capos_status status = ledger_take(cpu, ledger, LEDGER_KERNEL_MEMORY, charge);

    kassert(size > 0 && size <= KMEM_MAX);
    if (UNLIKELY(status != CAPOS_STATUS_OK))
        return status;
    *block = LIKELY(small) ? small_take(cpu, class) : large_take(cpu, charge);
    if (LIKELY(*block != NULL))
        return CAPOS_STATUS_OK;
    ledger_give(cpu, ledger, LEDGER_KERNEL_MEMORY, charge);
    return CAPOS_STATUS_OVERLOADED;
}

seldom static void large_free(struct cpu *cpu, void *block, uint64_t charge) {
    struct kmem *kmem = &cpu->kernel->kmem;

    lock_take(&kmem->lock);
    kmem->used_bytes -= charge;
    kmem->frames -= charge / FRAME_SIZE;
    frame_free(cpu, machine_direct_paddr(block), frames_order(charge));
    lock_drop(&kmem->lock);
}

void kmem_free(struct cpu *cpu, struct ledger *ledger, void *block, size_t size) {
    struct kmem *kmem = &cpu->kernel->kmem;
    unsigned class = class_of(size);
    uint64_t charge;

    if (LIKELY(is_small(size))) {
        charge = class_bytes(class);
        lock_take(&kmem->lock);
        kmem->used_bytes -= charge;
        small_free(cpu, block, class);
        lock_drop(&kmem->lock);
    } else {
        charge = kmem_charge(size);
        large_free(cpu, block, charge);
    }
    ledger_give(cpu, ledger, LEDGER_KERNEL_MEMORY, charge);
}
