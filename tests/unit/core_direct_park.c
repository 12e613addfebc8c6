// SPDX-License-Identifier: MIT
//
// UNPARK and PARK in one step (core/direct_park.h) beside the general way. Two worlds have the same
// history, but that in the second one every cap_enter asks for one SQE more than there is, which
// the direct way takes for unusual. After each step all completions, counts and states are the
// same.
#include "core/memory.h"
#include "core/park.h"
#include "tests/harness.h"
#include "tests/host/run.h"

enum { DIRECT, GENERAL, WAYS, SLOT = 3, OTHER_SLOT = 4, ROUNDS = 20 };

// Offsets of words: in a ring's block, where they are in different buckets, and in the shared
// memory.
enum { WORD_A = 3072, WORD_B = 3076 };

struct world {
    struct host *host;
    struct actor a, b; // threads of one process
    struct memory *memory;
    uint64_t cap; // of the memory, or 0: the words are private
};
static struct world way[WAYS];

static struct world make(bool shared) {
    struct world world = {.host = host_create(2)};
    struct cpu *cpu = &world.host->cpus[0];

    world.a = actor_create(world.host, "a", 1);
    world.b = actor_thread(&world.a, ring_small);
    if (!shared)
        return world;
    kernel_enter(cpu);
    ck_assert_int_eq(
        memory_create(cpu, &host_memory_type, &world.host->kernel.root, 1, &world.memory),
        CAPOS_STATUS_OK);
    kernel_leave(cpu);
    world.cap = actor_grant(&world.a, &world.memory->object, 5, CAPOS_SCOPE_ANY);
    return world;
}

static void begin(bool shared) {
    for (int w = 0; w < WAYS; w++)
        way[w] = make(shared);
}

static void finish(void) {
    ck_assert_uint_eq(way[GENERAL].host->cpus[0].counters.passes, 0);
    for (int w = 0; w < WAYS; w++) {
        host_audit(way[w].host);
        kernel_enter(&way[w].host->cpus[0]);
        object_put(&way[w].host->cpus[0], &way[w].b.process->object);
        object_close_pending(&way[w].host->cpus[0]);
        kernel_leave(&way[w].host->cpus[0]);
        actor_destroy(&way[w].a);
        host_destroy(way[w].host);
    }
}

static uint64_t passes(void) {
    return way[DIRECT].host->cpus[0].counters.passes;
}

static struct actor *actor_of(struct world *world, bool second) {
    return second ? &world->b : &world->a;
}

static uint32_t *word_of(struct world *world, uint32_t offset) {
    if (world->cap == 0)
        return actor_at(&world->a, offset);
    return (uint32_t *)(void *)((uint8_t *)machine_direct(memory_frame(world->memory, 0)) + offset);
}

static void set(uint32_t offset, uint32_t value) {
    for (int w = 0; w < WAYS; w++)
        *word_of(&way[w], offset) = value;
}

static uint64_t address_of(const struct world *world, uint32_t offset) {
    return world->cap != 0 ? offset : world->a.thread->ring.address.value + offset;
}

static struct capos_sqe park(const struct world *world, uint32_t offset) {
    return (struct capos_sqe){.opcode = CAPOS_OP_PARK,
                              .slot = SLOT,
                              .cap = world->cap,
                              .interface = address_of(world, offset),
                              .user_data = 100,
                              .deadline = CAPOS_NO_DEADLINE};
}

static struct capos_sqe unpark(const struct world *world, uint32_t offset) {
    return (struct capos_sqe){.opcode = CAPOS_OP_UNPARK,
                              .flags = CAPOS_SQE_SKIP_CQE,
                              .cap = world->cap,
                              .interface = address_of(world, offset),
                              .params = 1,
                              .user_data = 500};
}

