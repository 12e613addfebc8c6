// SPDX-License-Identifier: MIT
// The frame allocator: a buddy system. Free blocks of each order are on a list whose nodes are in
// the blocks themselves, so free memory costs nothing but one byte per frame: whether the frame is
// in use, begins a free block (and of which order), or lies within one. Two free buddies are always
// joined. Only a few single frames, those that were freed last, are kept apart from the blocks, to
// be the first that are taken again; when a block can't be had otherwise they are joined as well.
// Frames are zeroed when they are allocated, outside of the lock.
#include "core/frame.h"

#include "base/attributes.h"
#include "base/bits.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/kernel.h"
#include "core/panic.h"

enum frame_state {
    FRAME_USED = 0,
    FRAME_WITHIN = 1, // of a free block, not its first
    FRAME_KEPT = 2,   // the allocator's own
    FRAME_READY = 3,  // free, in frames->ready
    FRAME_FREE = 16,  // + order: the first of a free block
};

static uint64_t block_frames(unsigned order) {
    return UINT64_C(1) << order;
}

static struct list_node *block_node(uint64_t frame) {
    return machine_direct((struct paddr){frame * FRAME_SIZE});
}

static uint64_t node_frame(struct list_node *node) {
    return machine_direct_paddr(node).value / FRAME_SIZE;
}

// The range that holds the whole block, or NULL. There are few ranges and the first is usual.
static struct frame_range *range_of(struct frames *frames, uint64_t frame, uint64_t count) {
    for (uint32_t i = 0; i < frames->range_count; i++) {
        struct frame_range *range = &frames->ranges[i];
        uint64_t at = frame - range->first;

        if (frame >= range->first && at < range->count)
            return count <= range->count - at ? range : NULL;
    }
    return NULL;
}

static void block_insert(struct frames *frames, struct frame_range *range, uint64_t frame,
                         unsigned order) {
    struct list_node *node = block_node(frame);

    range->state[frame - range->first] = (uint8_t)(FRAME_FREE + order);
    machine_memory_freed(node, block_frames(order) * FRAME_SIZE);
    machine_memory_used(node, sizeof *node);
    list_node_init(node);
    list_push_front(&frames->blocks[order], node);
}

// Frees a block that is marked as lying within a free one, joined with its free buddies.
static void block_free(struct frames *frames, struct frame_range *range, uint64_t frame,
                       unsigned order) {
    for (; order < FRAME_ORDER_MAX; order++) {
        uint64_t buddy = frame ^ block_frames(order);

        if (range_of(frames, buddy, block_frames(order)) != range ||
            buddy - range->first >= range->fresh ||
            range->state[buddy - range->first] != FRAME_FREE + order)
            break;
        list_remove(block_node(buddy));
        range->state[buddy - range->first] = FRAME_WITHIN;
        frame &= ~block_frames(order);
    }
    block_insert(frames, range, frame, order);
}

void frames_init(struct frames *frames) {
    memset(frames, 0, sizeof *frames);
    lock_init(&frames->lock, LOCK_FRAMES);
    for (unsigned order = 0; order < FRAME_ORDERS; order++)
        list_init(&frames->blocks[order]);
}

bool frames_add(struct frames *frames, struct paddr start, uint64_t bytes) {
    uint64_t count = bytes / FRAME_SIZE;
    uint64_t own = (count + FRAME_SIZE - 1) / FRAME_SIZE;

    if (frames->range_count == FRAME_RANGES || count <= own)
        return false;
    struct frame_range *range = &frames->ranges[frames->range_count++];
    range->first = start.value / FRAME_SIZE;
    range->count = count;
    range->state = machine_direct(start);
    range->fresh = own;
    memset(range->state, FRAME_KEPT, own);
    machine_memory_freed(range->state + own * FRAME_SIZE, (count - own) * FRAME_SIZE);
    frames->total += count - own;
    frames->free += count - own;
    return true;
}

