// SPDX-License-Identifier: MIT
//
// 4 KiB to the other process: in the message; there and back; and in memory that both have mapped,
// with a call that says where.
#include "bench.h"

#include "base/memory.h"
#include "schemas/memory.capos.h"

enum { BYTES = 4096, LAST = BYTES / 8 - 1 };

static uint64_t block[BYTES / 8];
static volatile uint64_t *page; // shared with the other process

static struct capos_data stamped(uint64_t n) {
    block[0] = n;
    block[LAST] = n + 1;
    return (struct capos_data){(const uint8_t *)block, BYTES};
}

static bool take(uint64_t n) {
    struct bench_peer_take_results results;
    struct capos_call call;
    bool right;

    right = bench_peer_take(&call, capos_ring(), bench_peer, stamped(n), &results) == CAPOS_DONE &&
            bench_peer_take_results_first(results) == n &&
            bench_peer_take_results_last(results) == n + 1;
    capos_call_release(&call);
    return right;
}

static bool bulk_4096(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = take(i) && right;
    return right;
}

static bool is_stamped(struct capos_data data, uint64_t n) {
    uint64_t first, last;

    if (data.size != BYTES)
        return false;
    memcpy(&first, data.data, sizeof first);
    memcpy(&last, data.data + BYTES - sizeof last, sizeof last);
    return first == n && last == n + 1;
}

static bool echo(uint64_t n) {
    struct bench_peer_echo_results results;
    struct capos_call call;
    bool right;

    right = bench_peer_echo(&call, capos_ring(), bench_peer, stamped(n), &results) == CAPOS_DONE &&
            is_stamped(bench_peer_echo_results_data(results), n);
    capos_call_release(&call);
    return right;
}

static bool bulk_4096_echo(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = echo(i) && right;
    return right;
}

static bool map(struct capos_memory_object object) {
    struct capos_virtual_memory space = {
        capos_grant("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_map_results results;
    struct capos_call call;
    bool right = capos_virtual_memory_map(&call, capos_ring(), space, object, 0, BYTES,
                                          CAPOS_PROTECTION_READ_WRITE, &results) == CAPOS_DONE;

    page = (volatile uint64_t *)capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return right;
}

static bool share(struct capos_memory_object object) {
    struct bench_peer_share_results results;
    struct capos_call call;
    bool right = bench_peer_share(&call, capos_ring(), bench_peer,
                                  (struct capos_capability){object.id}, &results) == CAPOS_DONE;

    capos_call_release(&call);
    return right;
}

static bool prepare_shared(void) {
    struct capos_frame_allocator frames = {
        capos_grant("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results results;
    struct capos_memory_object object;
    struct capos_call call;
    bool right =
        capos_frame_allocator_allocate(&call, capos_ring(), frames, BYTES, &results) == CAPOS_DONE;

    object = capos_frame_allocator_allocate_results_object(results);
    capos_call_release(&call);
    return right && map(object) && share(object);
}

static bool shared(uint64_t n) {
    struct bench_peer_shared_results results;
    struct capos_call call;
    bool right;

    page[0] = n;
    page[LAST] = n + 1;
    right = bench_peer_shared(&call, capos_ring(), bench_peer, 0, BYTES, &results) == CAPOS_DONE &&
            bench_peer_shared_results_first(results) == n &&
            bench_peer_shared_results_last(results) == n + 1;
    capos_call_release(&call);
    return right;
}

static bool bulk_4096_shared(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = shared(i) && right;
    return right;
}

static const struct bench_row rows[] = {
    {"bulk_4096", 100, NULL, bulk_4096},
    {"bulk_4096_echo", 100, NULL, bulk_4096_echo},
    {"bulk_4096_shared", 200, prepare_shared, bulk_4096_shared},
};

const struct bench_rows bench_rows_bulk = {rows, sizeof rows / sizeof rows[0]};