static void compare_threads(const struct thread *a, const struct thread *b) {
    ck_assert_int_eq(a->state, b->state);
    ck_assert_uint_eq(a->ring.accepted, b->ring.accepted);
    ck_assert_uint_eq(a->ring.skipped, b->ring.skipped);
    ck_assert_uint_eq(a->ring.sq_head, b->ring.sq_head);
    ck_assert_uint_eq(a->ring.cq_tail, b->ring.cq_tail);
    ck_assert_int_eq(a->ring.phase, b->ring.phase);
    ck_assert_int_eq(a->ring.work, b->ring.work);
    ck_assert_uint_eq(a->ring.slots, b->ring.slots);
    for (uint32_t i = 0; i < a->ring.slots; i++) {
        const struct call *call = &a->ring.calls[i], *other = &b->ring.calls[i];

        ck_assert_int_eq(call_state(call), call_state(other));
        ck_assert_uint_eq(call->flags | call->opcode << 8, other->flags | other->opcode << 8);
        ck_assert_int_eq(call->target == NULL, other->target == NULL);
    }
    ck_assert_mem_eq(a->ring.cq, b->ring.cq, a->ring.cqes * sizeof *a->ring.cq);
}

static void compare(void) {
    compare_threads(way[DIRECT].a.thread, way[GENERAL].a.thread);
    compare_threads(way[DIRECT].b.thread, way[GENERAL].b.thread);
    if (way[DIRECT].cap != 0)
        ck_assert_uint_eq(way[DIRECT].memory->object.references,
                          way[GENERAL].memory->object.references);
    for (int w = 0; w < WAYS; w++)
        host_audit(way[w].host);
}

// The same cap_enter in both worlds.
static void enter(struct world *world, bool second, const struct capos_sqe *sqes, uint32_t count,
                  uint32_t wait) {
    struct actor *actor = actor_of(world, second);
    uint64_t result;

    for (uint32_t i = 0; i < count; i++)
        *ring_user_next(&actor->ring) = sqes[i];
    (void)actor_enter(actor, world == &way[DIRECT] ? count : count + 1, wait, CAPOS_NO_DEADLINE,
                      &result);
}

static void wait_first(bool second, uint32_t offset) {
    for (int w = 0; w < WAYS; w++) {
        struct capos_sqe sqe = park(&way[w], offset);

        enter(&way[w], second, &sqe, 1, CAPOS_WAIT_SLOT | SLOT);
    }
    compare();
}

static void take_result(bool second, int32_t result) {
    for (int w = 0; w < WAYS; w++) {
        struct capos_cqe cqe = actor_take(actor_of(&way[w], second));

        ck_assert_uint_eq(cqe.user_data, 100);
        ck_assert_uint_eq(cqe.slot, SLOT);
        ck_assert_int_eq(cqe.result, result);
        ck_assert(!actor_has_cqe(actor_of(&way[w], second)));
    }
}

static void to_and_fro(bool shared, uint32_t wait) {
    begin(shared);
    wait_first(true, WORD_A);
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool second = i % 2 != 0;
        uint32_t wake = second ? WORD_B : WORD_A, own = second ? WORD_A : WORD_B;

        for (int w = 0; w < WAYS; w++) {
            struct capos_sqe sqes[] = {unpark(&way[w], wake), park(&way[w], own)};

            enter(&way[w], second, sqes, 2, wait);
            ck_assert_ptr_eq(way[w].host->cpus[0].current, actor_of(&way[w], !second)->thread);
        }
        ck_assert_uint_eq(passes(), i + 1);
        take_result(!second, 0);
        compare();
    }
    finish();
}

START_TEST(private_words) {
    to_and_fro(false, CAPOS_WAIT_SLOT | SLOT);
    to_and_fro(false, 1);
}
END_TEST

START_TEST(shared_words) {
    to_and_fro(true, CAPOS_WAIT_SLOT | SLOT);
    to_and_fro(true, 1);
}
END_TEST