// Lists the largest block that the fresh frames of a range begin with. False when none are left.
static bool block_open(struct frames *frames) {
    for (uint32_t i = 0; i < frames->range_count; i++) {
        struct frame_range *range = &frames->ranges[i];
        uint64_t frame = range->first + range->fresh, left = range->count - range->fresh;
        unsigned order = (unsigned)min_u64(lowest_bit(frame), FRAME_ORDER_MAX);

        if (left == 0)
            continue;
        while (block_frames(order) > left)
            order--;
        memset(range->state + range->fresh, FRAME_WITHIN, block_frames(order));
        range->fresh += block_frames(order);
        block_free(frames, range, frame, order);
        return true;
    }
    return false;
}

// Joins what was kept apart with the blocks. False when nothing was.
static bool ready_join(struct frames *frames) {
    bool any = frames->ready_count > 0;

    while (frames->ready_count > 0) {
        uint64_t frame = frames->ready[--frames->ready_count];
        struct frame_range *range = range_of(frames, frame, 1);

        range->state[frame - range->first] = FRAME_WITHIN;
        block_free(frames, range, frame, 0);
    }
    return any;
}

// The smallest order of at least `order` that has a free block; more than FRAME_ORDER_MAX when no
// such block can be had.
static unsigned block_find(struct frames *frames, unsigned order) {
    unsigned from;

    do {
        for (from = order; from <= FRAME_ORDER_MAX; from++)
            if (!list_is_empty(&frames->blocks[from]))
                return from;
    } while (block_open(frames) || ready_join(frames));
    return from;
}

// Takes a block off its list and cuts it to size; the upper halves stay free.
static uint64_t block_take(struct frames *frames, unsigned from, unsigned order) {
    uint64_t frame = node_frame(list_pop_front(&frames->blocks[from]));
    struct frame_range *range = range_of(frames, frame, block_frames(from));

    while (from > order) {
        from--;
        block_insert(frames, range, frame + block_frames(from), from);
    }
    memset(&range->state[frame - range->first], FRAME_USED, block_frames(order));
    frames->free -= block_frames(order);
    return frame;
}

// The single frame that was freed last.
static uint64_t ready_take(struct frames *frames) {
    uint64_t frame = frames->ready[--frames->ready_count];
    struct frame_range *range = range_of(frames, frame, 1);

    range->state[frame - range->first] = FRAME_USED;
    frames->free--;
    return frame;
}

// A block's first frame; false when there is none.
static bool take_locked(struct frames *frames, unsigned order, uint64_t *frame) {
    if (order == 0 && LIKELY(frames->ready_count > 0)) {
        *frame = ready_take(frames);
        return true;
    }
    unsigned from = block_find(frames, order);
    if (from > FRAME_ORDER_MAX)
        return false;
    *frame = block_take(frames, from, order);
    return true;
}

enum capos_status frame_take(struct cpu *cpu, unsigned order, struct paddr *block) {
    struct frames *frames = cpu->kernel->frames;
    uint64_t frame;

    kassert(order <= FRAME_ORDER_MAX);
    if (debug_should_fail(cpu))
        return CAPOS_STATUS_OVERLOADED;
    lock_take(&frames->lock);
    bool taken = take_locked(frames, order, &frame);
    lock_drop(&frames->lock);
    if (!taken)
        return CAPOS_STATUS_OVERLOADED;
    block->value = frame * FRAME_SIZE;
    machine_memory_used(machine_direct(*block), block_frames(order) * FRAME_SIZE);
    return CAPOS_STATUS_OK;
}

enum capos_status frame_alloc(struct cpu *cpu, unsigned order, struct paddr *block) {
    enum capos_status status = frame_take(cpu, order, block);

    if (status == CAPOS_STATUS_OK)
        machine_clear(machine_direct(*block), block_frames(order) * FRAME_SIZE);
    return status;
}

void frame_free(struct cpu *cpu, struct paddr block, unsigned order) {
    struct frames *frames = cpu->kernel->frames;
    uint64_t frame = block.value / FRAME_SIZE;
    uint64_t count = block_frames(order);

    kassert(order <= FRAME_ORDER_MAX && is_aligned(block.value, count * FRAME_SIZE));
    lock_take(&frames->lock);
    struct frame_range *range = range_of(frames, frame, count);
    if (range == NULL || frame + count - range->first > range->fresh)
        panic("a frame was freed that is not the allocator's");
    for (uint64_t i = 0; i < count; i++)
        if (range->state[frame - range->first + i] != FRAME_USED)
            panic("a frame was freed that is not in use");
    if (order == 0 && LIKELY(frames->ready_count < FRAME_READY_MAX)) {
        range->state[frame - range->first] = FRAME_READY;
        frames->ready[frames->ready_count++] = frame;
        machine_memory_freed(machine_direct(block), FRAME_SIZE);
    } else {
        memset(&range->state[frame - range->first], FRAME_WITHIN, count);
        block_free(frames, range, frame, order);
    }
    frames->free += count;
    lock_drop(&frames->lock);
}

