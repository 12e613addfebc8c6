// SPDX-License-Identifier: MIT
//
// The ring's edges: every field of an SQE at its boundaries, reserved bits, unknown opcodes, full
// completion queues, and header words that no thread would write.
#include "core/audit.h"
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <stddef.h>
#include <string.h>

static struct capos_sqe nop(uint64_t user_data) {
    return (struct capos_sqe){.opcode = CAPOS_OP_NOP, .user_data = user_data};
}

START_TEST(nops_in_batches) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    uint64_t result;

    for (uint64_t n = 0; n <= 16; n++) {
        for (uint64_t i = 0; i < n; i++)
            *ring_user_next(&actor.ring) = nop(i);
        ck_assert(actor_enter(&actor, 100, 0, 0, &result));
        ck_assert_uint_eq(result, n);
        for (uint64_t i = 0; i < n; i++)
            ck_assert_uint_eq(actor_take(&actor).user_data, i);
        ck_assert(!actor_has_cqe(&actor));
    }
    *ring_user_next(&actor.ring) = nop(1);
    ck_assert(actor_enter(&actor, 0, 0, 0, &result));
    ck_assert_uint_eq(result, 0);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(a_batch_is_bounded) {
    struct host *host = host_create(1);
    struct actor actor;
    uint64_t result;

    ck_assert_int_eq(actor_try(host, "a", 1, &host_limits, ring_standard, &actor), CAPOS_STATUS_OK);
    for (uint64_t i = 0; i < 64; i++)
        *ring_user_next(&actor.ring) = nop(i);
    ck_assert(actor_enter(&actor, UINT32_MAX, 64, CAPOS_NO_DEADLINE, &result));
    ck_assert_uint_eq(CAPOS_ENTER_TAKEN(result), CAPOS_ENTER_BATCH);
    ck_assert_uint_eq(CAPOS_ENTER_REASON(result), CAPOS_ENTER_MORE);
    ck_assert(actor_enter(&actor, 32, 0, 0, &result));
    ck_assert_uint_eq(result, 32);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(no_completion_is_dropped) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct capos_sqe skipped = nop(0);
    uint64_t result;

    skipped.flags = CAPOS_SQE_SKIP_CQE;
    for (uint64_t i = 0; i < 32; i++) {
        *ring_user_next(&actor.ring) = skipped;
        *ring_user_next(&actor.ring) = nop(i);
        ck_assert(actor_enter(&actor, 2, 0, 0, &result));
        ck_assert_uint_eq(result, 2);
    }
    *ring_user_next(&actor.ring) = nop(32);
    ck_assert(actor_enter(&actor, 1, 33, CAPOS_NO_DEADLINE, &result));
    ck_assert_uint_eq(CAPOS_ENTER_TAKEN(result), 0);
    ck_assert_uint_eq(CAPOS_ENTER_REASON(result), CAPOS_ENTER_CQ_FULL);
    ck_assert_uint_eq(actor_take(&actor).user_data, 0);
    ck_assert(actor_enter(&actor, 1, 0, 0, &result));
    ck_assert_uint_eq(result, 1);
    for (uint64_t i = 1; i <= 32; i++)
        ck_assert_uint_eq(actor_take(&actor).user_data, i);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

// A call in flight has its completion reserved: the queue is full one entry earlier.
START_TEST(calls_in_flight_keep_their_completions) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair);
    uint64_t result;

    for (uint16_t slot = 0; slot < 16; slot++) {
        call.slot = slot;
        actor_submit(&pair.client, &call);
    }
    for (uint64_t i = 0; i < 16; i++)
        *ring_user_next(&pair.client.ring) = nop(i);
    ck_assert(actor_enter(&pair.client, 16, 0, 0, &result));
    *ring_user_next(&pair.client.ring) = nop(99);
    ck_assert(actor_enter(&pair.client, 1, 0, 0, &result));
    ck_assert_uint_eq(CAPOS_ENTER_REASON(result), CAPOS_ENTER_CQ_FULL);
    actor_destroy(&pair.server);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    for (int i = 0; i < 32; i++)
        actor_take(&pair.client);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

