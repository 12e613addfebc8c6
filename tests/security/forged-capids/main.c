// SPDX-License-Identifier: MIT
//
// Danger: a CapId is a number that anybody can make up. What the process does not hold, or holds no
// more, must be `refused`, whatever is asked of it: calls, releases, transfers.
#include "tests/security/common/hostile.h"

#include "schemas/console.capos.h"
#include "schemas/time.capos.h"

static void try(uint64_t cap, const char *what) {
    struct capos_sqe sqe = hostile_good_call();

    sqe.cap = cap;
    hostile_expect_status(&sqe, CAPOS_STATUS_REFUSED, what);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_RELEASE, .cap = cap};
    hostile_expect_status(&sqe, CAPOS_STATUS_REFUSED, what);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_RECV,
                             .cap = cap,
                             .results = capos_client()->ring.area,
                             .results_capacity = 1024};
    hostile_expect_status(&sqe, CAPOS_STATUS_REFUSED, what);
    sqe = (struct capos_sqe){
        .opcode = CAPOS_OP_RETURN, .cap = cap, .params = capos_client()->ring.area};
    hostile_expect_status(&sqe, CAPOS_STATUS_REFUSED, what);
}

int main(void) {
    uint64_t timer = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    uint64_t spare = capos_need("spare", CAPOS_TIMER_INTERFACE_ID);
    uint64_t console = capos_need("console", CAPOS_CONSOLE_INTERFACE_ID);
    struct capos_sqe sqe;

    for (uint32_t slot = 0; slot < 80; slot++)
        if (slot != (uint32_t)timer && slot != (uint32_t)spare && slot != (uint32_t)console)
            try((timer & ~0xffffffffull) | slot, "another slot in the timer's generation");
    for (uint64_t generation = 0; generation < 16; generation++)
        if (generation != timer >> 32)
            try(generation << 32 | (uint32_t)timer, "another generation of the timer's slot");
    try(0, "zero");
    try(UINT64_MAX, "all ones");
    try(0xffffffff, "a slot far away");
    try(1ull << 63 | timer, "a high bit");
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_RELEASE, .cap = spare};
    hostile_expect(hostile_submit(&sqe) == 0, "what is held can be released");
    try(spare, "a capability that was released");
    sqe = hostile_good_call();
    sqe.interface ^= 1;
    hostile_expect_status(&sqe, CAPOS_STATUS_EXCEPTION, "an interface that is not the timer's");
    hostile_expect_life();
    return hostile_tally();
}
