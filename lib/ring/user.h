// SPDX-License-Identifier: MIT
//
// The user's end of a ring: where the next submission goes, which completion comes next. It owns
// sq_tail and cq_head, and nothing of what submissions mean. The kernel touches the ring only while
// the ring's thread is in cap_enter, so the two are never at it at once; loads acquire and stores
// release all the same, which on x86-64 costs nothing, keeps the compiler from moving them, and
// would be enough, and no more than that, if both ends ran side by side (tests/order).
#ifndef CAPOS_RING_USER_H
#define CAPOS_RING_USER_H

#include "base/attributes.h"
#include "ring/shared.h"

#include <capos/ring.h>
#include <stdbool.h>
#include <stddef.h>

struct ring_user {
    struct capos_ring_header *header;
    struct capos_sqe *sq;
    const struct capos_cqe *cq;
    uint32_t sqes, cqes, slots;
    uint32_t sq_mask, cq_mask; // of indices
    uint32_t area, size;       // offsets where the message area begins and ends
    uint32_t sq_tail;          // as this side has written it, or will with the next publish
    uint32_t sq_end;           // to which it may rise, as far as sq_head has been looked at
    uint32_t cq_head;
};

// Attaches to the ring at base. False when it is no ring that this code knows: another magic number
// or major version, or a layout that does not lie within its own size.
must_use bool ring_user_attach(struct ring_user *ring, void *base);

// Submissions that the kernel has not taken yet, published or not.
static inline uint32_t ring_user_pending(const struct ring_user *ring) {
    return ring->sq_tail - ring_load_index(&ring->header->sq_head);
}

// Is there a place for another submission? If not, cap_enter changes that.
static inline bool ring_user_has_place(struct ring_user *ring) {
    if (__builtin_expect(ring->sq_tail != ring->sq_end, 1))
        return true;
    ring->sq_end = ring_load_index(&ring->header->sq_head) + ring->sqes;
    return ring->sq_tail != ring->sq_end;
}

// The place of the next submission, which is there and holds anything: to be filled in whole before
// the next publish.
static inline struct capos_sqe *ring_user_claim(struct ring_user *ring) {
    return &ring->sq[ring->sq_tail++ & ring->sq_mask];
}

// The same; NULL when there is none.
static inline struct capos_sqe *ring_user_place(struct ring_user *ring) {
    return ring_user_has_place(ring) ? ring_user_claim(ring) : NULL;
}

// The same, all zero.
static inline struct capos_sqe *ring_user_next(struct ring_user *ring) {
    struct capos_sqe *sqe = ring_user_place(ring);

    if (sqe != NULL)
        *sqe = (struct capos_sqe){.opcode = 0};
    return sqe;
}

// Shows the kernel all submissions that were filled in.
static inline void ring_user_publish(struct ring_user *ring) {
    ring_store_index(&ring->header->sq_tail, ring->sq_tail);
}

// The same. Returns how many it has not taken yet.
static inline uint32_t ring_user_submit(struct ring_user *ring) {
    struct capos_ring_header *header = ring->header;
    uint32_t tail = ring->sq_tail;

    ring_store_index(&header->sq_tail, tail);
    return tail - ring_load_index(&header->sq_head);
}

// Completions that are there.
static inline uint32_t ring_user_ready(const struct ring_user *ring) {
    return ring_load_index(&ring->header->cq_tail) - ring->cq_head;
}

// The next completion, which is there.
static inline const struct capos_cqe *ring_user_peek_ready(const struct ring_user *ring) {
    return &ring->cq[ring->cq_head & ring->cq_mask];
}

// The next completion, in its place, where it stays until it is passed; NULL when there is none.
static inline const struct capos_cqe *ring_user_peek(const struct ring_user *ring) {
    return ring_user_ready(ring) == 0 ? NULL : ring_user_peek_ready(ring);
}

// Does the completion say no more than that there are results?
static inline bool ring_cqe_is_plain(const struct capos_cqe *cqe) {
    const uint64_t other = UINT64_C(0xffff000080000000); // its sign, flags and caps
    uint64_t word;

    __builtin_memcpy(&word, &cqe->result, sizeof word);
    return (word & other) == 0;
}
_Static_assert(offsetof(struct capos_cqe, result) == 8 && offsetof(struct capos_cqe, flags) == 14 &&
                   offsetof(struct capos_cqe, caps) == 15,
               "the second word of a CQE");

// Passes the completion that was peeked at.
static inline void ring_user_pass(struct ring_user *ring) {
    ring->cq_head++;
    ring_store_index(&ring->header->cq_head, ring->cq_head);
}

// The next completion, in its place and passed, if there is no other one. False otherwise.
static inline bool ring_user_pass_only(struct ring_user *ring, const struct capos_cqe **cqe) {
    struct capos_ring_header *header = ring->header;
    uint32_t head = ring->cq_head, next = head + 1;

    if (ring_load_index(&header->cq_tail) != next)
        return false;
    *cqe = &ring->cq[head & ring->cq_mask];
    ring->cq_head = next;
    ring_store_index(&header->cq_head, next);
    return true;
}

// Takes the next completion. False when there is none.
static inline bool ring_user_take(struct ring_user *ring, struct capos_cqe *cqe) {
    const struct capos_cqe *next = ring_user_peek(ring);

    if (next == NULL)
        return false;
    *cqe = *next;
    ring_user_pass(ring);
    return true;
}

#endif