static void expect_bad(struct actor *actor, uint32_t sq_tail, uint32_t cq_head) {
    struct capos_ring_header *header = actor->ring.header;
    uint32_t tail = header->sq_tail, head = header->cq_head;

    header->sq_tail = sq_tail;
    header->cq_head = cq_head;
    actor_run(actor, &actor->host->cpus[0]);
    ringserve_enter(&actor->host->cpus[0], 4, 1, CAPOS_NO_DEADLINE);
    ck_assert_uint_eq(CAPOS_ENTER_TAKEN(actor->thread->context.result), 0);
    ck_assert_uint_eq(CAPOS_ENTER_REASON(actor->thread->context.result), CAPOS_ENTER_RING_BAD);
    header->sq_tail = tail;
    header->cq_head = head;
}

START_TEST(impossible_indices) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct capos_ring_header *header = actor.ring.header;
    struct capos_sqe sqe = nop(1);
    uint32_t tail, head;

    for (int round = 0; round < 3; round++) {
        tail = header->sq_head;
        head = header->cq_tail;
        expect_bad(&actor, tail + 17, head);
        expect_bad(&actor, tail - 1, head);
        expect_bad(&actor, tail ^ UINT32_C(0x80000000), head);
        expect_bad(&actor, tail, head + 1);
        expect_bad(&actor, tail, head - 33);
        if (round > 0)
            expect_bad(&actor, tail, head - 1); // read before: it can't be unread again
        actor_do(&actor, &sqe);
        sqe.user_data++;
        uint64_t result;
        ck_assert(actor_enter(&actor, 0, 0, 0, &result));
    }
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

// The header is the thread's to write; the kernel keeps what it needs.
START_TEST(a_spoilt_header_spoils_nothing) {
    struct harness_random random = harness_random_start();
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct capos_ring_header *header = actor.ring.header;
    uint64_t result;

    for (uint64_t i = 0; i < 20000; i++) {
        struct capos_cqe cqe;

        *ring_user_next(&actor.ring) = nop(i);
        harness_random_fill(&random, header, offsetof(struct capos_ring_header, sq_tail));
        header->sq_head = actor.thread->ring.sq_head;
        ck_assert(actor_enter(&actor, 1, 0, 0, &result));
        ck_assert_uint_eq(result, 1);
        header->cq_tail = actor.thread->ring.cq_tail;
        ck_assert(ring_user_take(&actor.ring, &cqe));
        ck_assert_uint_eq(cqe.user_data, i);
    }
    host_audit(host);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(unknown_and_unbuilt) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct capos_sqe sqe = {.user_data = 7};

    for (unsigned opcode = CAPOS_OP_PARK; opcode < 256; opcode++) {
        sqe.opcode = (uint8_t)opcode;
        if (opcode == CAPOS_OP_PARK || opcode == CAPOS_OP_UNPARK)
            continue;
        ck_assert_int_eq(actor_do(&actor, &sqe).result, -CAPOS_STATUS_UNSUPPORTED);
    }
    for (unsigned flags = 1; flags < 256; flags++) {
        sqe = (struct capos_sqe){.opcode = CAPOS_OP_RECV, .flags = (uint8_t)flags};
        if (flags != CAPOS_SQE_SEVERAL)
            ck_assert_int_eq(actor_do(&actor, &sqe).result, -CAPOS_STATUS_UNSUPPORTED);
        sqe.opcode = CAPOS_OP_CALL;
        if ((flags & ~7u) != 0) // SKIP_CQE, PIPELINE and LINK are known
            ck_assert_int_eq(actor_do(&actor, &sqe).result, -CAPOS_STATUS_UNSUPPORTED);
    }
    sqe = nop(3);
    sqe.zero = 1;
    ck_assert_int_eq(actor_do(&actor, &sqe).result, -CAPOS_STATUS_MALFORMED);
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_NOP, // fields that NOP does not name
                             .slot = 999,
                             .cap = 1,
                             .params = 3,
                             .sent = 200,
                             .deadline = 1};
    ck_assert_int_eq(actor_do(&actor, &sqe).result, 0);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

