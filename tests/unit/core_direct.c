// SPDX-License-Identifier: MIT
//
// Direct calls and answers (core/direct.h) beside the general way. Two worlds have the same
// history, but that in the second one every cap_enter asks for one SQE more than there is, which
// the direct way takes for unusual. After each step both look the same: every byte of the rings,
// every record, token, list, thread and CPU.
#include "core/sched_context.h"
#include "core/sched_policy.h"
#include "tests/harness.h"
#include "tests/host/pair.h"

#include <stdio.h>
#include <string.h>

enum { WAYS = 2, DIRECT = 0, GENERAL = 1, RECV_BYTES = 256, STEPS = 40, WORLDS = 100 };

static struct pair way[WAYS];
static uint64_t cycles[WAYS]; // of each world, host_cycles

static struct cpu *cpu_of(int w) {
    return &way[w].host->cpus[0];
}

static uint64_t passes(int w) {
    return cpu_of(w)->counters.passes;
}

static void begin(void) {
    for (int w = 0; w < WAYS; w++) {
        host_cycles = 0;
        way[w] = pair_create_on(2, &host_limits);
        cycles[w] = host_cycles;
    }
}

static void finish(void) {
    ck_assert_uint_eq(passes(GENERAL), 0);
    for (int w = 0; w < WAYS; w++)
        pair_destroy(&way[w]);
}

// What a world looks like, in numbers that do not depend on where things lie. What a call said that
// nobody looks at any more is not in it.
struct look {
    uint64_t number[512];
    size_t count;
};

static void see(struct look *look, uint64_t number) {
    ck_assert_uint_lt(look->count, sizeof(look->number) / sizeof(look->number[0]));
    look->number[look->count++] = number;
}

// What a RECV has brought is nobody's source.
static uint8_t flags_of(const struct call *call) {
    return call->opcode == CAPOS_OP_RECV ? call->flags & (uint8_t)~DEPEND_GAVE : call->flags;
}

static void see_call(struct look *look, const struct call *call) {
    see(look, call->word & ~(UINT64_MAX << 40)); // the rest is the thread's id
    see(look, flags_of(call) | call->opcode << 8 | call->reserved << 16);
    if (call_state(call) == CALL_IDLE)
        return;
    see(look, call->sent | (uint64_t)call->room << 8);
    see(look, call->user_data);
    see(look, call->results | (uint64_t)call->results_capacity << 32);
    see(look, call->target == NULL ? 0 : call->target->references);
}

static void see_ring(struct look *look, const struct ring *ring) {
    see(look, ring->sq_head | (uint64_t)ring->cq_head << 32);
    see(look, ring->accepted | (uint64_t)ring->skipped << 32);
    see(look, ring->cq_tail | (uint64_t)ring->waits << 32);
    see(look, ring->offering | ring->phase << 8 | ring->work << 24);
    see(look, ring->deadline);
    see(look, list_count(&ring->armed));
    for (uint32_t i = 0; i < ring->slots; i++)
        see_call(look, &ring->calls[i]);
}

static void see_tokens(struct look *look, const struct token_table *table) {
    see(look, table->live | (uint64_t)table->free << 32);
    for (uint32_t i = 1; i < table->count; i++) {
        const struct token *token = token_at(table, i);

        see(look, token->state | (uint64_t)token->generation << 32);
        see(look, token->reserved);
        see(look, (token->receiver != NULL) + (token->receive == NULL ? 0 : token->receive_word));
    }
}

static void see_actor(struct look *look, const struct actor *actor) {
    const struct thread *thread = actor->thread;

    see(look, thread->state | thread->on_cpu << 8 | thread->attention << 16);
    see(look, thread->cycles);
    see(look, thread->cpu | (uint64_t)thread->queued << 32);
    see(look, thread->deadline.state);
    see(look, thread->context.result);
    see(look, actor->process->table.reserved);
    see_ring(look, &thread->ring);
    see_tokens(look, &actor->process->tokens);
}

static struct look look_at(const struct pair *pair) {
    const struct cpu *cpu = &pair->host->cpus[0];
    struct look look = {.count = 0};

    see(&look, (cpu->current == pair->server.thread) + 2 * (cpu->current == pair->client.thread));
    see(&look, (cpu->handoff != NULL) + 2 * cpu->pending + cpu->idle * 1000);
    see(&look, cpu->queue.count);
    see(&look, cpu->counters.switches);
    see(&look, cpu->reclaim.inside);
    see(&look, list_count(&pair->endpoint->calls) * 100 + list_count(&pair->endpoint->idle));
    see(&look, list_count(&pair->endpoint->cancelled));
    see(&look, pair->endpoint->object.references);
    see_actor(&look, &pair->server);
    see_actor(&look, &pair->client);
    return look;
}

