// SPDX-License-Identifier: MIT
//
// What a thread finds by FS is made here, and attached to its ring; see local.h.
#include "capos/local.h"

#include "base/memory.h"
#include "capos/syscall.h"

// The linker's: the second one's address is a size.
extern const char capos_local_image[], capos_local_bytes[];

size_t local_bytes(void) {
    return (size_t)(uintptr_t)capos_local_bytes;
}

void local_init(struct capos_local *local, struct capos_thread *thread,
                struct capos_client *client) {
    memcpy((char *)local - local_bytes(), capos_local_image, local_bytes());
    *local = (struct capos_local){.self = local, .thread = thread, .client = client};
}

uint64_t capos_enter_kernel(uint32_t to_submit, uint32_t wait, uint64_t deadline,
                            struct capos_client *client) {
    (void)client;
    return capos_syscall_enter(to_submit, wait, deadline);
}

bool local_attach(struct capos_local *local, void *ring) {
    struct capos_client *client = local->client;
    struct area_span span;

    if (!capos_client_init(client, ring, NULL) ||
        !area_take(&client->area, LOCAL_LAST_WORDS, &span))
        return false;
    local->last_words = span.offset;
    return capos_slot_take(client) == LOCAL_SLOT; // the first one
}