// An offset and a length, at every edge of the message area.
static void edges(struct pair *pair, const struct capos_sqe *sqe, uint32_t *offset,
                  uint32_t *bytes) {
    const struct ring *ring = &pair->client.thread->ring;
    const uint32_t bad[][2] = {
        {ring->area - 8, 8},
        {0, 8},
        {8, 0},
        {ring->area - 8, 0},
        {ring->area + 1, 8},
        {ring->area + 4, 8},
        {ring->size, 8},
        {ring->size - 8, 16},
        {ring->size + 8, 0},
        {UINT32_MAX - 7, 8},
        {ring->area, UINT32_MAX},
        {ring->area, UINT32_MAX - 7},
        {UINT32_MAX, UINT32_MAX},
        {ring->area, 9},
        {ring->size - 8, UINT32_C(0x80000000)},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        *offset = bad[i][0];
        *bytes = bad[i][1];
        ck_assert_msg(actor_do(&pair->client, sqe).result == -CAPOS_STATUS_MALFORMED,
                      "offset %u, %u bytes", bad[i][0], bad[i][1]);
    }
}

START_TEST(offsets_and_lengths) {
    struct pair pair = pair_create();
    struct cpu *cpu = &pair.host->cpus[0];
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair);
    uint64_t before;

    actor_submit(&pair.client, &(struct capos_sqe){.flags = CAPOS_SQE_SKIP_CQE});
    host_settle(pair.host);
    before = audit_digest(cpu);
    edges(&pair, &call, &call.params, &call.params_bytes);
    call = pair_call(&pair);
    edges(&pair, &call, &call.results, &call.results_capacity);
    edges(&pair, &recv, &recv.results, &recv.results_capacity);
    recv = pair_return(1);
    edges(&pair, &recv, &recv.params, &recv.params_bytes);
    ck_assert_uint_eq(audit_digest(cpu), before);
    pair_destroy(&pair);
}
END_TEST

START_TEST(descriptors_and_slots) {
    struct pair pair = pair_create();
    const struct ring *ring = &pair.client.thread->ring;
    struct capos_sqe call = pair_call(&pair);

    call.sent = 16;
    call.descriptors = PAIR_DESCRIPTORS;
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_MALFORMED);
    call.sent = 0;
    call.room = 16;
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_MALFORMED);
    call.sent = call.room = 15;
    call.descriptors = ring->size - 29 * 32;
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_MALFORMED);
    call.room = 1;
    call.sent = 0;
    call.descriptors = 0;
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_MALFORMED);
    call.room = 0;
    for (uint32_t slot = 16; slot < 65536; slot = slot * 2 + 1) {
        call.slot = (uint16_t)slot;
        ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_MALFORMED);
    }
    call.slot = 4;
    call.params = call.params_bytes = 0; // nothing at 0
    actor_submit(&pair.client, &call);
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_BUSY);
    pair_destroy(&pair);
}
END_TEST

START_TEST(what_is_refused) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair), recv = pair_recv(&pair), sqe;

    call.cap = 0;
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_REFUSED);
    recv.cap = pair.facet;
    ck_assert_int_eq(actor_do(&pair.client, &recv).result, -CAPOS_STATUS_REFUSED);
    call = pair_call(&pair);
    call.cap = pair.receiver;
    ck_assert_int_eq(actor_do(&pair.server, &call).result, -CAPOS_STATUS_REFUSED);
    recv = pair_recv(&pair);
    recv.results_capacity = 64;
    ck_assert_int_eq(actor_do(&pair.server, &recv).result, -CAPOS_STATUS_TOO_BIG);
    for (int bit = 0; bit < 64; bit++) {
        sqe = pair_return(UINT64_C(1) << bit);
        ck_assert_int_eq(actor_do(&pair.server, &sqe).result, -CAPOS_STATUS_REFUSED);
    }
    sqe = (struct capos_sqe){.opcode = CAPOS_OP_RELEASE, .cap = pair.facet};
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, 0);
    ck_assert_int_eq(actor_do(&pair.client, &sqe).result, -CAPOS_STATUS_REFUSED);
    call = pair_call(&pair);
    ck_assert_int_eq(actor_do(&pair.client, &call).result, -CAPOS_STATUS_REFUSED);
    pair_destroy(&pair);
}
END_TEST