static void compare_actors(const struct actor *a, const struct actor *b) {
    ck_assert_mem_eq(a->thread->ring.base, b->thread->ring.base, a->thread->ring.size);
}

static void compare(void) {
    struct look direct = look_at(&way[DIRECT]), general = look_at(&way[GENERAL]);

    ck_assert_uint_eq(direct.count, general.count);
    for (size_t i = 0; i < direct.count; i++)
        ck_assert_msg(direct.number[i] == general.number[i], "number %zu: %lx, not %lx", i,
                      (unsigned long)direct.number[i], (unsigned long)general.number[i]);
    compare_actors(&way[DIRECT].server, &way[GENERAL].server);
    compare_actors(&way[DIRECT].client, &way[GENERAL].client);
    host_audit(way[DIRECT].host);
    host_audit(way[GENERAL].host);
}

static struct actor *actor_of(int w, bool server) {
    return server ? &way[w].server : &way[w].client;
}

static bool can_run(bool server) {
    uint8_t state = actor_of(DIRECT, server)->thread->state;

    return state == THREAD_RUNNING || state == THREAD_READY;
}

// The same cap_enter in both.
static void enter(bool server, const struct capos_sqe *sqe, uint32_t wait, uint64_t deadline) {
    uint64_t result;

    for (int w = 0; w < WAYS; w++) {
        host_cycles = cycles[w];
        *ring_user_next(&actor_of(w, server)->ring) = *sqe;
        (void)actor_enter(actor_of(w, server), w == DIRECT ? 1 : 2, wait, deadline, &result);
        cycles[w] = host_cycles;
    }
    compare();
}

static void take_all(bool server) {
    for (int w = 0; w < WAYS; w++)
        while (actor_has_cqe(actor_of(w, server)))
            actor_take(actor_of(w, server));
}

static struct capos_sqe answer(uint64_t token) {
    struct capos_sqe sqe = pair_return(token);

    sqe.flags = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
    return sqe;
}

static void server_waits(uint8_t room) {
    struct capos_sqe recv = pair_recv(&way[DIRECT]);

    recv.room = room;
    recv.descriptors = PAIR_RECEIVED;
    enter(true, &recv, 1, CAPOS_NO_DEADLINE);
}

// A first call and its answer, after which the caller is known to the service; the server waits.
static void first_call_with(uint8_t room) {
    struct capos_sqe sqe = pair_call(&way[DIRECT]);

    server_waits(room);
    enter(false, &sqe, 1, CAPOS_NO_DEADLINE);
    take_all(true);
    sqe = answer(pair_message(&way[DIRECT])->token);
    enter(true, &sqe, 1, CAPOS_NO_DEADLINE);
    take_all(false);
}

static void first_call(void) {
    first_call_with(0);
}

START_TEST(a_call_and_its_answer) {
    struct capos_sqe sqe;

    uint64_t before;

    begin();
    first_call();
    before = passes(DIRECT);
    for (unsigned i = 1; i <= 20; i++) {
        uint32_t wait = i % 2 == 0 ? 1 : CAPOS_WAIT_SLOT | 2;
        uint64_t *said = actor_at(&way[DIRECT].client, PAIR_RESULTS);

        for (int w = 0; w < WAYS; w++) {
            memset(actor_at(&way[w].client, PAIR_PARAMS), (int)i, 256);
            memset(actor_at(&way[w].server, PAIR_ANSWER), (int)i + 100, 256);
        }
        sqe = pair_call(&way[DIRECT]);
        sqe.params_bytes = i % 5 * 8;
        enter(false, &sqe, wait, CAPOS_NO_DEADLINE);
        ck_assert_uint_eq(passes(DIRECT), before + 2 * i - 1);
        ck_assert_ptr_eq(cpu_of(DIRECT)->current, way[DIRECT].server.thread);
        ck_assert_uint_eq(pair_message(&way[DIRECT])->params_words, i % 5);
        take_all(true);
        sqe = answer(pair_message(&way[DIRECT])->token);
        sqe.params_bytes = i % 7 * 8;
        enter(true, &sqe, 1, CAPOS_NO_DEADLINE);
        ck_assert_uint_eq(passes(DIRECT), before + 2 * i);
        ck_assert_ptr_eq(cpu_of(DIRECT)->current, way[DIRECT].client.thread);
        ck_assert_int_eq(actor_take(&way[DIRECT].client).result, (int)sqe.params_bytes);
        ck_assert(sqe.params_bytes == 0 || *said == (i + 100) * UINT64_C(0x0101010101010101));
        take_all(false);
    }
    finish();
}
END_TEST

