// SPDX-License-Identifier: MIT
//
// Calls of the other process, one at a time: empty, with a struct of 64 bytes each way, and with a
// capability that moves there and back.
#include "bench.h"

#include "schemas/memory.capos.h"

static uint64_t moving; // the capability of call_transfer

static bool call_return(unsigned operations) {
    struct bench_peer_ping_results results;
    bool right = true;

    for (unsigned i = 0; i < operations; i++) {
        struct capos_call call;

        right = bench_peer_ping(&call, capos_ring(), bench_peer, &results) == CAPOS_DONE && right;
        capos_call_release(&call);
    }
    return right;
}

static void build(struct bench_sample_builder to, uint64_t n) {
    bench_sample_set_a(to, n);
    bench_sample_set_b(to, n + 1);
    bench_sample_set_c(to, n + 2);
    bench_sample_set_d(to, n + 3);
    bench_sample_set_e(to, n + 4);
    bench_sample_set_f(to, n + 5);
    bench_sample_set_g(to, n + 6);
    bench_sample_set_h(to, n + 7);
}

static bool is_next(struct bench_sample from, uint64_t n) {
    return bench_sample_a(from) == n + 1 && bench_sample_b(from) == n + 2 &&
           bench_sample_c(from) == n + 3 && bench_sample_d(from) == n + 4 &&
           bench_sample_e(from) == n + 5 && bench_sample_f(from) == n + 6 &&
           bench_sample_g(from) == n + 7 && bench_sample_h(from) == n + 8;
}

static bool sample(uint64_t n) {
    struct bench_peer_sample_results results;
    struct capos_call call;
    bool right;

    build(bench_peer_sample_params_init_sample(
              bench_peer_sample_begin(&call, capos_ring(), bench_peer)),
          n);
    right = bench_peer_sample_call(&call, &results) == CAPOS_DONE &&
            is_next(bench_peer_sample_results_sample(results), n);
    capos_call_release(&call);
    return right;
}

static bool call_return_64(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = sample(i) && right;
    return right;
}

static bool prepare_transfer(void) {
    struct capos_frame_allocator frames = {
        capos_grant("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results results;
    struct capos_call call;

    if (capos_frame_allocator_allocate(&call, capos_ring(), frames, CAPOS_PAGE_BYTES, &results) ==
        CAPOS_DONE)
        moving = capos_frame_allocator_allocate_results_object(results).id;
    capos_call_release(&call);
    return moving != 0;
}

static bool swap(void) {
    struct bench_peer_swap_results results;
    struct capos_call call;
    bool right;

    bench_peer_swap_params_give_object(bench_peer_swap_begin(&call, capos_ring(), bench_peer),
                                       capos_descriptor_move(moving));
    right = bench_peer_swap_call(&call, &results) == CAPOS_DONE;
    moving = bench_peer_swap_results_object(results).id;
    capos_call_release(&call);
    return right && moving != 0;
}

static bool call_transfer(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations && right; i++)
        right = swap();
    return right;
}

static const struct bench_row rows[] = {
    {"call_return", 200, NULL, call_return},
    {"call_return_64", 200, NULL, call_return_64},
    {"call_transfer", 100, prepare_transfer, call_transfer},
};

const struct bench_rows bench_rows_call = {rows, sizeof rows / sizeof rows[0]};