// A RECV takes nothing while its thread waits for a slot.
START_TEST(waiting_for_a_slot_serves_nobody) {
    struct pair pair = pair_create();
    struct capos_sqe recv = pair_recv(&pair), call = pair_call(&pair), other;
    struct actor peer = actor_create(pair.host, "peer", 1);
    struct captable_view view;
    uint64_t result;

    actor_submit(&pair.server, &recv);
    ck_assert_int_eq(captable_lookup(&pair.client.process->table, pair.facet, &view),
                     CAPOS_STATUS_OK);
    object_get(view.object);
    other = call; // the server calls itself and waits for just that
    other.cap = actor_grant(&pair.server, view.object, PAIR_INTERFACE, CAPOS_SCOPE_ANY);
    other.slot = 5;
    *ring_user_next(&pair.server.ring) = other;
    ck_assert(!actor_enter(&pair.server, 1, CAPOS_WAIT_SLOT | 5, 5000, &result));
    actor_submit(&pair.client, &call);
    ck_assert_int_eq(pair.server.thread->state, THREAD_WAITING);
    pair.host->now = 5000;
    host_settle(pair.host);
    ck_assert_int_ne(pair.server.thread->state, THREAD_WAITING);
    actor_run(&pair.server, &pair.host->cpus[0]);
    ck_assert(!actor_has_cqe(&pair.server));
    ck_assert(actor_enter(&pair.server, 0, 0, 0, &result));
    ck_assert_uint_eq(actor_take(&pair.server).user_data, 100);
    actor_destroy(&peer);
    pair_destroy(&pair);
}
END_TEST

// A slot that is not in use, or does not exist, is not waited for; nor is a time that has passed.
START_TEST(waits_that_do_not_wait) {
    struct pair pair = pair_create();
    struct capos_sqe call = pair_call(&pair);
    uint64_t result;

    actor_submit(&pair.client, &call);
    ck_assert(actor_enter(&pair.client, 0, CAPOS_WAIT_SLOT | 3, CAPOS_NO_DEADLINE, &result));
    ck_assert(actor_enter(&pair.client, 0, CAPOS_WAIT_SLOT | 99, CAPOS_NO_DEADLINE, &result));
    ck_assert(actor_enter(&pair.client, 0, UINT32_MAX, CAPOS_NO_DEADLINE, &result));
    ck_assert(actor_enter(&pair.client, 0, CAPOS_WAIT_SLOT | 2, 0, &result));
    ck_assert(actor_enter(&pair.client, 0, 1, pair.host->now, &result));
    ck_assert(!actor_enter(&pair.client, 0, CAPOS_WAIT_SLOT | 2, CAPOS_NO_DEADLINE, &result));
    actor_destroy(&pair.server);
    actor_run(&pair.client, &pair.host->cpus[0]);
    ck_assert_int_eq(actor_take(&pair.client).result, -CAPOS_STATUS_DISCONNECTED);
    pair.server = actor_create(pair.host, "another", 1);
    pair_destroy(&pair);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: the ring");

    harness_add(suite, "NOPs in batches", nops_in_batches);
    harness_add(suite, "a batch is bounded", a_batch_is_bounded);
    harness_add(suite, "no completion is dropped", no_completion_is_dropped);
    harness_add(suite, "calls in flight keep their completions",
                calls_in_flight_keep_their_completions);
    harness_add(suite, "impossible indices", impossible_indices);
    harness_add(suite, "a spoilt header spoils nothing", a_spoilt_header_spoils_nothing);
    harness_add(suite, "unknown and unbuilt", unknown_and_unbuilt);
    harness_add(suite, "offsets and lengths", offsets_and_lengths);
    harness_add(suite, "descriptors and slots", descriptors_and_slots);
    harness_add(suite, "what is refused", what_is_refused);
    harness_add(suite, "waiting for a slot serves nobody", waiting_for_a_slot_serves_nobody);
    harness_add(suite, "waits that do not wait", waits_that_do_not_wait);
    return harness_run(suite);
}
