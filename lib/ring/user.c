// SPDX-License-Identifier: MIT
//
// See user.h. The layout is checked once, when attaching; masks and offsets are our own copies.
#include "ring/user.h"

#include "base/checked.h"

static bool is_power_of_two(uint32_t n) {
    return n != 0 && (n & (n - 1)) == 0;
}

bool ring_user_attach(struct ring_user *ring, void *base) {
    struct capos_ring_header *header = base;

    if (header->magic != CAPOS_RING_MAGIC || header->abi_major != CAPOS_RING_ABI_MAJOR)
        return false;
    if (!is_power_of_two(header->sqes) || !is_power_of_two(header->cqes) || header->slots == 0)
        return false;
    if (!range_within(header->sq, header->sqes * sizeof(struct capos_sqe), header->size) ||
        !range_within(header->cq, header->cqes * sizeof(struct capos_cqe), header->size) ||
        header->area > header->size || header->area % 8 != 0)
        return false;
    *ring = (struct ring_user){
        .header = header,
        .sq = (struct capos_sqe *)((char *)base + header->sq),
        .cq = (const struct capos_cqe *)((char *)base + header->cq),
        .sqes = header->sqes,
        .cqes = header->cqes,
        .slots = header->slots,
        .sq_mask = header->sqes - 1u,
        .cq_mask = header->cqes - 1u,
        .area = header->area,
        .size = header->size,
        .sq_tail = header->sq_tail,
        .sq_end = header->sq_tail,
        .cq_head = header->cq_head,
    };
    return true;
}
