// SPDX-License-Identifier: MIT
//
// Memory for tests: one block of the host's, given to the real frame allocator, which poisons what
// is free for AddressSanitizer.
#include "core/frame.h"

#include "tests/host/frames.h"
#include "tests/host/host.h"

#include <check.h>
#include <stdlib.h>

struct host_frames {
    struct frames frames; // first: what the kernel knows
    uint8_t *memory;
};

struct frames *host_frames_create(void) {
    struct host_frames *host = calloc(1, sizeof(*host));
    size_t bytes = (size_t)HOST_FRAMES * FRAME_SIZE;

    ck_assert_ptr_nonnull(host);
    host->memory = aligned_alloc((size_t)FRAME_SIZE << FRAME_ORDER_MAX, bytes);
    ck_assert_ptr_nonnull(host->memory);
    frames_init(&host->frames);
    ck_assert(frames_add(&host->frames, machine_direct_paddr(host->memory), bytes));
    return &host->frames;
}

void host_frames_destroy(struct frames *frames) {
    struct host_frames *host = (struct host_frames *)frames;

    machine_memory_used(host->memory, (size_t)HOST_FRAMES * FRAME_SIZE);
    free(host->memory);
    free(host);
}
