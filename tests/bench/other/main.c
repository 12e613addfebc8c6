// SPDX-License-Identifier: MIT
//
// other: the other process of the benchmarks (tests/bench/bench.capnp).
#include "capos/server.h"

#include "base/memory.h"
#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "tests/bench/bench.capos.h"

enum { BYTES = 4096 };

static const volatile uint64_t *page;

static int ping(void *self, struct capos_invocation *inv, struct bench_peer_ping_params params,
                struct bench_peer_ping_results_builder results) {
    (void)self;
    (void)inv;
    (void)params;
    (void)results;
    return CAPOS_DONE;
}

static int sample(void *self, struct capos_invocation *inv, struct bench_peer_sample_params params,
                  struct bench_peer_sample_results_builder results) {
    struct bench_sample from = bench_peer_sample_params_sample(params);
    struct bench_sample_builder to = bench_peer_sample_results_init_sample(results);

    (void)self;
    (void)inv;
    bench_sample_set_a(to, bench_sample_a(from) + 1);
    bench_sample_set_b(to, bench_sample_b(from) + 1);
    bench_sample_set_c(to, bench_sample_c(from) + 1);
    bench_sample_set_d(to, bench_sample_d(from) + 1);
    bench_sample_set_e(to, bench_sample_e(from) + 1);
    bench_sample_set_f(to, bench_sample_f(from) + 1);
    bench_sample_set_g(to, bench_sample_g(from) + 1);
    bench_sample_set_h(to, bench_sample_h(from) + 1);
    return CAPOS_DONE;
}

static int swap(void *self, struct capos_invocation *inv, struct bench_peer_swap_params params,
                struct bench_peer_swap_results_builder results) {
    uint64_t object = capos_server_keep(inv, bench_peer_swap_params_object(params).id);

    (void)self;
    bench_peer_swap_results_give_object(results, capos_descriptor_move(object));
    return CAPOS_DONE;
}

static int echo(void *self, struct capos_invocation *inv, struct bench_peer_echo_params params,
                struct bench_peer_echo_results_builder results) {
    (void)self;
    (void)inv;
    bench_peer_echo_results_set_data(results, bench_peer_echo_params_data(params));
    return CAPOS_DONE;
}

static int take(void *self, struct capos_invocation *inv, struct bench_peer_take_params params,
                struct bench_peer_take_results_builder results) {
    struct capos_data data = bench_peer_take_params_data(params);
    uint64_t first, last;

    (void)self;
    if (data.size < sizeof first)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "less than a word");
    memcpy(&first, data.data, sizeof first);
    memcpy(&last, data.data + data.size - sizeof last, sizeof last);
    bench_peer_take_results_set_first(results, first);
    bench_peer_take_results_set_last(results, last);
    return CAPOS_DONE;
}

static int open_peer(void *self, struct capos_invocation *inv, struct bench_peer_open_params params,
                     struct bench_peer_open_results_builder results) {
    const struct capos_server *server = self;

    (void)inv;
    (void)params;
    bench_peer_open_results_give_peer(
        results,
        capos_descriptor_mint(server->receiver, 0, BENCH_PEER_INTERFACE_ID, CAPOS_SCOPE_SESSION));
    return CAPOS_DONE;
}

static int share(void *self, struct capos_invocation *inv, struct bench_peer_share_params params,
                 struct bench_peer_share_results_builder results) {
    struct capos_memory_object object = {bench_peer_share_params_object(params).id};
    struct capos_virtual_memory space = {
        capos_grant("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_map_results mapped;
    struct capos_call call;
    int status = capos_virtual_memory_map(&call, capos_ring(), space, object, 0, BYTES,
                                          CAPOS_PROTECTION_READ, &mapped);

    (void)self;
    (void)results;
    page = (const volatile uint64_t *)capos_virtual_memory_map_results_address(mapped);
    capos_call_release(&call);
    return status == CAPOS_DONE ? CAPOS_DONE : capos_fail(inv, CAPOS_FAILED, "no mapping");
}

static int shared(void *self, struct capos_invocation *inv, struct bench_peer_shared_params params,
                  struct bench_peer_shared_results_builder results) {
    uint32_t offset = bench_peer_shared_params_offset(params);
    uint32_t bytes = bench_peer_shared_params_bytes(params);

    (void)self;
    if (page == NULL || bytes < 8 || bytes > BYTES || offset > BYTES - bytes)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "there is no such part");
    bench_peer_shared_results_set_first(results, page[offset / 8]);
    bench_peer_shared_results_set_last(results, page[(offset + bytes) / 8 - 1]);
    return CAPOS_DONE;
}

static const struct bench_peer_server handlers = {
    .ping = ping,
    .sample = sample,
    .swap = swap,
    .echo = echo,
    .take = take,
    .share = share,
    .shared = shared,
    .open = open_peer,
};

static int dispatch(void *self, struct capos_invocation *inv) {
    return bench_peer_dispatch(&handlers, self, inv);
}

int main(void) {
    static const struct capos_server_sizes sizes = {.params_bytes = BYTES + 64,
                                                    .results_bytes = BYTES + 64};
    static struct capos_object object = {.interface = BENCH_PEER_INTERFACE_ID,
                                         .dispatch = dispatch};
    static struct capos_server server;
    uint64_t receiver = capos_need("receiver", CAPOS_RECEIVER_INTERFACE_ID);

    if (capos_server_init(&server, capos_client(), receiver, &sizes) != CAPOS_DONE)
        capos_panic("the message area is too small to serve");
    object.self = &server;
    capos_server_add(&server, &object);
    capos_server_run(&server);
    return 1; // only without a Receiver
}