// The client sends a copy of its facet, which comes home, or nothing; the server mints one or sends
// nothing.
static struct capos_sqe with_copy(struct capos_sqe sqe, uint8_t sent, uint8_t room) {
    for (int w = 0; w < WAYS; w++) {
        struct capos_descriptor *descriptor = actor_at(&way[w].client, PAIR_DESCRIPTORS);

        *descriptor = (struct capos_descriptor){.cap = way[w].facet, .kind = CAPOS_TRANSFER_COPY};
    }
    sqe.sent = sent;
    sqe.room = room;
    sqe.descriptors = PAIR_DESCRIPTORS;
    return sqe;
}

static struct capos_sqe with_mint(struct capos_sqe sqe, uint8_t sent, uint64_t object) {
    for (int w = 0; w < WAYS; w++) {
        struct capos_descriptor *descriptor = actor_at(&way[w].server, PAIR_SENT);

        *descriptor = (struct capos_descriptor){.cap = way[w].receiver,
                                                .kind = CAPOS_TRANSFER_MINT,
                                                .object_id = object,
                                                .interface = PAIR_INTERFACE,
                                                .scope = CAPOS_SCOPE_ANY};
    }
    sqe.sent = sent;
    sqe.descriptors = PAIR_SENT;
    return sqe;
}

START_TEST(capabilities_both_ways) {
    const struct capos_descriptor *got;
    struct capos_sqe sqe;
    uint64_t before;

    begin();
    first_call_with(1);
    before = passes(DIRECT);
    for (uint8_t i = 1; i <= 20; i++) {
        sqe = with_copy(pair_call(&way[DIRECT]), i % 2, 1);
        enter(false, &sqe, i % 4 < 2 ? 1 : CAPOS_WAIT_SLOT | 2, CAPOS_NO_DEADLINE);
        ck_assert_uint_eq(passes(DIRECT), ++before);
        ck_assert_uint_eq(pair_message(&way[DIRECT])->caps, i % 2);
        ck_assert_uint_eq(pair_message(&way[DIRECT])->room, 1);
        ck_assert_int_eq(actor_take(&way[DIRECT].server).caps, i % 2);
        got = actor_at(&way[DIRECT].server, PAIR_RECEIVED);
        ck_assert(i % 2 == 0 || (got->kind == CAPOS_TRANSFER_OWN && got->object_id == 42));
        take_all(true);
        sqe = with_mint(answer(pair_message(&way[DIRECT])->token), i % 3 != 0, i);
        enter(true, &sqe, 1, CAPOS_NO_DEADLINE);
        before += sqe.sent; // what the caller had reserved in vain is given back the general way
        ck_assert_uint_eq(passes(DIRECT), before);
        ck_assert_int_eq(actor_take(&way[DIRECT].client).caps, i % 3 != 0);
        got = actor_at(&way[DIRECT].client, PAIR_DESCRIPTORS + i % 2 * 32u);
        ck_assert(i % 3 == 0 || (got->kind == CAPOS_TRANSFER_COPY && got->cap != 0));
        take_all(false);
    }
    finish();
}
END_TEST

// What is unusual ---------------------------------------------------------------------------------

// Changes something in one world, and what is then submitted with which wait.
typedef void unusual_fn(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait);

static void sends_capabilities(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    struct capos_descriptor *descriptor = actor_at(&pair->client, PAIR_DESCRIPTORS);

    (void)wait;
    *descriptor = (struct capos_descriptor){.kind = CAPOS_TRANSFER_NONE};
    sqe->sent = 1;
    sqe->descriptors = PAIR_DESCRIPTORS;
}

static void wants_no_completion(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)wait;
    sqe->flags |= CAPOS_SQE_SKIP_CQE;
}

static void waits_for_another_slot(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)sqe;
    *wait = CAPOS_WAIT_SLOT | 5; // which is free: no wait
}

static void does_not_wait(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)sqe;
    *wait = 0;
}

static void is_too_large(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)wait;
    sqe->params = PAIR_PARAMS;
    sqe->params_bytes = 512;
}

