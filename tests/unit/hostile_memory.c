// SPDX-License-Identifier: MIT
//
// The core on memory that changes behind its back (tests/host/hostile): calls, transfers and calls
// of kernel objects do what their submissions said when they were read, each index is read once for
// each entry, and arbitrary submissions are refused or carried out whole. The unit tests of the
// ring, of calls and of transfers are built against this memory as well.
#include "core/audit.h"
#include "ring/shared.h"
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <string.h>

enum { ROUNDS = 1500, SUBMISSIONS = 16 };

static struct harness_random numbers;

static uint64_t random_word(void) {
    return harness_random_u64(&numbers);
}

START_TEST(a_call_is_what_was_read) {
    struct pair pair = pair_create();
    struct capos_sqe recv = pair_recv(&pair), call = pair_call(&pair), answer;
    uint64_t result;

    actor_submit(&pair.server, &recv);
    ck_assert(!actor_enter(&pair.server, 0, 1, CAPOS_NO_DEADLINE, &result));
    actor_submit(&pair.client, &call);
    ck_assert(actor_enter(&pair.server, 0, 0, 0, &result));
    ck_assert_uint_eq(actor_take(&pair.server).user_data, 100);
    answer = pair_return(pair_message(&pair)->token);
    actor_submit(&pair.server, &answer);
    ck_assert_int_eq(actor_take(&pair.server).result, 0);
    ck_assert(actor_enter(&pair.client, 0, 0, 0, &result));
    ck_assert_int_eq(actor_take(&pair.client).result, 24);
    ck_assert_uint_ge(hostile_bytes_changed, 3 * sizeof(struct capos_sqe));
    pair_destroy(&pair);
}
END_TEST

START_TEST(indices_are_read_once) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    uint64_t before, result;

    for (uint32_t n = 0; n < 8; n++) {
        for (uint32_t i = 0; i < n; i++)
            *ring_user_next(&actor.ring) = (struct capos_sqe){.opcode = CAPOS_OP_NOP};
        before = hostile_index_loads;
        ck_assert(actor_enter(&actor, n, 0, 0, &result));
        ck_assert_uint_eq(hostile_index_loads - before, 2);
        for (uint32_t i = 0; i < n; i++)
            actor_take(&actor);
    }
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

// A submission whose fields are often near the edges and seldom all wrong.
static struct capos_sqe random_sqe(const struct pair *pair) {
    static const uint32_t places[] = {0,    1,    8,    255,  256,        2048,     PAIR_PARAMS,
                                      4088, 4095, 4096, 4104, UINT32_MAX, 1u << 31, PAIR_MESSAGE};
    struct capos_sqe sqe = random_word() % 2 == 0 ? pair_call(pair) : pair_recv(pair);
    uint32_t place = places[random_word() % (sizeof(places) / sizeof(places[0]))];

    sqe.opcode = (uint8_t)(random_word() % 10);
    switch (random_word() % 12) {
    case 0:
        sqe.flags = (uint8_t)random_word();
        break;
    case 1:
        sqe.slot = (uint16_t)random_word();
        break;
    case 2:
        sqe.cap = random_word() % 3 == 0 ? random_word() : random_word() % 16;
        break;
    case 3:
        sqe.interface = random_word();
        break;
    case 4:
        sqe.params = place;
        break;
    case 5:
        sqe.params_bytes = place;
        break;
    case 6:
        sqe.results = place;
        break;
    case 7:
        sqe.results_capacity = place;
        break;
    case 8:
        sqe.descriptors = place;
        sqe.sent = (uint8_t)(random_word() % 17);
        sqe.room = (uint8_t)(random_word() % 17);
        break;
    case 9:
        memset(&sqe, (int)(random_word() & 255), sizeof(sqe));
        break;
    default:
        sqe.slot = (uint16_t)(random_word() % 16);
        break;
    }
    return sqe;
}

static void random_entry(struct pair *pair, struct actor *actor) {
    uint64_t result, before;
    uint32_t count = (uint32_t)(random_word() % SUBMISSIONS);

    for (uint32_t i = 0; i < count; i++) {
        struct capos_sqe *next = ring_user_next(&actor->ring);

        if (next != NULL)
            *next = random_sqe(pair);
    }
    before = hostile_index_loads;
    if (actor_enter(actor, SUBMISSIONS, 0, 0, &result))
        ck_assert_uint_ne(CAPOS_ENTER_REASON(result), CAPOS_ENTER_RING_BAD);
    ck_assert_uint_eq(hostile_index_loads - before, 2);
    while (actor_has_cqe(actor))
        actor_take(actor);
}

// About 20,000 submissions from both ends; RELEASE is among them, so a round begins anew whenever
// both have given up what they held.
START_TEST(any_submission_is_whole_or_refused) {
    numbers = harness_random_start();
    for (int world = 0; world < 10; world++) {
        struct pair pair = pair_create();

        for (int round = 0; round < ROUNDS / 10; round++) {
            random_entry(&pair, &pair.client);
            random_entry(&pair, &pair.server);
        }
        host_audit(pair.host);
        pair_destroy(&pair);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("hostile memory");

    harness_add(suite, "a call is what was read", a_call_is_what_was_read);
    harness_add(suite, "indices are read once", indices_are_read_once);
    harness_add(suite, "any submission is whole or refused", any_submission_is_whole_or_refused);
    return harness_run(suite);
}
