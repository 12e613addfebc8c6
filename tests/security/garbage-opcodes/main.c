// SPDX-License-Identifier: MIT
//
// Danger: an opcode or a flag that indexes a table without a check, or that is taken for another
// one. What this kernel does not have must end `unsupported`, so that programs can find out.
#include "tests/security/common/hostile.h"

int main(void) {
    struct capos_sqe sqe = {.opcode = CAPOS_OP_NOP};

    hostile_expect(hostile_submit(&sqe) == 0, "NOP succeeds");
    for (unsigned opcode = CAPOS_OPCODES; opcode < 256; opcode++) {
        sqe = (struct capos_sqe){.opcode = (uint8_t)opcode};
        hostile_expect_status(&sqe, CAPOS_STATUS_UNSUPPORTED, "an opcode that is none");
    }
    sqe = hostile_good_call();
    sqe.flags = CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK;
    hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "PIPELINE and LINK");
    sqe.flags = CAPOS_SQE_LINK;
    sqe.source = sqe.slot;
    hostile_expect_status(&sqe, CAPOS_STATUS_MALFORMED, "a call that waits for itself");
    sqe.opcode = CAPOS_OP_NOP;
    sqe.flags = CAPOS_SQE_PIPELINE;
    hostile_expect_status(&sqe, CAPOS_STATUS_UNSUPPORTED, "a NOP on a capability");
    hostile_expect_life();
    return hostile_tally();
}
