// SPDX-License-Identifier: MIT
//
// Danger: sq_tail and cq_head are the user's words. A tail that is further ahead than the queue is
// long makes the kernel take what was never submitted, for ever; a head beyond the tail makes it
// think that there is room for completions, and drop some. Each must end the entry with RING_BAD,
// nothing taken, nothing changed, until the words are sane again.
#include "tests/security/common/hostile.h"

#include "capos/syscall.h"

static struct capos_ring_header *header(void) {
    return capos_client()->ring.header;
}

static void try(uint32_t tail, uint32_t head, const char *what) {
    uint32_t good_tail = header()->sq_tail, good_head = header()->cq_head;
    uint32_t sq_head = header()->sq_head, cq_tail = header()->cq_tail;

    header()->sq_tail = tail;
    header()->cq_head = head;
    uint64_t result = capos_syscall_enter(1, 0, 0);
    header()->sq_tail = good_tail;
    header()->cq_head = good_head;
    hostile_expect(CAPOS_ENTER_REASON(result) == CAPOS_ENTER_RING_BAD, what);
    hostile_expect(CAPOS_ENTER_TAKEN(result) == 0, "nothing was taken");
    hostile_expect(header()->sq_head == sq_head && header()->cq_tail == cq_tail,
                   "the kernel's indices stay");
}

int main(void) {
    hostile_expect_life();
    uint32_t tail = header()->sq_tail, head = header()->cq_head;

    try(tail + header()->sqes + 1, head, "a tail one too far ahead");
    try(tail - 1, head, "a tail behind the head");
    try(tail + 0x80000000, head, "a tail half the circle ahead");
    try(tail, head + 1, "a head ahead of the completions");
    try(tail, head - header()->cqes - 1, "a head further behind than the queue is long");
    try(tail, head + 0x80000000, "a head half the circle ahead");
    try(tail - 1, head + 1, "both");
    hostile_expect_life();
    return hostile_tally();
}
