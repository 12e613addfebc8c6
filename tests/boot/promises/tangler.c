// SPDX-License-Identifier: MIT
//
// tangler: what no program would write. Random submissions with PIPELINE, LINK and CANCEL: on
// themselves, on slots that don't exist, that were never named or that hold something else, with
// capabilities that no answer has. In the end it cancels all there is; then each submission must
// have had exactly one completion, and no slot may be in use. Exit status 0 says so.
#include "base/memory.h"
#include "capos/runtime.h"
#include "capos/syscall.h"
#include "ring/user.h"
#include "schemas/time.capos.h"
#include "tests/boot/promises/branch.capos.h"

enum { SUBMISSIONS = 10000, SLOTS = 64, OPERATIONS = 32768 };
enum { LOST = 3, TWICE = 4, STUCK = 5, RING_BAD = 6 };

static uint64_t caps[4];
static struct ring_user *ring;
static uint64_t state;
static uint64_t taken, completed;
static bool in_use[SLOTS]; // perhaps
static uint64_t submitted; // user_data of the latest
static struct {
    uint16_t slot;
    bool ended;
} operations[OPERATIONS]; // by user_data
static uint32_t parked;

static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint32_t below(uint32_t limit) {
    return (uint32_t)(next() % limit);
}

static bool chance(unsigned percent) {
    return below(100) < percent;
}

static void take_completions(void) {
    struct capos_cqe cqe;

    while (ring_user_take(ring, &cqe)) {
        if (cqe.user_data == 0 || cqe.user_data > submitted || operations[cqe.user_data].ended)
            capos_exit(TWICE);
        operations[cqe.user_data].ended = true;
        completed++;
        in_use[operations[cqe.user_data].slot % SLOTS] = false;
    }
}

static void enter(uint32_t wait, uint64_t deadline) {
    uint64_t result;

    do {
        ring_user_publish(ring);
        result = capos_syscall_enter(ring_user_pending(ring), wait, deadline);
        taken += CAPOS_ENTER_TAKEN(result);
        take_completions();
        if (CAPOS_ENTER_REASON(result) == CAPOS_ENTER_RING_BAD)
            capos_exit(RING_BAD);
    } while (CAPOS_ENTER_REASON(result) != CAPOS_ENTER_DONE);
}

static struct capos_sqe *next_sqe(void) {
    struct capos_sqe *sqe;

    while ((sqe = ring_user_next(ring)) == NULL)
        enter(0, 0);
    sqe->user_data = ++submitted;
    return sqe;
}

// Params of every method, now and then too few or none.
static void message(struct capos_sqe *sqe) {
    struct capos_builder builder;
    uint32_t at = ring->area + sqe->slot % SLOTS * 128u;

    sqe->params = at;
    sqe->results = at + 64;
    sqe->results_capacity = below(3) * 16 + 16;
    sqe->descriptors = ring->area + SLOTS * 128 + below(4) * 32;
    sqe->room = (uint8_t)below(3);
    if (in_use[sqe->slot % SLOTS])
        return;
    capos_builder_init(&builder, (uint64_t *)(void *)((char *)ring->header + at), 8);
    capos_struct_set_u64(capos_builder_init_root(&builder, 1, 0), 0, below(4));
    sqe->params_bytes = below(4) == 0 ? 0 : 16;
}

static void call(struct capos_sqe *sqe) {
    static const uint64_t interfaces[] = {TEST_BRANCH_INTERFACE_ID, CAPOS_TIMER_INTERFACE_ID};

    message(sqe);
    sqe->method = (uint16_t)below(7);
    sqe->cap = chance(95) ? caps[below(2)] : next();
    sqe->interface = interfaces[chance(80) ? 0 : 1];
}

static bool names_slot(const struct capos_sqe *sqe) {
    bool waits = (sqe->flags & (CAPOS_SQE_PIPELINE | CAPOS_SQE_LINK)) != 0;

    return sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_PARK ||
           (waits && (sqe->opcode == CAPOS_OP_NOP || sqe->opcode == CAPOS_OP_RELEASE));
}