struct frame_counts frame_count(struct cpu *cpu) {
    struct frames *frames = cpu->kernel->frames;

    lock_take(&frames->lock);
    struct frame_counts counts = {frames->total, frames->free};
    lock_drop(&frames->lock);
    return counts;
}

// Walks a range block by block; adds up what is free in it, and what of that is in no block.
static const char *audit_range(const struct frame_range *range, uint64_t *free, uint64_t *ready,
                               uint64_t blocks[FRAME_ORDERS]) {
    *free += range->count - range->fresh;
    for (uint64_t at = 0; at < range->fresh; at++) {
        unsigned order = (unsigned)range->state[at] - FRAME_FREE;

        if (range->state[at] == FRAME_USED || range->state[at] == FRAME_KEPT)
            continue;
        if (range->state[at] == FRAME_READY) {
            (*free)++;
            (*ready)++;
            continue;
        }
        if (range->state[at] < FRAME_FREE || order > FRAME_ORDER_MAX)
            return "frames: a free frame is in no free block";
        uint64_t count = block_frames(order);
        if (!is_aligned(range->first + at, count) || count > range->fresh - at)
            return "frames: a free block lies across a border";
        for (uint64_t i = 1; i < count; i++)
            if (range->state[at + i] != FRAME_WITHIN)
                return "frames: a free block has a hole";
        uint64_t buddy = (range->first + at) ^ count;
        if (order < FRAME_ORDER_MAX && buddy >= range->first &&
            buddy - range->first < range->fresh &&
            range->state[buddy - range->first] == FRAME_FREE + order)
            return "frames: two free buddies are apart";
        *free += count;
        blocks[order]++;
        at += count - 1;
    }
    return NULL;
}

static const char *audit_lists(struct frames *frames, const uint64_t blocks[FRAME_ORDERS]) {
    for (unsigned order = 0; order < FRAME_ORDERS; order++) {
        struct list *list = &frames->blocks[order];

        if (!list_is_sound(list, blocks[order]) || list_count(list) != blocks[order])
            return "frames: a list of free blocks is broken";
        for (struct list_node *node = list_first(list); node; node = list_next(list, node)) {
            uint64_t frame = node_frame(node);
            struct frame_range *range = range_of(frames, frame, block_frames(order));

            if (range == NULL || range->state[frame - range->first] != FRAME_FREE + order)
                return "frames: a listed block is not free";
        }
    }
    return NULL;
}

static const char *audit_ready(struct frames *frames, uint64_t ready) {
    if (frames->ready_count != ready)
        return "frames: as many are kept apart as are listed";
    for (uint32_t i = 0; i < frames->ready_count; i++) {
        struct frame_range *range = range_of(frames, frames->ready[i], 1);

        if (range == NULL || range->state[frames->ready[i] - range->first] != FRAME_READY)
            return "frames: what is kept apart is free";
    }
    return NULL;
}

const char *frame_audit(struct cpu *cpu) {
    struct frames *frames = cpu->kernel->frames;
    uint64_t free = 0, ready = 0, blocks[FRAME_ORDERS] = {0};
    const char *broken = NULL;

    lock_take(&frames->lock);
    for (uint32_t i = 0; i < frames->range_count && broken == NULL; i++)
        broken = audit_range(&frames->ranges[i], &free, &ready, blocks);
    if (broken == NULL)
        broken = audit_lists(frames, blocks);
    if (broken == NULL)
        broken = audit_ready(frames, ready);
    if (broken == NULL && free != frames->free)
        broken = "frames: the number of free ones is wrong";
    lock_drop(&frames->lock);
    return broken;
}
