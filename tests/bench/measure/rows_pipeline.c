// SPDX-License-Identifier: MIT
//
// Calls on answers to come: a chain, each on the object that the one before it returns, and several
// on one answer. All of them are sent at once, and the objects are given up with the next ones.
#include "bench.h"

enum { CALLS = 8 };

static bool ping(struct capos_call *call, bool right) {
    struct bench_peer_ping_results results;

    right = bench_peer_ping_wait(call, &results) == CAPOS_DONE && right;
    capos_call_release(call);
    return right;
}

static bool send_open(struct capos_call *call) {
    return bench_peer_open_send(call) == CAPOS_DONE;
}

// Seven that return an object each, and one on the last of these that returns nothing.
static bool chain(void) {
    struct capos_call calls[CALLS];
    bool right;

    bench_peer_open_begin(&calls[0], capos_ring(), bench_peer);
    right = send_open(&calls[0]);
    for (unsigned i = 1; i < CALLS - 1; i++) {
        bench_peer_open_begin_on(&calls[i], bench_peer_open_promise_peer(&calls[i - 1]));
        right = send_open(&calls[i]) && right;
    }
    bench_peer_ping_begin_on(&calls[CALLS - 1], bench_peer_open_promise_peer(&calls[CALLS - 2]));
    right = bench_peer_ping_send(&calls[CALLS - 1]) == CAPOS_DONE && right;
    for (unsigned i = 0; i < CALLS - 1; i++)
        capos_call_release(&calls[i]);
    return ping(&calls[CALLS - 1], right);
}

static bool fan(void) {
    struct capos_call first, calls[CALLS - 1];
    bool right;

    bench_peer_open_begin(&first, capos_ring(), bench_peer);
    right = send_open(&first);
    for (unsigned i = 0; i < CALLS - 1; i++) {
        bench_peer_ping_begin_on(&calls[i], bench_peer_open_promise_peer(&first));
        right = bench_peer_ping_send(&calls[i]) == CAPOS_DONE && right;
    }
    capos_call_release(&first);
    for (unsigned i = CALLS - 1; i-- > 0;) // the last first: the others are there then
        right = ping(&calls[i], right);
    return right;
}

static bool pipeline8(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = chain() && right;
    return right;
}

static bool fanout8(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = fan() && right;
    return right;
}

static const struct bench_row rows[] = {
    {"pipeline8", 50, NULL, pipeline8},
    {"fanout8", 50, NULL, fanout8},
};

const struct bench_rows bench_rows_pipeline = {rows, sizeof rows / sizeof rows[0]};
