// SPDX-License-Identifier: MIT
//
// Danger: offsets and lengths in SQEs lead the kernel to memory through its direct map; one that is
// not checked, or checked with an addition that wraps, reads and writes other processes' memory.
// Every combination that is wrong must end `malformed`, and do nothing.
#include "tests/security/common/hostile.h"

static const uint32_t offsets[] = {0,          1,          8,          255,        256,
                                   6400 - 8,   6401,       6404,       16384,      16384 + 8,
                                   0x7ffffff8, 0x80000000, 0xfffffff8, 0xffffffff, 0x10000};
static const uint32_t lengths[] = {1,         8,          64,         256,        16384,
                                   16384 + 1, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

enum {
    OFFSETS = sizeof offsets / sizeof offsets[0],
    LENGTHS = sizeof lengths / sizeof lengths[0],
};

// Is this range one that the kernel must take?
static bool is_right(uint32_t offset, uint64_t bytes) {
    const struct ring_user *ring = &capos_client()->ring;

    return (offset | bytes) % 8 == 0 && offset >= ring->area && offset + bytes <= ring->size;
}

static void try(const struct capos_sqe *sqe, bool right, const char *what) {
    if (!right)
        hostile_expect_status(sqe, CAPOS_STATUS_MALFORMED, what);
}

static void try_pair(uint32_t offset, uint32_t bytes) {
    struct capos_sqe sqe = hostile_good_call();

    sqe.params = offset;
    sqe.params_bytes = bytes;
    try(&sqe, is_right(offset, bytes), "wild params");
    sqe = hostile_good_call();
    sqe.results = offset;
    sqe.results_capacity = bytes;
    try(&sqe, is_right(offset, bytes), "wild results");
}

static void try_descriptors(uint32_t offset) {
    struct capos_sqe sqe = hostile_good_call();

    sqe.descriptors = offset;
    sqe.room = 1;
    try(&sqe, is_right(offset, 32), "wild descriptors to receive");
    sqe.room = 0;
    sqe.sent = 1;
    try(&sqe, is_right(offset, 32), "wild descriptors to send");
}

int main(void) {
    struct capos_sqe sqe = hostile_good_call();

    for (unsigned i = 0; i < OFFSETS; i++) {
        for (unsigned j = 0; j < LENGTHS; j++)
            try_pair(offsets[i], lengths[j]);
        try_descriptors(offsets[i]);
    }
    sqe.descriptors = capos_client()->ring.area;
    sqe.room = CAPOS_TRANSFER_MAX + 1;
    hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "more room than there may be");
    sqe.room = 0;
    sqe.sent = 255;
    hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "more sent than there may be");
    sqe = hostile_good_call();
    sqe.slot = capos_client()->ring.slots;
    hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "a slot that is none");
    sqe.slot = 0xffff;
    hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "a slot far from any");
    hostile_expect_life();
    return hostile_tally();
}
