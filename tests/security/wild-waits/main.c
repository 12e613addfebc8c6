// SPDX-License-Identifier: MIT
//
// Danger: the arguments of cap_enter: a slot that is an index, counts that are loop bounds, a
// deadline that is added to. None may lead beyond the ring, or wait for what can't come when the
// deadline has passed.
#include "tests/security/common/hostile.h"

#include "capos/syscall.h"

static void try(uint32_t to_submit, uint32_t wait, const char *what) {
    uint64_t result = capos_syscall_enter(to_submit, wait, 1);

    hostile_expect(CAPOS_ENTER_REASON(result) == CAPOS_ENTER_DONE, what);
    hostile_expect(CAPOS_ENTER_TAKEN(result) == 0, "nothing was there to be taken");
}

int main(void) {
    const struct ring_user *ring = &capos_client()->ring;

    try(UINT32_MAX, 0, "more submissions than there are");
    try(0, UINT32_MAX & ~CAPOS_WAIT_SLOT, "a wait for more completions than there can be");
    try(0, ring->cqes + 1u, "a wait for one more than there can be");
    try(0, CAPOS_WAIT_SLOT | 0, "a wait for a slot that is free");
    try(0, CAPOS_WAIT_SLOT | ring->slots, "a wait for a slot that is none");
    try(0, CAPOS_WAIT_SLOT | 0x7fffffff, "a wait for a slot far from any");
    try(UINT32_MAX, UINT32_MAX, "all of it");
    hostile_expect_life();
    return hostile_tally();
}
