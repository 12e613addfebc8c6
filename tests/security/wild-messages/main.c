// SPDX-License-Identifier: MIT
//
// Danger: params are bytes that lead a decoder through pointers. Every one-word root pointer of a
// kind, size or distance that does not fit must be an invalid argument or, where it happens to be
// well formed, harmless; none may be read beyond its message.
#include "tests/security/common/hostile.h"

#include "schemas/time.capos.h"

static const uint64_t roots[] = {
    0x0000000000000001, 0x0000000000000002, 0x0000000000000003, 0x00000000fffffff8,
    0x7fffffff00000000, 0xffffffffffffffff, 0x0001000000000000, 0xffff000000000000,
    0x0000ffff00000000, 0x0000000100000004, 0x00000001fffffff4, 0x000000017ffffffc,
    0x0000000180000000, 0xfffffff900000001, 0x0000000700000001, 0x0000000000000007,
    0x8000000000000000, 0x0000000180000004, 0x00000000fffffffa, 0x0000000400000003,
};

enum { ROOTS = sizeof roots / sizeof roots[0] };

int main(void) {
    struct ring_user *ring = &capos_client()->ring;
    uint64_t *params = capos_client_at(capos_client(), ring->size - 16);

    for (unsigned i = 0; i < ROOTS; i++)
        for (uint32_t words = 1; words <= 2; words++) {
            struct capos_sqe sqe = hostile_good_call();

            params[0] = params[1] = roots[i];
            sqe.method = CAPOS_TIMER_SLEEP_UNTIL_METHOD; // until 0, where it is well formed
            sqe.params = ring->size - 16;
            sqe.params_bytes = words * 8;
            hostile_expect(hostile_submit(&sqe) > INT32_MIN, "every message is answered");
        }
    hostile_expect_life();
    return hostile_tally();
}
