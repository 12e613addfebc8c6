// SPDX-License-Identifier: MIT
//
// Frames for tests: one block of the host's memory, first fit, every free frame poisoned for
// AddressSanitizer and every wrong free found.
#include "core/frame.h"

#include "core/debug.h"
#include "core/lock.h"
#include "tests/host/frames.h"
#include "tests/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)FRAME_SIZE << FRAME_ORDER_MAX)

struct frames {
    uint8_t *memory;
    struct lock lock; // guards what follows
    bool used[HOST_FRAMES];
    uint64_t free;
    uint32_t next; // where the search begins
};

struct frames *host_frames_create(void) {
    struct frames *frames = calloc(1, sizeof(*frames));

    frames->memory = aligned_alloc(ALIGNMENT, (size_t)HOST_FRAMES * FRAME_SIZE);
    frames->free = HOST_FRAMES;
    machine_memory_freed(frames->memory, (size_t)HOST_FRAMES * FRAME_SIZE);
    return frames;
}

void host_frames_destroy(struct frames *frames) {
    machine_memory_used(frames->memory, (size_t)HOST_FRAMES * FRAME_SIZE);
    free(frames->memory);
    free(frames);
}

static bool is_free(const struct frames *frames, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++)
        if (frames->used[i])
            return false;
    return true;
}

static void mark(struct frames *frames, uint32_t first, uint32_t count, bool used) {
    for (uint32_t i = first; i < first + count; i++)
        frames->used[i] = used;
    frames->free = used ? frames->free - count : frames->free + count;
}

// Takes the first `count` frames that are free, by number; HOST_FRAMES when there are none.
static uint32_t take(struct frames *frames, uint32_t count) {
    for (uint32_t i = 0; i < HOST_FRAMES / count; i++) {
        uint32_t at = (frames->next / count + i) % (HOST_FRAMES / count) * count;

        if (!is_free(frames, at, count))
            continue;
        mark(frames, at, count, true);
        frames->next = at;
        return at;
    }
    return HOST_FRAMES;
}

enum capos_status frame_alloc(struct cpu *cpu, unsigned order, struct paddr *block) {
    struct frames *frames = cpu->kernel->frames;
    uint32_t count = 1u << order, at;

    if (debug_should_fail(cpu))
        return CAPOS_STATUS_OVERLOADED;
    lock_take(&frames->lock);
    at = take(frames, count);
    lock_drop(&frames->lock);
    if (at == HOST_FRAMES)
        return CAPOS_STATUS_OVERLOADED;
    *block = machine_direct_paddr(frames->memory + (size_t)at * FRAME_SIZE);
    machine_memory_used(machine_direct(*block), (size_t)count * FRAME_SIZE);
    memset(machine_direct(*block), 0, (size_t)count * FRAME_SIZE);
    return CAPOS_STATUS_OK;
}

void frame_free(struct cpu *cpu, struct paddr block, unsigned order) {
    struct frames *frames = cpu->kernel->frames;
    size_t offset = (size_t)((uint8_t *)machine_direct(block) - frames->memory);
    uint32_t at = (uint32_t)(offset / FRAME_SIZE), count = 1u << order;

    if (offset % FRAME_SIZE != 0 || at % count != 0 || at + count > HOST_FRAMES) {
        fprintf(stderr, "frame_free: no such block\n");
        abort();
    }
    machine_memory_freed(machine_direct(block), (size_t)count * FRAME_SIZE);
    lock_take(&frames->lock);
    for (uint32_t i = at; i < at + count; i++)
        if (!frames->used[i]) {
            fprintf(stderr, "frame_free: a free frame\n");
            abort();
        }
    mark(frames, at, count, false);
    lock_drop(&frames->lock);
}

struct frame_counts frame_count(struct cpu *cpu) {
    return (struct frame_counts){HOST_FRAMES, cpu->kernel->frames->free};
}