static void is_beyond_the_ring(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)wait;
    sqe->params = 4096;
}

static void has_a_bit_that_is_zero(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)wait;
    sqe->zero = 1;
}

static void names_nothing(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)wait;
    sqe->cap += UINT64_C(1) << 32;
}

static void names_a_busy_slot(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    struct actor *actor = sqe->opcode == CAPOS_OP_CALL ? &pair->client : &pair->server;
    struct capos_sqe park = {.opcode = CAPOS_OP_PARK,
                             .slot = sqe->slot,
                             .interface = actor->thread->ring.address.value + 4092,
                             .deadline = CAPOS_NO_DEADLINE};

    actor_submit(actor, &park);
    *wait = 0;
}

static void an_interrupt_has_come(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)sqe, (void)wait;
    cpu_interrupt_pending(&pair->host->cpus[0], PENDING_IPI);
}

static void keep_away(struct pair *pair, struct thread *thread) {
    struct cpu *cpu = &pair->host->cpus[0];

    kernel_enter(cpu);
    ck_assert_int_eq(sched_set_thread_affinity(cpu, thread, 2), CAPOS_STATUS_OK);
    kernel_leave(cpu);
    for (unsigned i = 0; i < 2; i++)
        pair->host->cpus[i].pending = 0;
}

static void the_server_runs_elsewhere(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)sqe, (void)wait;
    keep_away(pair, pair->server.thread);
}

static void the_caller_runs_elsewhere(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)sqe, (void)wait;
    keep_away(pair, pair->client.thread);
}

static const struct object_type context_type = {.name = "SchedulingContext",
                                                .interface = 2,
                                                .size = sizeof(struct sched_context),
                                                .kind = OBJECT_KERNEL,
                                                .close = sched_context_close};

static void somebody_pays(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    struct cpu *cpu = &pair->host->cpus[0];
    struct sched_context *context;

    (void)sqe, (void)wait;
    kernel_enter(cpu);
    ck_assert_int_eq(sched_context_create(cpu, &context_type, &pair->host->kernel.root,
                                          SCHED_PERIOD_MAX, SCHED_PERIOD_MAX, &context),
                     CAPOS_STATUS_OK);
    ck_assert_int_eq(sched_bind_thread(cpu, pair->client.thread, context), CAPOS_STATUS_OK);
    object_put(cpu, &context->object); // the thread has another
    kernel_leave(cpu);
    for (unsigned i = 0; i < 2; i++)
        pair->host->cpus[i].pending = 0;
}

static void answers_an_exception(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair, (void)wait;
    sqe->flags |= CAPOS_SQE_EXCEPTION;
}

static void receives_no_more(struct pair *pair, struct capos_sqe *sqe, uint32_t *wait) {
    (void)pair;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    *wait = 0;
}

struct unusual {
    const char *name;
    unusual_fn *change;
};

static const struct unusual calls[] = {
    {"sends more than is received", sends_capabilities},
    {"wants no completion", wants_no_completion},
    {"waits for another slot", waits_for_another_slot},
    {"does not wait", does_not_wait},
    {"is too large", is_too_large},
    {"is beyond the ring", is_beyond_the_ring},
    {"has a bit that is zero", has_a_bit_that_is_zero},
    {"names nothing", names_nothing},
    {"names a busy slot", names_a_busy_slot},
    {"an interrupt has come", an_interrupt_has_come},
    {"the server runs elsewhere", the_server_runs_elsewhere},
    {"somebody pays", somebody_pays},
};

static const struct unusual answers[] = {
    {"is an exception", answers_an_exception},
    {"is the last", receives_no_more},
    {"sends more than is received", sends_capabilities},
    {"does not wait", does_not_wait},
    {"waits for a slot", waits_for_another_slot},
    {"is too large", is_too_large},
    {"is beyond the ring", is_beyond_the_ring},
    {"has a bit that is zero", has_a_bit_that_is_zero},
    {"names nothing", names_nothing},
    {"an interrupt has come", an_interrupt_has_come},
    {"the caller runs elsewhere", the_caller_runs_elsewhere},
    {"somebody pays", somebody_pays},
};

enum { CALLS = sizeof calls / sizeof calls[0], ANSWERS = sizeof answers / sizeof answers[0] };

