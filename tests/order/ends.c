// SPDX-License-Identifier: MIT
//
// See ends.h. The kernel is made once; each run begins with the indices set back. Submissions are
// NOPs, whose completions come in order and say which they were; every third has no completion.
#include "tests/order/ends.h"

#include "tests/host/host.h"
#include "tests/order/model.h"

static struct host *host;
static struct actor actor;
static const struct ends_plan *plan;
static uint32_t sent, received; // by the program

void ends_create(const struct ends_plan *given) {
    const struct ring_geometry geometry = {1, given->entries};

    plan = given;
    host = host_create(1);
    if (actor_try(host, "program", 1, &host_limits, geometry, &actor) != CAPOS_STATUS_OK)
        model_fail("no program");
    actor_run(&actor, &host->cpus[0]);
    actor.ring.cqes = actor.thread->ring.cqes = plan->entries;
    actor.ring.cq_mask = plan->entries - 1;
}

void ends_destroy(void) {
    actor_destroy(&actor);
    host_destroy(host);
}

const void *ends_block(size_t *bytes) {
    *bytes = actor.thread->ring.size;
    return actor.thread->ring.base;
}

const uint32_t *ends_index(enum ends_index index) {
    const struct capos_ring_header *header = actor.ring.header;
    const uint32_t *const word[ENDS_INDICES] = {
        [ENDS_SQ_TAIL] = &header->sq_tail,
        [ENDS_CQ_HEAD] = &header->cq_head,
        [ENDS_SQ_HEAD] = &header->sq_head,
        [ENDS_CQ_TAIL] = &header->cq_tail,
    };

    return word[index];
}

void ends_setup(void) {
    struct capos_ring_header *header = actor.ring.header;
    struct ring *ring = &actor.thread->ring;

    header->sq_tail = header->cq_head = header->sq_head = header->cq_tail = plan->start;
    ring->sq_head = ring->cq_head = ring->accepted = ring->cq_tail = plan->start;
    ring->skipped = 0;
    actor.ring.sq_tail = actor.ring.sq_end = actor.ring.cq_head = plan->start;
    sent = received = 0;
}

static bool is_skipped(uint32_t number) {
    return number % 3 == 2;
}

static void submit(void) {
    struct capos_sqe *sqe = ring_user_next(&actor.ring);

    if (sqe == NULL)
        return;
    sqe->opcode = CAPOS_OP_NOP;
    sqe->flags = is_skipped(sent) ? CAPOS_SQE_SKIP_CQE : 0;
    sqe->user_data = ++sent;
}

static void take(void) {
    struct capos_cqe cqe;

    if (!ring_user_take(&actor.ring, &cqe))
        return;
    received += is_skipped(received);
    model_require(cqe.user_data == ++received && cqe.result == 0, "a completion is not the next");
}

static void use(void) {
    for (uint32_t i = 0; i < plan->burst; i++)
        submit();
    ring_user_publish(&actor.ring);
    for (uint32_t i = 0; i < plan->burst; i++)
        take();
}

static void serve(uint32_t count) {
    ringserve_enter(&host->cpus[0], count, 0, CAPOS_NO_DEADLINE);
    model_require(CAPOS_ENTER_REASON(actor.thread->context.result) != CAPOS_ENTER_RING_BAD,
                  "the kernel finds an impossible index");
}

void ends_fiber(unsigned number) {
    if (number == 0)
        for (uint32_t i = 0; i < plan->user_rounds; i++)
            use();
    else
        for (uint32_t i = 0; i < plan->kernel_rounds; i++)
            serve(plan->take);
}

// What is under way comes to its end; then all that was sent must have come back.
void ends_check(void) {
    for (uint32_t i = 0; i < plan->entries + 1; i++) {
        serve(plan->entries);
        for (uint32_t n = 0; n < plan->entries; n++)
            take();
    }
    received += is_skipped(received);
    model_require(received >= sent, "a completion is missing");
    model_require(actor.thread->ring.sq_head == plan->start + sent, "a submission is missing");
}