// Of what is here now. A slot that is in use is named all the same sometimes.
static void anything(void) {
    struct capos_sqe *sqe = next_sqe();

    sqe->opcode = (uint8_t)below(CAPOS_OPCODES + 1);
    if (chance(60))
        sqe->opcode = CAPOS_OP_CALL;
    sqe->slot = (uint16_t)below(SLOTS + 4);
    for (unsigned i = 0; i < SLOTS && chance(90) && in_use[sqe->slot % SLOTS]; i++)
        sqe->slot = (uint16_t)below(SLOTS);
    sqe->source = chance(3) ? sqe->slot : (uint16_t)below(SLOTS + 4);
    if (sqe->opcode == CAPOS_OP_CALL)
        call(sqe);
    if (chance(70))
        sqe->flags = chance(70) ? CAPOS_SQE_PIPELINE : CAPOS_SQE_LINK;
    if (chance(2))
        sqe->flags = (uint8_t)below(256) & ~CAPOS_SQE_SKIP_CQE;
    if ((sqe->flags & CAPOS_SQE_PIPELINE) != 0)
        sqe->cap = chance(80) ? 0 : below(20);
    if (sqe->opcode == CAPOS_OP_CANCEL)
        sqe->interface = below((uint32_t)submitted);
    if (sqe->opcode == CAPOS_OP_RELEASE && (sqe->flags & CAPOS_SQE_PIPELINE) == 0)
        sqe->cap = next(); // not those that it needs
    if (sqe->opcode == CAPOS_OP_PARK || sqe->opcode == CAPOS_OP_UNPARK) {
        sqe->interface = (uint64_t)&parked;
        sqe->params = chance(90) ? 0 : 1;
        sqe->deadline = chance(50) ? CAPOS_NO_DEADLINE : next();
    }
    if (sqe->opcode == CAPOS_OP_CANCEL)
        sqe->source = operations[sqe->interface].slot;
    operations[sqe->user_data].slot = sqe->slot;
    if (names_slot(sqe))
        in_use[sqe->slot % SLOTS] = true;
}

static void cancel_all(void) {
    for (uint64_t n = 1, last = submitted; n <= last && submitted < OPERATIONS - 2 * SLOTS; n++) {
        struct capos_sqe *sqe;

        if (operations[n].ended)
            continue;
        sqe = next_sqe();
        sqe->opcode = CAPOS_OP_CANCEL;
        sqe->source = operations[n].slot;
        sqe->interface = n;
    }
    enter(0, 0);
}

// Nothing may be in flight: each slot can be named.
static void check_free(void) {
    for (uint16_t slot = 0; slot < SLOTS; slot++) {
        struct capos_sqe *sqe = next_sqe();
        uint64_t before = completed;

        sqe->opcode = CAPOS_OP_CALL;
        sqe->slot = slot;
        message(sqe);
        sqe->params_bytes = 0;
        sqe->room = 0;
        sqe->method = 2; // where
        sqe->cap = caps[0];
        sqe->interface = TEST_BRANCH_INTERFACE_ID;
        operations[sqe->user_data].slot = slot;
        enter(CAPOS_WAIT_SLOT | slot, CAPOS_NO_DEADLINE);
        if (completed != before + 1)
            capos_exit(STUCK);
    }
}

int main(void) {
    caps[0] = capos_need("branch", TEST_BRANCH_INTERFACE_ID);
    caps[1] = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    ring = &capos_client()->ring;
    state = capos_grants()->process_id * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (unsigned i = 0; i < SUBMISSIONS; i++) {
        anything();
        if (chance(10))
            enter(chance(50) ? 0 : 1, chance(50) ? 0 : 1);
    }
    enter(0, 0);
    // What waits for something that is started now may be in the kernel's hands for a moment.
    for (unsigned i = 0; i < 8 && completed != taken; i++)
        cancel_all();
    if (completed != taken)
        capos_exit(LOST);
    check_free();
    return 0;
}
