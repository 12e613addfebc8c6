// SPDX-License-Identifier: MIT
//
// Danger: a slot's kernel record belongs to one operation; a second one in the same slot would
// answer the first one's caller, or lose it. Must end `busy`, and leave the first alone.
#include "tests/security/common/hostile.h"

#include "capos/syscall.h"
#include "ring/user.h"
#include "schemas/time.capos.h"
#include "tests/guest/parts.h"

enum { SLOT = 5, SLEEP = 50 * 1000 * 1000, SLEEPER = 77 };

// A sleep that holds the slot; its params lie at the end of the message area.
static void begin_sleep(uint64_t deadline) {
    struct ring_user *ring = &capos_client()->ring;
    uint64_t *params = capos_client_at(capos_client(), ring->size - 64);
    struct capos_builder builder;

    capos_builder_init(&builder, params, 4);
    struct capos_timer_sleep_until_params_builder sleep =
        capos_timer_sleep_until_params_build_message(&builder);
    capos_timer_sleep_until_params_set_deadline(sleep, deadline);
    struct capos_sqe *sqe = ring_user_next(ring);
    *sqe = hostile_good_call();
    sqe->method = CAPOS_TIMER_SLEEP_UNTIL_METHOD;
    sqe->slot = SLOT;
    sqe->user_data = SLEEPER;
    sqe->params = ring->size - 64;
    sqe->params_bytes = builder.used * 8;
    ring_user_publish(ring);
    (void)capos_syscall_enter(1, 0, 0);
}

int main(void) {
    struct ring_user *ring = &capos_client()->ring;
    uint64_t start = guest_now(), deadline = start + SLEEP;
    struct capos_cqe cqe = {.result = INT32_MIN};
    struct capos_sqe sqe = hostile_good_call();

    begin_sleep(deadline);
    sqe.slot = SLOT;
    hostile_expect_status(&sqe, CAPOS_STATUS_BUSY, "a second call in a busy slot");
    hostile_expect_life(); // in slot 0
    (void)capos_syscall_enter(0, CAPOS_WAIT_SLOT | SLOT, CAPOS_NO_DEADLINE);
    hostile_expect(ring_user_take(ring, &cqe) && cqe.user_data == SLEEPER && cqe.slot == SLOT,
                   "the first call completes in its slot");
    hostile_expect(cqe.result >= 0, "and with success");
    hostile_expect(guest_now() >= deadline, "when its time has come");
    hostile_expect(hostile_submit(&sqe) > 0, "then the slot is free");
    return hostile_tally();
}
