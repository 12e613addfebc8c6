// SPDX-License-Identifier: MIT
//
// Rings whose memory changes under the kernel: whatever the kernel has read is overwritten at once,
// so that a second look at it would see something else. Every operation must end as what was there
// at first says. Then SQEs, descriptors and headers of any bytes, with the audit watching.
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <string.h>

// Half of the bytes make sense: small numbers, and ids that are held.
static uint64_t likely(struct harness_random *random, const struct pair *pair) {
    switch (harness_random_below(random, 8)) {
    case 0:
        return pair->facet;
    case 1:
        return pair->receiver;
    case 2:
        return harness_random_u64(random);
    case 3:
        return harness_random_sized(random);
    default:
        return harness_random_below(random, 20);
    }
}

static uint32_t likely_offset(struct harness_random *random) {
    return (uint32_t)(harness_random_below(random, 4) == 0
                          ? harness_random_sized(random)
                          : 1792 + harness_random_below(random, 288) * 8);
}

static void any_sqe(struct harness_random *random, const struct pair *pair, struct capos_sqe *sqe) {
    *sqe = (struct capos_sqe){
        .opcode = (uint8_t)harness_random_below(random, 10),
        .flags = (uint8_t)(harness_random_below(random, 3) == 0 ? harness_random_u64(random) : 0),
        .method = (uint16_t)likely(random, pair),
        .slot = (uint16_t)likely(random, pair),
        .cap = likely(random, pair),
        .interface = likely(random, pair),
        .user_data = harness_random_u64(random),
        .params = likely_offset(random),
        .params_bytes = (uint32_t)likely(random, pair) * 8,
        .results = likely_offset(random),
        .results_capacity = (uint32_t)harness_random_below(random, 64) * 8,
        .descriptors = likely_offset(random),
        .sent = (uint8_t)harness_random_below(random, 18),
        .room = (uint8_t)harness_random_below(random, 18),
        .zero = harness_random_below(random, 30) == 0,
        .deadline = harness_random_u64(random),
    };
}

static void any_descriptors(struct harness_random *random, struct pair *pair, struct actor *actor,
                            const struct capos_sqe *sqe) {
    if (sqe->descriptors < 1792 || sqe->descriptors > 4096 - 32 * 15)
        return;
    for (unsigned i = 0; i < 15; i++) {
        struct capos_descriptor descriptor = {.cap = likely(random, pair),
                                              .object_id = i,
                                              .interface = 1 + harness_random_below(random, 3),
                                              .kind = (uint8_t)harness_random_below(random, 5),
                                              .scope = (uint8_t)harness_random_below(random, 4)};

        memcpy(actor_at(actor, sqe->descriptors + 32 * i), &descriptor, sizeof(descriptor));
    }
}

START_TEST(submissions_of_any_bytes) {
    struct pair pair = pair_create();
    struct harness_random random = harness_random_start();
    struct actor *actors[] = {&pair.server, &pair.client};
    uint64_t ended = 0;

    for (int i = 0; i < 60000; i++) {
        struct actor *actor = actors[harness_random_below(&random, 2)];
        struct capos_ring_header *header = actor->ring.header;
        struct capos_sqe sqe;
        uint64_t result;

        any_sqe(&random, &pair, &sqe);
        any_descriptors(&random, &pair, actor, &sqe);
        header->cq_head = actor->ring.cq_head;
        // The place of the next SQE is the kernel's knowledge; a full queue can't be.
        actor->ring.sq_tail = actor->thread->ring.sq_head;
        __atomic_store_n(&header->sq_head, actor->thread->ring.sq_head, __ATOMIC_RELEASE);
        *ring_user_next(&actor->ring) = sqe;
        ck_assert(actor_enter(actor, 1, 0, 0, &result));
        ck_assert_uint_ne(CAPOS_ENTER_REASON(result), CAPOS_ENTER_RING_BAD);
        for (; actor_has_cqe(actor); ended++)
            actor_take(actor);
        if (i % 16 == 0)
            host_settle(pair.host);
    }
    ck_assert_uint_gt(ended, 30000);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: any submissions");

    harness_add(suite, "submissions of any bytes", submissions_of_any_bytes);
    return harness_run(suite);
}
