// SPDX-License-Identifier: MIT
//
// See hostile.h. The ring is used directly, beneath the runtime's bookkeeping.
#include "hostile.h"

#include "base/format.h"
#include "capos/syscall.h"
#include "ring/user.h"
#include "schemas/time.capos.h"

enum { MARK = 0x1234 };

static int failures;

int32_t hostile_submit(const struct capos_sqe *sqe) {
    struct ring_user *ring = &capos_client()->ring;
    struct capos_sqe *place = ring_user_next(ring);
    struct capos_cqe cqe = {.result = INT32_MIN};

    *place = *sqe;
    place->user_data = MARK;
    ring_user_publish(ring);
    (void)capos_syscall_enter(1, 1, CAPOS_NO_DEADLINE);
    if (!ring_user_take(ring, &cqe) || cqe.user_data != MARK)
        capos_panic("a completion is missing");
    return cqe.flags & CAPOS_CQE_EXCEPTION ? -CAPOS_STATUS_EXCEPTION : cqe.result;
}

struct capos_sqe hostile_good_call(void) {
    return (struct capos_sqe){
        .opcode = CAPOS_OP_CALL,
        .method = CAPOS_TIMER_NOW_METHOD,
        .cap = capos_need("timer", CAPOS_TIMER_INTERFACE_ID),
        .interface = CAPOS_TIMER_INTERFACE_ID,
        .params = capos_client()->ring.area,
        .results = capos_client()->ring.area,
        .results_capacity = 256,
    };
}

void hostile_expect(bool holds, const char *what) {
    if (holds)
        return;
    failures++;
    capos_print("# wrong: ");
    capos_print(what);
    capos_print("\n");
}

void hostile_expect_status(const struct capos_sqe *sqe, enum capos_status status,
                           const char *what) {
    int32_t result = hostile_submit(sqe);
    char text[120];
    struct format f;

    if (result == -(int32_t)status)
        return;
    format_init(&f, text, sizeof text);
    format_text(&f, what);
    format_text(&f, " ended with ");
    format_i64(&f, result);
    format_text(&f, ", not ");
    format_i64(&f, -(int64_t)status);
    hostile_expect(false, text);
}

void hostile_expect_life(void) {
    struct capos_sqe sqe = hostile_good_call();

    hostile_expect(hostile_submit(&sqe) > 0, "the ring works as before");
}

int hostile_tally(void) {
    return failures;
}