// The one that is woken has parked on another object than the one that parks now.
START_TEST(words_of_two_objects) {
    begin(true);
    for (int w = 0; w < WAYS; w++) {
        struct capos_sqe sqe = park(&way[w], WORD_A);

        sqe.cap = 0;
        sqe.interface = way[w].a.thread->ring.address.value + WORD_A;
        enter(&way[w], true, &sqe, 1, CAPOS_WAIT_SLOT | SLOT);
    }
    for (int w = 0; w < WAYS; w++) {
        struct capos_sqe sqes[] = {unpark(&way[w], WORD_A), park(&way[w], WORD_B)};

        sqes[0].cap = 0;
        sqes[0].interface = way[w].a.thread->ring.address.value + WORD_A;
        enter(&way[w], false, sqes, 2, 1);
    }
    take_result(true, 0);
    ck_assert_uint_eq(passes(), 1);
    compare();
    for (int w = 0; w < WAYS; w++) { // and back to a private word
        struct capos_sqe sqes[] = {unpark(&way[w], WORD_B), park(&way[w], WORD_A)};

        sqes[1].cap = 0;
        sqes[1].interface = way[w].a.thread->ring.address.value + WORD_A;
        enter(&way[w], true, sqes, 2, 1);
    }
    take_result(false, 0);
    ck_assert_uint_eq(passes(), 2);
    compare();
    finish();
}
END_TEST

// What is unusual: changes something in one world, and what is then submitted.
struct request {
    struct capos_sqe sqes[2];
    uint32_t wait;
};
typedef void unusual_fn(struct world *world, struct request *request);

static void nobody_is_parked(struct world *world, struct request *request) {
    request->sqes[0].interface = address_of(world, WORD_B + 8);
}

static void the_word_has_changed(struct world *world, struct request *request) {
    (void)request;
    *word_of(world, WORD_B) = 1;
}

static void it_has_a_deadline(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].deadline = 1000000;
}

static void its_deadline_has_passed(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].deadline = 0;
}

static void more_are_woken(struct world *world, struct request *request) {
    (void)world;
    request->sqes[0].params = 2;
}

static void none_is_woken(struct world *world, struct request *request) {
    (void)world;
    request->sqes[0].params = 0;
}

static void a_bit_of_the_first(struct world *world, struct request *request) {
    (void)world;
    request->sqes[0].zero = 1;
}

static void a_bit_of_the_second(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].zero = 0x8000;
}

static void the_result_is_wanted(struct world *world, struct request *request) {
    (void)world;
    request->sqes[0].flags = 0;
}

static void the_park_is_skipped(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].flags = CAPOS_SQE_SKIP_CQE;
}

static void no_such_word(struct world *world, struct request *request) {
    (void)world;
    request->sqes[0].interface++;
}

static void no_such_word_to_park_on(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].interface = UINT64_C(1) << 63;
}

static void no_such_capability(struct world *world, struct request *request) {
    request->sqes[1].cap = world->cap + (UINT64_C(1) << 32);
}

static void no_such_slot(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].slot = UINT16_MAX;
}

static void it_does_not_wait(struct world *world, struct request *request) {
    (void)world;
    request->wait = 0;
}

static void it_waits_for_another_slot(struct world *world, struct request *request) {
    (void)world;
    request->wait = CAPOS_WAIT_SLOT | OTHER_SLOT; // which is free: no wait
}

static void it_waits_for_two(struct world *world, struct request *request) {
    (void)world;
    request->wait = 2;
}

static void the_second_is_no_park(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1] = (struct capos_sqe){.opcode = CAPOS_OP_NOP, .user_data = 100};
}

static void the_second_is_unknown(struct world *world, struct request *request) {
    (void)world;
    request->sqes[1].opcode = CAPOS_OPCODES;
}

static void an_interrupt_has_come(struct world *world, struct request *request) {
    (void)request;
    cpu_interrupt_pending(&world->host->cpus[0], PENDING_IPI);
}

static void the_word_is_the_same(struct world *world, struct request *request) {
    request->sqes[1].interface = address_of(world, WORD_A);
}

