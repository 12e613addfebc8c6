// SPDX-License-Identifier: MIT
// Memory objects; see memory.h. A root of n pages has a list of n frame addresses: its frames need
// not lie together, so that it can be made as long as there is free memory at all; nor need those
// of a long list.
#include "core/memory.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/park.h"

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

static uint64_t list_parts(const struct memory *memory) {
    return (memory->pages + MEMORY_PART - 1) / MEMORY_PART;
}

// The bytes of the list, or of the list of its parts.
static size_t list_bytes(const struct memory *memory) {
    return memory->pages <= MEMORY_PART ? memory->pages * sizeof *memory->frames
                                        : list_parts(memory) * sizeof *memory->parts;
}

static uint64_t *list_entry_of(const struct memory *root, uint64_t at) {
    return root->pages <= MEMORY_PART ? &root->frames[at]
                                      : &root->parts[at / MEMORY_PART][at % MEMORY_PART];
}

enum capos_status memory_begin(struct cpu *cpu, const struct object_type *type,
                               struct ledger *ledger, uint64_t pages, struct memory **out) {
    enum capos_status status = ledger_take(cpu, ledger, LEDGER_FRAMES, pages);
    void *list;

    if (status != CAPOS_STATUS_OK)
        return status;
    status = memory_make(cpu, type, ledger, pages, out);
    if (status != CAPOS_STATUS_OK)
        goto no_object;
    status = CAPOS_STATUS_OVERLOADED;
    if (list_bytes(*out) <= KMEM_MAX)
        status = kmem_alloc(cpu, ledger, list_bytes(*out), &list);
    if (status != CAPOS_STATUS_OK)
        goto no_list;
    (*out)->frames = list;
    (*out)->writable = true;
    return CAPOS_STATUS_OK;

no_list:
    object_discard(cpu, &(*out)->object);
no_object:
    ledger_give(cpu, ledger, LEDGER_FRAMES, pages);
    return status;
}

// Sees to it that the next frame has a place in the list.
static enum capos_status make_part(struct cpu *cpu, struct memory *memory) {
    uint64_t part = memory->taken / MEMORY_PART;
    enum capos_status status;
    void *block;

    if (memory->pages <= MEMORY_PART || memory->parts[part] != NULL)
        return CAPOS_STATUS_OK;
    status = kmem_alloc(cpu, memory->object.ledger, MEMORY_PART * sizeof *memory->frames, &block);
    if (status == CAPOS_STATUS_OK)
        memory->parts[part] = block;
    return status;
}

enum capos_status memory_grow(struct cpu *cpu, struct memory *memory, uint64_t frames, bool *done) {
    uint64_t end = min_u64(memory->pages, memory->taken + frames);

    while (memory->taken < end) {
        enum capos_status status = make_part(cpu, memory);
        struct paddr frame;

        if (status == CAPOS_STATUS_OK)
            status = frame_alloc(cpu, 0, &frame);
        if (status != CAPOS_STATUS_OK)
            return status;
        *list_entry_of(memory, memory->taken++) = frame.value;
    }
    *done = memory->taken == memory->pages;
    return CAPOS_STATUS_OK;
}

enum capos_status memory_create(struct cpu *cpu, const struct object_type *type,
                                struct ledger *ledger, uint64_t pages, struct memory **out) {
    enum capos_status status = memory_begin(cpu, type, ledger, pages, out);
    bool done = false;

    if (status != CAPOS_STATUS_OK)
        return status;
    while (!done && status == CAPOS_STATUS_OK)
        status = memory_grow(cpu, *out, MEMORY_STEP, &done);
    if (status != CAPOS_STATUS_OK)
        object_put(cpu, &(*out)->object);
    return status;
}

// Frees the part of the list that ends at `taken`, if there is one and nothing of it is used.
static void drop_part(struct cpu *cpu, struct memory *memory) {
    uint64_t part = memory->taken / MEMORY_PART;

    if (memory->pages <= MEMORY_PART || memory->taken % MEMORY_PART != 0 ||
        part == list_parts(memory) || memory->parts[part] == NULL)
        return;
    kmem_free(cpu, memory->object.ledger, memory->parts[part],
              MEMORY_PART * sizeof *memory->frames);
    memory->parts[part] = NULL;
}

// Frees some of the frames, the last first; true when they and their list are gone.
static bool drop_frames(struct cpu *cpu, struct memory *memory, uint64_t frames) {
    struct ledger *ledger = memory->object.ledger;

    drop_part(cpu, memory);
    frames = min_u64(memory->taken, frames);
    for (uint64_t i = 0; i < frames; i++) {
        frame_free(cpu, (struct paddr){*list_entry_of(memory, --memory->taken)}, 0);
        drop_part(cpu, memory);
    }
    if (frames != 0)
        ledger_give(cpu, ledger, LEDGER_FRAMES, frames);
    if (memory->taken != 0)
        return false;
    kmem_free(cpu, ledger, memory->frames, list_bytes(memory));
    memory->frames = NULL;
    return true;
}

static enum work_result drop_work(struct cpu *cpu, struct work *work) {
    struct memory *memory = list_entry(work, struct memory, dropping);

    if (!drop_frames(cpu, memory, MEMORY_STEP))
        return WORK_AGAIN;
    atomic_fetch_sub(&memory->object.ledger->under_way, 1);
    object_retire(cpu, &memory->object);
    return WORK_DONE;
}

// Many are freed later.
static bool close_root(struct cpu *cpu, struct memory *memory) {
    struct ledger *ledger = memory->object.ledger;

    if (memory->taken != memory->pages) // it was not finished
        ledger_give(cpu, ledger, LEDGER_FRAMES, memory->pages - memory->taken);
    if (memory->taken <= MEMORY_STEP)
        return drop_frames(cpu, memory, MEMORY_STEP);
    atomic_fetch_add(&ledger->under_way, 1);
    work_init(&memory->dropping, drop_work);
    work_add(cpu, &memory->dropping);
    return false;
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

    if (memory->root == memory && memory->frames != NULL)
        return close_root(cpu, memory);
    if (memory->root != memory)
        object_put(cpu, &memory->root->object);
    return true;
}

struct paddr memory_frame(const struct memory *memory, uint64_t page) {
    const struct memory *root = memory->root;
    uint64_t at = memory->first + page;

    kassert(page < memory->pages);
    if (root->frames == NULL)
        return (struct paddr){root->base.value + at * FRAME_SIZE};
    return (struct paddr){*list_entry_of(root, at)};
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
