// SPDX-License-Identifier: MIT
//
// Calls of a method of the kernel that does nothing.
#include "bench.h"

#include "schemas/system.capos.h"

enum { BATCH = 32 };

static struct capos_system_info info;

static bool prepare(void) {
    info.id = capos_grant("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID);
    return info.id != 0;
}

static bool kernel_call_batch1(unsigned operations) {
    struct capos_system_info_ping_results results;
    bool right = true;

    for (unsigned i = 0; i < operations; i++) {
        struct capos_call call;

        right = capos_system_info_ping(&call, capos_ring(), info, &results) == CAPOS_DONE && right;
        capos_call_release(&call);
    }
    return right;
}

// All are sent with the first wait, in one entry.
static bool batch(void) {
    struct capos_system_info_ping_results results;
    struct capos_call calls[BATCH];
    bool right = true;

    for (int i = 0; i < BATCH; i++) {
        capos_system_info_ping_begin(&calls[i], capos_ring(), info);
        right = capos_system_info_ping_send(&calls[i]) == CAPOS_DONE && right;
    }
    for (int i = 0; i < BATCH; i++) {
        right = capos_system_info_ping_wait(&calls[i], &results) == CAPOS_DONE && right;
        capos_call_release(&calls[i]);
    }
    return right;
}

static bool kernel_call_batch32(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i += BATCH)
        right = batch() && right;
    return right;
}

static const struct bench_row rows[] = {
    {"kernel_call_batch1", 1000, prepare, kernel_call_batch1},
    {"kernel_call_batch32", 1600, prepare, kernel_call_batch32},
};

const struct bench_rows bench_rows_kernel = {rows, sizeof rows / sizeof rows[0]};