static const struct unusual {
    const char *name;
    unusual_fn *change;
    bool passes; // it is none the less done in one step
} unusual[] = {
    {"nobody is parked", nobody_is_parked, false},
    {"the word has changed", the_word_has_changed, false},
    {"it has a deadline", it_has_a_deadline, false},
    {"its deadline has passed", its_deadline_has_passed, false},
    {"more are woken", more_are_woken, false},
    {"none is woken", none_is_woken, false},
    {"a bit of the first", a_bit_of_the_first, false},
    {"a bit of the second", a_bit_of_the_second, false},
    {"the result is wanted", the_result_is_wanted, false},
    {"the park is skipped", the_park_is_skipped, false},
    {"no such word", no_such_word, false},
    {"no such word to park on", no_such_word_to_park_on, false},
    {"no such capability", no_such_capability, false},
    {"no such slot", no_such_slot, false},
    {"it does not wait", it_does_not_wait, false},
    {"it waits for another slot", it_waits_for_another_slot, false},
    {"it waits for two", it_waits_for_two, false},
    {"the second is no park", the_second_is_no_park, false},
    {"the second is unknown", the_second_is_unknown, false},
    {"an interrupt has come", an_interrupt_has_come, false},
    {"the word is the same", the_word_is_the_same, true},
};

enum { UNUSUAL = sizeof unusual / sizeof unusual[0] };

static void try_one(const struct unusual *what, bool shared) {
    begin(shared);
    wait_first(true, WORD_A);
    for (int w = 0; w < WAYS; w++) {
        struct request request = {{unpark(&way[w], WORD_A), park(&way[w], WORD_B)},
                                  CAPOS_WAIT_SLOT | SLOT};

        actor_run(&way[w].a, &way[w].host->cpus[0]);
        what->change(&way[w], &request);
        enter(&way[w], false, request.sqes, 2, request.wait);
    }
    compare();
    ck_assert_msg((passes() != 0) == what->passes, "%s", what->name);
    finish();
}

START_TEST(the_unusual_goes_the_general_way) {
    try_one(&unusual[_i], false);
    try_one(&unusual[_i], true);
}
END_TEST

// The thread that is parked waits for something else too, or with a deadline, or may not run here.
START_TEST(a_waiter_that_is_not_usual) {
    const uint64_t deadlines[] = {CAPOS_NO_DEADLINE, 5000000};

    for (unsigned i = 0; i < 4; i++) {
        begin(false);
        for (int w = 0; w < WAYS; w++) {
            struct capos_sqe sqe = park(&way[w], WORD_A);
            struct actor *b = &way[w].b;
            uint64_t result;

            sqe.deadline = deadlines[i == 0];
            *ring_user_next(&b->ring) = sqe;
            (void)actor_enter(b, 1, i == 1 ? 2 : 1, deadlines[i == 2], &result);
            if (i == 3) {
                b->thread->affinity = 2;
                thread_attend(b->thread, ATTENTION_BOUND, true);
            }
        }
        for (int w = 0; w < WAYS; w++) {
            struct capos_sqe sqes[] = {unpark(&way[w], WORD_A), park(&way[w], WORD_B)};

            enter(&way[w], false, sqes, 2, CAPOS_WAIT_SLOT | SLOT);
        }
        ck_assert_uint_eq(passes(), 0);
        compare();
        finish();
    }
}
END_TEST

// There is a CQE for one more only.
START_TEST(a_full_queue) {
    begin(false);
    wait_first(true, WORD_A);
    set(WORD_B, 0);
    for (int w = 0; w < WAYS; w++) {
        struct capos_sqe nop = {.opcode = CAPOS_OP_NOP};
        struct actor *a = &way[w].a;

        for (uint32_t i = 0; i + 1 < a->thread->ring.cqes; i++)
            actor_submit(a, &nop);
        struct capos_sqe sqes[] = {unpark(&way[w], WORD_A), park(&way[w], WORD_B)};
        enter(&way[w], false, sqes, 2, CAPOS_WAIT_SLOT | SLOT);
    }
    ck_assert_uint_eq(passes(), 0);
    compare();
    finish();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: UNPARK and PARK in one step");
    TCase *many = tcase_create("unusual");

    harness_add(suite, "private words", private_words);
    harness_add(suite, "shared words", shared_words);
    harness_add(suite, "two objects", words_of_two_objects);
    harness_add(suite, "a waiter that is not usual", a_waiter_that_is_not_usual);
    harness_add(suite, "a full queue", a_full_queue);
    tcase_add_loop_test(many, the_unusual_goes_the_general_way, 0, UNUSUAL);
    suite_add_tcase(suite, many);
    return harness_run(suite);
}
