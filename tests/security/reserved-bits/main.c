// SPDX-License-Identifier: MIT
//
// Danger: a bit that is ignored today has a meaning tomorrow, and then old programs that left it
// set do something else. Flags that are none must end `unsupported`, reserved fields that are not
// zero `malformed`.
#include "tests/security/common/hostile.h"

int main(void) {
    struct capos_sqe sqe;

    for (unsigned bit = 0; bit < 8; bit++) {
        sqe = hostile_good_call();
        sqe.flags = (uint8_t)(1u << bit);
        if (sqe.flags > CAPOS_SQE_FLAGS)
            hostile_expect_status(&sqe, CAPOS_STATUS_UNSUPPORTED, "a flag that is none");
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        sqe = hostile_good_call();
        sqe.zero = (uint16_t)(1u << bit);
        hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "the reserved field");
    }
    hostile_expect_life();
    return hostile_tally();
}
