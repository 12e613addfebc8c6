// SPDX-License-Identifier: MIT
// What PARK's files have among themselves: park.c (the general way, which says why no wake-up is
// lost) and direct_park.c (one thread wakes another and waits in its place).
#ifndef CORE_PARK_PARTS_H
#define CORE_PARK_PARTS_H

#include "core/captable.h"
#include "core/memory.h"
#include "core/park.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/vm.h"
#include "machine/space.h"

// What an SQE of PARK or UNPARK names.
struct park_word {
    struct call_queue *bucket;
    struct memory *memory;   // borrowed; NULL: a private one
    struct revoker *revoker; // through which that is held, or NULL
    uint64_t at;             // address; offset in the root of the memory object
};

static inline unsigned park_bucket_of(uint64_t address) {
    return (address >> 2 ^ address >> 7 ^ address >> 12) % PARK_BUCKETS;
}

static inline enum capos_status park_find_private(struct ring *ring, uint64_t address,
                                                  struct park_word *word) {
    if (address % sizeof(uint32_t) != 0 || address >= MACHINE_USER_END)
        return CAPOS_STATUS_MALFORMED;
    word->bucket = &ring->process->vm->park.bucket[park_bucket_of(address)];
    word->memory = NULL;
    word->revoker = NULL;
    word->at = address;
    return CAPOS_STATUS_OK;
}

// The word at an offset of a memory object.
static inline enum capos_status park_find_in(struct memory *memory, uint64_t offset,
                                             struct park_word *word) {
    if (offset % sizeof(uint32_t) != 0 || offset / CAPOS_PAGE_SIZE >= memory->pages)
        return CAPOS_STATUS_MALFORMED;
    word->memory = memory;
    word->bucket = &memory->root->park;
    word->at = memory->first * CAPOS_PAGE_SIZE + offset;
    return CAPOS_STATUS_OK;
}

static inline enum capos_status park_find_shared(struct ring *ring, uint64_t cap, uint64_t offset,
                                                 struct park_word *word) {
    struct captable_view view;
    enum capos_status status = captable_lookup(&ring->process->table, cap, &view);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (view.object->type->close != memory_close)
        return CAPOS_STATUS_REFUSED;
    word->revoker = view.revoker;
    return park_find_in((struct memory *)(void *)view.object, offset, word);
}

static inline enum capos_status park_find(struct ring *ring, uint64_t cap, uint64_t at,
                                          struct park_word *word) {
    return cap == 0 ? park_find_private(ring, at, word) : park_find_shared(ring, cap, at, word);
}

static inline uint32_t *park_word_in(struct paddr frame, uint64_t at) {
    uint8_t *page = machine_direct(frame);

    return (uint32_t *)(void *)(page + at % CAPOS_PAGE_SIZE);
}

// The word in its frame, read once.
static inline uint32_t park_load(struct paddr frame, uint64_t at) {
    return __atomic_load_n(park_word_in(frame, at), __ATOMIC_RELAXED);
}

// The bucket is locked.
static inline enum capos_status park_load_private(struct cpu *cpu, struct vm *vm, uint64_t at,
                                                  uint32_t *value) {
    struct uaddr page = {at - at % CAPOS_PAGE_SIZE};
    enum protection protection;
    struct paddr frame;
    bool there;

    atomic_store_explicit(&vm->park.used, 1, memory_order_relaxed);
    lock_take(&vm->lock);
    there = machine_space_lookup(cpu, &vm->space, page, &frame, &protection) &&
            protection != PROTECTION_NONE;
    if (there)
        *value = park_load(frame, at);
    lock_drop(&vm->lock);
    return there ? CAPOS_STATUS_OK : CAPOS_STATUS_REFUSED;
}

// Does the word still hold what it should? The bucket is locked.
static inline enum capos_status park_compare(struct cpu *cpu, struct ring *ring,
                                             const struct park_word *word, uint32_t expected) {
    enum capos_status status = CAPOS_STATUS_OK;
    uint32_t value = 0;

    if (word->memory == NULL)
        status = park_load_private(cpu, ring->process->vm, word->at, &value);
    else
        value = park_load(memory_frame(word->memory->root, word->at / CAPOS_PAGE_SIZE), word->at);
    if (status != CAPOS_STATUS_OK)
        return status;
    return value == expected ? CAPOS_STATUS_OK : CAPOS_STATUS_CHANGED;
}

// Parks the record, which keeps the caller's reference to the memory object. The bucket is locked.
static inline void park_hold(struct call *call, uint8_t flags, uint64_t user_data,
                             const struct park_word *word) {
    ring_name(call);
    call->opcode = CAPOS_OP_PARK;
    call->flags = flags | (word->revoker == NULL ? 0 : CALL_REVOCABLE);
    call->sent = call->room = 0;
    call->target = word->memory == NULL ? NULL : &word->memory->object;
    call->queue = word->bucket;
    call->user_data = user_data;
    call->parked_at = word->at;
    call->reserved = 0;
    timer_init(&call->timer, TIMER_CALL);
    list_push_back(&word->bucket->calls, &call->link);
    call_set(call, CALL_HELD);
}

// The first record that is parked at an address or offset, or NULL. The bucket is locked.
static inline struct call *park_first(const struct call_queue *bucket, uint64_t at) {
    struct list_node *node;

    for (node = list_first(&bucket->calls); node != NULL; node = list_next(&bucket->calls, node)) {
        struct call *call = list_entry(node, struct call, link);

        if (call->parked_at == at)
            return call;
    }
    return NULL;
}

#endif