// The SQE with something unusual: it is seen, and nothing is different then.
static void try(const struct unusual *unusual, bool server, const struct capos_sqe *usual) {
    uint64_t before = passes(DIRECT);
    struct capos_sqe sqe;
    uint32_t wait;

    for (int w = 0; w < WAYS; w++) {
        sqe = *usual;
        wait = 1;
        unusual->change(&way[w], &sqe, &wait);
    }
    enter(server, &sqe, wait, CAPOS_NO_DEADLINE);
    ck_assert_msg(passes(DIRECT) == before, "%s: not seen", unusual->name);
}

START_TEST(an_unusual_call) {
    struct capos_sqe sqe;

    begin();
    first_call();
    sqe = pair_call(&way[DIRECT]);
    try(&calls[_i], false, &sqe);
    finish();
}
END_TEST

START_TEST(an_unusual_answer) {
    struct capos_sqe sqe;

    begin();
    first_call();
    sqe = pair_call(&way[DIRECT]);
    enter(false, &sqe, 1, CAPOS_NO_DEADLINE);
    take_all(true);
    sqe = answer(pair_message(&way[DIRECT])->token);
    try(&answers[_i], true, &sqe);
    finish();
}
END_TEST

// Anything
// -----------------------------------------------------------------------------------------

static struct harness_random numbers;

static uint32_t below(uint32_t bound) {
    return (uint32_t)harness_random_below(&numbers, bound);
}

static uint32_t any_wait(void) {
    static const uint32_t waits[] = {1, 1, 1, 1, 0, 2, CAPOS_WAIT_SLOT | 2, CAPOS_WAIT_SLOT | 3};

    return waits[below(sizeof waits / sizeof waits[0])];
}

static struct capos_sqe any_call(void) {
    struct capos_sqe sqe = pair_call(&way[DIRECT]);

    sqe.slot = (uint16_t)(2 + below(2));
    sqe.user_data = below(1000);
    sqe.method = (uint16_t)below(9);
    sqe.params_bytes = below(28) * 8;
    sqe.results_capacity = below(20) * 8;
    return with_copy(sqe, below(6) == 0, below(4) == 0);
}

// RECV in one of two slots, or RETURN of one of the calls that it holds.
static struct capos_sqe any_service(void) {
    const struct token_table *table = &way[DIRECT].server.process->tokens;
    struct capos_sqe sqe = pair_recv(&way[DIRECT]);
    uint32_t index = 1 + below(3);
    const struct token *token = table->count == 0 ? NULL : token_at(table, index);

    if (token == NULL || token->state == TOKEN_FREE || below(8) == 0) {
        sqe.slot = (uint16_t)(1 + below(2));
        sqe.results = PAIR_MESSAGE + (sqe.slot - 1u) * RECV_BYTES;
        sqe.results_capacity = RECV_BYTES - below(4) * 40;
        sqe.room = below(2) == 0;
        sqe.descriptors = PAIR_RECEIVED + (sqe.slot - 1u) * 32;
        return sqe;
    }
    sqe = pair_return(token_id(token));
    sqe.params_bytes = below(16) * 8;
    if (below(8) != 0)
        sqe.flags = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
    else
        sqe.flags = (uint8_t)(below(8) * 4);
    return with_mint(sqe, below(4) == 0, below(100));
}

// False: both wait.
static bool step(void) {
    bool server = below(2) == 0;
    uint64_t deadline = below(10) == 0 ? 1u << 30 : CAPOS_NO_DEADLINE;
    struct capos_sqe sqe;

    if (!can_run(server))
        server = !server;
    if (!can_run(server))
        return false;
    if (below(4) != 0)
        take_all(server);
    sqe = server ? any_service() : any_call();
    enter(server, &sqe, any_wait(), deadline);
    return true;
}

START_TEST(anything_at_all) {
    uint64_t direct = 0;

    numbers = harness_random_start();
    for (int world = 0; world < WORLDS; world++) {
        begin();
        first_call();
        for (int i = 0; i < STEPS && step(); i++)
            continue;
        direct += passes(DIRECT);
        finish();
    }
    printf("# %lu direct calls and answers\n", (unsigned long)direct);
    ck_assert_uint_gt(direct, WORLDS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: direct calls");
    TCase *direct = tcase_create("direct");

    tcase_set_timeout(direct, 120);
    tcase_add_test(direct, a_call_and_its_answer);
    tcase_add_test(direct, capabilities_both_ways);
    tcase_add_loop_test(direct, an_unusual_call, 0, CALLS);
    tcase_add_loop_test(direct, an_unusual_answer, 0, ANSWERS);
    tcase_add_test(direct, anything_at_all);
    suite_add_tcase(suite, direct);
    return harness_run(suite);
}
