// SPDX-License-Identifier: MIT
//
// Entering the kernel: with nothing to do, and with submissions that do nothing.
#include "bench.h"

#include "capos/syscall.h"

static bool null_entry(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = capos_syscall_enter(0, 0, 0) == 0 && right;
    return right;
}

// `batch` NOPs, each by a submission of its own, in one entry; their completions are read.
static bool nops(unsigned batch) {
    struct ring_user *ring = &capos_client()->ring;
    struct capos_cqe cqe;

    for (unsigned i = 0; i < batch; i++) {
        struct capos_sqe *sqe = ring_user_next(ring);

        if (sqe == NULL)
            return false;
        sqe->opcode = CAPOS_OP_NOP;
        sqe->user_data = i;
    }
    ring_user_publish(ring);
    if (CAPOS_ENTER_TAKEN(capos_syscall_enter(batch, batch, CAPOS_NO_DEADLINE)) != batch)
        return false;
    for (unsigned i = 0; i < batch; i++)
        if (!ring_user_take(ring, &cqe) || cqe.user_data != i || cqe.result != 0)
            return false;
    return true;
}

static bool ring_nop_batch1(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i++)
        right = nops(1) && right;
    return right;
}

static bool ring_nop_batch32(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations; i += 32)
        right = nops(32) && right;
    return right;
}

static const struct bench_row rows[] = {
    {"null_entry", 1000, NULL, null_entry},
    {"ring_nop_batch1", 1000, NULL, ring_nop_batch1},
    {"ring_nop_batch32", 3200, NULL, ring_nop_batch32},
};

const struct bench_rows bench_rows_entry = {rows, sizeof rows / sizeof rows[0]};
