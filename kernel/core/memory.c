// SPDX-License-Identifier: MIT
// Memory objects; see memory.h. A root of n pages has a list of n frame addresses: its frames need
// not lie together, so that it can be made as long as there is free memory at all.
#include "core/memory.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/park.h"

enum { MEMORY_BATCH = 64 }; // frames between two interrupt windows

static enum capos_status memory_make(struct cpu *cpu, const struct object_type *type,
                                     struct ledger *ledger, uint64_t pages, struct memory **out) {
    struct object *object;
    enum capos_status status = object_create(cpu, type, ledger, &object);

    if (status != CAPOS_STATUS_OK)
        return status;
    *out = (struct memory *)object;
    park_init_shared(&(*out)->park);
    (*out)->root = *out;
    (*out)->pages = pages;
    return CAPOS_STATUS_OK;
}

// Frees the first `count` frames, and the list.
static void memory_drop_frames(struct cpu *cpu, struct memory *memory, uint64_t count) {
    struct ledger *ledger = memory->object.ledger;

    for (uint64_t i = 0; i < count; i++) {
        frame_free(cpu, (struct paddr){memory->frames[i]}, 0);
        if (i % MEMORY_BATCH == MEMORY_BATCH - 1)
            machine_interrupt_window(cpu);
    }
    ledger_give(cpu, ledger, LEDGER_FRAMES, memory->pages);
    kmem_free(cpu, ledger, memory->frames, memory->pages * sizeof *memory->frames);
    memory->frames = NULL;
}

static enum capos_status memory_take_frames(struct cpu *cpu, struct memory *memory) {
    for (uint64_t i = 0; i < memory->pages; i++) {
        struct paddr frame;
        enum capos_status status = frame_alloc(cpu, 0, &frame);

        if (status != CAPOS_STATUS_OK) {
            memory_drop_frames(cpu, memory, i);
            return status;
        }
        memory->frames[i] = frame.value;
        if (i % MEMORY_BATCH == MEMORY_BATCH - 1)
            machine_interrupt_window(cpu);
    }
    return CAPOS_STATUS_OK;
}

static enum capos_status memory_fill(struct cpu *cpu, struct memory *memory) {
    struct ledger *ledger = memory->object.ledger;
    void *list;

    if (memory->pages > KMEM_MAX / sizeof *memory->frames)
        return CAPOS_STATUS_OVERLOADED;
    enum capos_status status = ledger_take(cpu, ledger, LEDGER_FRAMES, memory->pages);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = kmem_alloc(cpu, ledger, memory->pages * sizeof *memory->frames, &list);
    if (status != CAPOS_STATUS_OK) {
        ledger_give(cpu, ledger, LEDGER_FRAMES, memory->pages);
        return status;
    }
    memory->frames = list;
    return memory_take_frames(cpu, memory);
}

enum capos_status memory_create(struct cpu *cpu, const struct object_type *type,
                                struct ledger *ledger, uint64_t pages, struct memory **out) {
    enum capos_status status = memory_make(cpu, type, ledger, pages, out);

    if (status != CAPOS_STATUS_OK)
        return status;
    (*out)->writable = true;
    status = memory_fill(cpu, *out);
    if (status != CAPOS_STATUS_OK)
        object_put(cpu, &(*out)->object);
    return status;
}

enum capos_status memory_create_fixed(struct cpu *cpu, const struct object_type *type,
                                      struct ledger *ledger, struct paddr base, uint64_t pages,
                                      bool sealed, struct memory **out) {
    enum capos_status status = memory_make(cpu, type, ledger, pages, out);

    if (status != CAPOS_STATUS_OK)
        return status;
    (*out)->base = base;
    atomic_store_explicit(&(*out)->writers, sealed ? MEMORY_SEALED : 0, memory_order_relaxed);
    return CAPOS_STATUS_OK;
}

enum capos_status memory_create_view(struct cpu *cpu, struct memory *memory, struct ledger *ledger,
                                     uint64_t first, uint64_t pages, bool writable,
                                     struct memory **out) {
    enum capos_status status = memory_make(cpu, memory->object.type, ledger, pages, out);

    if (status != CAPOS_STATUS_OK)
        return status;
    object_get(&memory->root->object);
    (*out)->root = memory->root;
    (*out)->first = memory->first + first;
    (*out)->writable = memory->writable && writable;
    return CAPOS_STATUS_OK;
}

bool memory_close(struct cpu *cpu, struct object *object) {
    struct memory *memory = (struct memory *)object;

    if (memory->root != memory)
        object_put(cpu, &memory->root->object);
    else if (memory->frames != NULL)
        memory_drop_frames(cpu, memory, memory->pages);
    return true;
}

struct paddr memory_frame(const struct memory *memory, uint64_t page) {
    const struct memory *root = memory->root;
    uint64_t at = memory->first + page;

    kassert(page < memory->pages);
    if (root->frames == NULL)
        return (struct paddr){root->base.value + at * FRAME_SIZE};
    return (struct paddr){root->frames[at]};
}

bool memory_read(const struct memory *memory, uint64_t offset, void *to, size_t size) {
    uint8_t *bytes = to;

    if (!range_within(offset, size, memory->pages * FRAME_SIZE))
        return false;
    while (size > 0) {
        size_t within = offset % FRAME_SIZE;
        size_t part = min_size(size, FRAME_SIZE - within);
        const uint8_t *frame = machine_direct(memory_frame(memory, offset / FRAME_SIZE));

        memcpy(bytes, frame + within, part);
        bytes += part;
        offset += part;
        size -= part;
    }
    return true;
}

bool memory_is_executable(const struct memory *memory) {
    return atomic_load_explicit(&memory->root->writers, memory_order_acquire) == MEMORY_SEALED;
}

bool memory_is_writable(const struct memory *memory) {
    return memory->writable && !memory_is_executable(memory);
}

enum capos_status memory_seal(struct memory *memory) {
    int64_t none = 0;

    if (memory->root != memory)
        return CAPOS_STATUS_REFUSED;
    if (atomic_compare_exchange_strong_explicit(&memory->writers, &none, MEMORY_SEALED,
                                                memory_order_acq_rel, memory_order_acquire))
        return CAPOS_STATUS_OK;
    return none == MEMORY_SEALED ? CAPOS_STATUS_OK : CAPOS_STATUS_BUSY;
}

enum capos_status memory_add_writers(struct memory *memory, uint64_t pages) {
    _Atomic int64_t *writers = &memory->root->writers;
    int64_t now = atomic_load_explicit(writers, memory_order_relaxed);

    if (!memory->writable)
        return CAPOS_STATUS_REFUSED;
    do {
        if (now == MEMORY_SEALED)
            return CAPOS_STATUS_REFUSED;
    } while (!atomic_compare_exchange_weak_explicit(writers, &now, now + (int64_t)pages,
                                                    memory_order_acq_rel, memory_order_relaxed));
    return CAPOS_STATUS_OK;
}

void memory_remove_writers(struct memory *memory, uint64_t pages) {
    int64_t before =
        atomic_fetch_sub_explicit(&memory->root->writers, (int64_t)pages, memory_order_acq_rel);

    kassert(before >= (int64_t)pages);
    (void)before;
}
