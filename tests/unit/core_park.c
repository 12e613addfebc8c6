// SPDX-License-Identifier: MIT
//
// kernel/core/park: words that are compared and waited for, who is woken and how many, and every
// other way in which parking ends. After each step the audit looks at the whole kernel.
#include "core/audit.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/ring_spare.h"
#include "core/vm.h"
#include "tests/harness.h"
#include "tests/host/run.h"
#include "tests/host/vm_calls.h"

#include <stdatomic.h>
#include <string.h>

enum { MS = 1000000, WORD = 3072 }; // offset in a small ring's message area

struct world {
    struct host *host;
    struct cpu *cpu;
    struct actor a, b; // threads of one process
};

static struct world setup(void) {
    struct world world = {.host = host_create(1)};

    world.cpu = &world.host->cpus[0];
    world.a = actor_create(world.host, "a", 1);
    world.b = actor_thread(&world.a, ring_small);
    return world;
}

static void drop(struct cpu *cpu, struct object *object) {
    kernel_enter(cpu);
    object_put(cpu, object);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void teardown(struct world *world) {
    host_audit(world->host);
    drop(world->cpu, &world->b.process->object);
    actor_destroy(&world->a);
    host_destroy(world->host);
}

// The word in thread a's ring.
static uint64_t address_of(const struct world *world) {
    return world->a.thread->ring.address.value + WORD;
}

static void set(struct world *world, uint32_t value) {
    *(_Atomic uint32_t *)actor_at(&world->a, WORD) = value;
}

static struct capos_sqe park(uint16_t slot, uint64_t cap, uint64_t at, uint32_t expected) {
    return (struct capos_sqe){.opcode = CAPOS_OP_PARK,
                              .slot = slot,
                              .cap = cap,
                              .interface = at,
                              .params = expected,
                              .user_data = 100u + slot,
                              .deadline = CAPOS_NO_DEADLINE};
}

static struct capos_sqe unpark(uint64_t cap, uint64_t at, uint32_t count) {
    return (struct capos_sqe){
        .opcode = CAPOS_OP_UNPARK, .cap = cap, .interface = at, .params = count, .user_data = 500};
}

static int32_t do_park(struct actor *actor, uint64_t cap, uint64_t at, uint32_t expected) {
    struct capos_sqe sqe = park(3, cap, at, expected);

    return actor_do(actor, &sqe).result;
}

static int32_t do_unpark(struct actor *actor, uint64_t cap, uint64_t at, uint32_t count) {
    struct capos_sqe sqe = unpark(cap, at, count);
    int32_t result = actor_do(actor, &sqe).result;

    host_audit(actor->host);
    return result;
}

// Parks without waiting; the test fails if it ends at once.
static void begin(struct actor *actor, uint16_t slot, uint64_t cap, uint64_t at,
                  uint32_t expected) {
    struct capos_sqe sqe = park(slot, cap, at, expected);

    actor_submit(actor, &sqe);
    ck_assert(!actor_has_cqe(actor));
    host_audit(actor->host);
}

// What has ended since the actor was last in the kernel.
static int32_t ended(struct actor *actor, uint16_t slot) {
    struct capos_cqe cqe;
    uint64_t result;

    ck_assert(actor_enter(actor, 0, 0, 0, &result));
    if (!actor_has_cqe(actor))
        return INT32_MIN;
    cqe = actor_take(actor);
    ck_assert_uint_eq(cqe.slot, slot);
    ck_assert_uint_eq(cqe.user_data, 100u + slot);
    return cqe.result;
}

START_TEST(woken_by_another_thread) {
    struct world w = setup();
    struct capos_sqe sqe = park(2, 0, address_of(&w), 0);
    uint64_t result;

    *ring_user_next(&w.a.ring) = sqe;
    ck_assert(!actor_enter(&w.a, 1, CAPOS_WAIT_SLOT | 2, CAPOS_NO_DEADLINE, &result));
    host_audit(w.host);
    set(&w, 1);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 1), 1);
    ck_assert_int_eq(w.a.thread->state, THREAD_READY);
    actor_run(&w.a, w.cpu);
    ck_assert_int_eq(actor_take(&w.a).result, 0);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 1), 0);
    teardown(&w);
}
END_TEST

START_TEST(a_changed_word_does_not_park) {
    struct world w = setup();

    set(&w, 7);
    ck_assert_int_eq(do_park(&w.a, 0, address_of(&w), 6), -CAPOS_STATUS_CHANGED);
    begin(&w.a, 3, 0, address_of(&w), 7);
    ck_assert_int_eq(do_park(&w.b, 0, address_of(&w), 0), -CAPOS_STATUS_CHANGED);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 1), 1);
    ck_assert_int_eq(ended(&w.a, 3), 0);
    teardown(&w);
}
END_TEST

START_TEST(as_many_as_asked_for_first_come_first) {
    struct world w = setup();

    for (uint16_t slot = 0; slot < 10; slot++)
        begin(&w.a, slot, 0, address_of(&w), 0);
    begin(&w.a, 11, 0, address_of(&w) + 4, 0);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 0), 0);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 3), 3);
    for (uint16_t slot = 0; slot < 3; slot++)
        ck_assert_int_eq(ended(&w.a, slot), 0);
    ck_assert_int_eq(ended(&w.a, 0), INT32_MIN);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), UINT32_MAX), 7);
    for (uint16_t slot = 3; slot < 10; slot++)
        ck_assert_int_eq(ended(&w.a, slot), 0);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w) + 4, UINT32_MAX), 1);
    ck_assert_int_eq(ended(&w.a, 11), 0);
    teardown(&w);
}
END_TEST

START_TEST(deadlines) {
    struct world w = setup();
    struct capos_sqe sqe = park(3, 0, address_of(&w), 0);
    uint64_t result;

    host_advance(w.host, 10 * MS);
    sqe.deadline = w.host->now;
    ck_assert_int_eq(actor_do(&w.a, &sqe).result, -CAPOS_STATUS_TIMED_OUT);
    sqe.params = 1; // the comparison comes first
    ck_assert_int_eq(actor_do(&w.a, &sqe).result, -CAPOS_STATUS_CHANGED);
    sqe.params = 0;
    sqe.deadline = w.host->now + 5 * MS;
    *ring_user_next(&w.a.ring) = sqe;
    ck_assert(!actor_enter(&w.a, 1, 1, CAPOS_NO_DEADLINE, &result));
    host_run(w.host, 4 * MS, MS);
    ck_assert_int_eq(w.a.thread->state, THREAD_WAITING);
    host_run(w.host, 2 * MS, MS);
    actor_run(&w.a, w.cpu);
    ck_assert_int_eq(actor_take(&w.a).result, -CAPOS_STATUS_TIMED_OUT);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 1), 0);
    // Woken in time: the deadline comes to nothing.
    sqe.deadline = w.host->now + 5 * MS;
    actor_submit(&w.a, &sqe);
    ck_assert_int_eq(do_unpark(&w.b, 0, address_of(&w), 1), 1);
    host_run(w.host, 10 * MS, MS);
    ck_assert_int_eq(ended(&w.a, 3), 0);
    ck_assert(!actor_has_cqe(&w.a));
    teardown(&w);
}
END_TEST

START_TEST(what_can_be_no_word) {
    struct world w = setup();
    uint64_t at = address_of(&w);
    static const uint64_t nowhere[] = {MACHINE_USER_END, UINT64_C(0xffff800000000000),
                                       UINT64_C(0x800000000000), UINT64_MAX - 3};
    uint64_t digest = audit_digest(w.cpu);

    for (unsigned i = 1; i < 4; i++) {
        ck_assert_int_eq(do_park(&w.a, 0, at + i, 0), -CAPOS_STATUS_MALFORMED);
        ck_assert_int_eq(do_unpark(&w.a, 0, at + i, 1), -CAPOS_STATUS_MALFORMED);
    }
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        ck_assert_int_eq(do_park(&w.a, 0, nowhere[i], 0), -CAPOS_STATUS_MALFORMED);
        ck_assert_int_eq(do_unpark(&w.a, 0, nowhere[i], UINT32_MAX), -CAPOS_STATUS_MALFORMED);
    }
    ck_assert_int_eq(do_park(&w.a, 0, 0, 0), -CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(do_park(&w.a, 0, MACHINE_USER_END - 4, 0), -CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(do_unpark(&w.a, 0, 0, 1), 0);
    ck_assert_int_eq(do_park(&w.a, 77, at, 0), -CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(do_unpark(&w.a, 77, at, 1), -CAPOS_STATUS_REFUSED);
    ck_assert_uint_eq(audit_digest(w.cpu), digest);
    teardown(&w);
}
END_TEST

START_TEST(slots_and_flags) {
    struct world w = setup();
    struct capos_sqe sqe = park(3, 0, address_of(&w), 0);
    uint64_t result;

    begin(&w.a, 3, 0, address_of(&w), 0);
    ck_assert_int_eq(do_park(&w.a, 0, address_of(&w), 0), -CAPOS_STATUS_BUSY);
    sqe.slot = 16;
    ck_assert_int_eq(actor_do(&w.a, &sqe).result, -CAPOS_STATUS_MALFORMED);
    sqe.slot = 4;
    sqe.flags = CAPOS_SQE_REARM;
    ck_assert_int_eq(actor_do(&w.a, &sqe).result, -CAPOS_STATUS_UNSUPPORTED);
    sqe.flags = CAPOS_SQE_SKIP_CQE;
    actor_submit(&w.a, &sqe);
    sqe = unpark(0, address_of(&w), 2);
    sqe.flags = CAPOS_SQE_SKIP_CQE;
    actor_submit(&w.b, &sqe);
    ck_assert(!actor_has_cqe(&w.b));
    ck_assert_int_eq(ended(&w.a, 3), 0);
    ck_assert(actor_enter(&w.a, 0, CAPOS_WAIT_SLOT | 4, CAPOS_NO_DEADLINE, &result));
    ck_assert(!actor_has_cqe(&w.a)); // a success that was skipped
    teardown(&w);
}
END_TEST

static uint64_t reserve(struct world *w, uint64_t pages, enum protection protection) {
    struct vm *vm = w->a.process->vm;
    struct uaddr at;

    kernel_enter(w->cpu);
    ck_assert_int_eq(vm_reserve(w->cpu, vm, pages * FRAME_SIZE, &at), CAPOS_STATUS_OK);
    ck_assert_int_eq(vm_commit(w->cpu, vm, at.value, pages * FRAME_SIZE, protection),
                     CAPOS_STATUS_OK);
    kernel_leave(w->cpu);
    return at.value;
}

START_TEST(taking_the_page_away_wakes) {
    struct world w = setup();
    struct vm *vm = w.a.process->vm;
    uint64_t at = reserve(&w, 3, PROTECTION_READ_WRITE);

    for (uint16_t slot = 0; slot < 3; slot++)
        begin(&w.a, slot, 0, at + slot * FRAME_SIZE + 4092, 0);
    begin(&w.a, 3, 0, at, 0);
    kernel_enter(w.cpu);
    ck_assert_int_eq(vm_decommit(w.cpu, vm, at + FRAME_SIZE, FRAME_SIZE), CAPOS_STATUS_OK);
    kernel_leave(w.cpu);
    host_audit(w.host);
    ck_assert_int_eq(ended(&w.a, 1), -CAPOS_STATUS_DISCONNECTED);
    ck_assert(!actor_has_cqe(&w.a));
    ck_assert_int_eq(do_park(&w.b, 0, at + FRAME_SIZE, 0), -CAPOS_STATUS_REFUSED);
    // A refused one wakes nobody.
    kernel_enter(w.cpu);
    ck_assert_int_eq(vm_unmap(w.cpu, vm, at, FRAME_SIZE), CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(ended(&w.a, 0), INT32_MIN);
    ck_assert_int_eq(vm_unmap(w.cpu, vm, at, 3 * FRAME_SIZE), CAPOS_STATUS_OK);
    kernel_leave(w.cpu);
    for (unsigned i = 0; i < 3; i++) {
        struct capos_cqe cqe;
        uint64_t result;

        ck_assert(actor_enter(&w.a, 0, 0, 0, &result));
        cqe = actor_take(&w.a);
        ck_assert_int_eq(cqe.result, -CAPOS_STATUS_DISCONNECTED);
    }
    teardown(&w);
}
END_TEST

START_TEST(protection_is_respected) {
    struct world w = setup();
    uint64_t readable = reserve(&w, 1, PROTECTION_READ);
    uint64_t guard = reserve(&w, 1, PROTECTION_NONE);

    begin(&w.a, 1, 0, readable, 0);
    ck_assert_int_eq(do_park(&w.b, 0, guard, 0), -CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(do_unpark(&w.b, 0, readable, 5), 1);
    ck_assert_int_eq(ended(&w.a, 1), 0);
    teardown(&w);
}
END_TEST

// A thread's ring is memory as any other; when its thread ends, who was parked there is woken.
START_TEST(the_end_of_a_ring_wakes) {
    struct world w = setup();
    uint64_t at = w.b.thread->ring.address.value + WORD;

    begin(&w.a, 1, 0, at, 0);
    kernel_enter(w.cpu);
    thread_kill(w.cpu, w.b.thread);
    kernel_leave(w.cpu);
    host_run(w.host, 20 * MS, MS);
    host_settle(w.host);
    ck_assert_uint_eq(w.a.process->threads_left, 1);
    kernel_enter(w.cpu);
    ck_assert(ring_spare_drop(w.cpu, w.a.process)); // so long its block is there
    kernel_leave(w.cpu);
    ck_assert_int_eq(ended(&w.a, 1), -CAPOS_STATUS_DISCONNECTED);
    teardown(&w);
}
END_TEST

START_TEST(death_while_parked) {
    struct world w = setup();
    struct capos_sqe sqe = park(2, 0, address_of(&w), 0);
    uint64_t result;

    begin(&w.b, 1, 0, address_of(&w), 0);
    sqe.deadline = w.host->now + 5 * MS;
    *ring_user_next(&w.b.ring) = sqe;
    ck_assert(!actor_enter(&w.b, 1, CAPOS_WAIT_SLOT | 2, CAPOS_NO_DEADLINE, &result));
    kernel_enter(w.cpu);
    thread_kill(w.cpu, w.b.thread);
    kernel_leave(w.cpu);
    host_run(w.host, 20 * MS, MS);
    host_settle(w.host);
    host_audit(w.host);
    ck_assert_uint_eq(w.a.process->threads_left, 1);
    ck_assert_int_eq(do_unpark(&w.a, 0, address_of(&w), 5), 0);
    teardown(&w);
}
END_TEST

START_TEST(shared_words) {
    struct world w = setup();
    struct actor other = actor_create(w.host, "other", 2);
    struct memory *memory, *view;
    uint64_t mine, slice;
    uint32_t *word;

    kernel_enter(w.cpu);
    ck_assert_int_eq(memory_create(w.cpu, &host_memory_type, &w.host->kernel.root, 3, &memory),
                     CAPOS_STATUS_OK);
    ck_assert_int_eq(memory_create_view(w.cpu, memory, &w.host->kernel.root, 1, 2, false, &view),
                     CAPOS_STATUS_OK);
    kernel_leave(w.cpu);
    word = (uint32_t *)((uint8_t *)machine_direct(memory_frame(memory, 1)) + 8);
    mine = actor_grant(&w.a, &memory->object, 5, CAPOS_SCOPE_ANY);
    slice = actor_grant(&other, &view->object, 5, CAPOS_SCOPE_ANY);
    *word = 9;
    ck_assert_int_eq(do_park(&w.a, mine, FRAME_SIZE + 8, 0), -CAPOS_STATUS_CHANGED);
    begin(&w.a, 1, mine, FRAME_SIZE + 8, 9);
    begin(&other, 2, slice, 8, 9); // the same word
    begin(&other, 4, slice, 12, 0);
    ck_assert_int_eq(do_unpark(&w.b, mine, FRAME_SIZE + 8, UINT32_MAX), 2);
    ck_assert_int_eq(ended(&w.a, 1), 0);
    ck_assert_int_eq(ended(&other, 2), 0);
    ck_assert_int_eq(do_park(&other, slice, 2 * FRAME_SIZE, 0), -CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(do_park(&other, slice, UINT64_MAX - 3, 0), -CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(do_park(&other, slice, 2 * FRAME_SIZE - 2, 0), -CAPOS_STATUS_MALFORMED);
    begin(&other, 5, slice, 2 * FRAME_SIZE - 4, 0);
    // Who is parked keeps the memory, whoever else gives it up.
    struct capos_sqe release = {.opcode = CAPOS_OP_RELEASE, .cap = slice, .user_data = 1};
    ck_assert_int_eq(actor_do(&other, &release).result, 0);
    ck_assert_int_eq(do_unpark(&w.b, mine, 3 * FRAME_SIZE - 4, 1), 1);
    ck_assert_int_eq(ended(&other, 5), 0);
    host_audit(w.host);
    actor_destroy(&other); // with slot 4 still parked
    ck_assert_int_eq(do_unpark(&w.a, mine, FRAME_SIZE + 12, 1), 0);
    teardown(&w);
}
END_TEST

START_TEST(other_capabilities_have_no_words) {
    struct world w = setup();
    struct endpoint *endpoint;
    uint64_t cap;

    kernel_enter(w.cpu);
    ck_assert_int_eq(
        endpoint_create(w.cpu, &host_endpoint_type, &w.host->kernel.root, 5, &endpoint),
        CAPOS_STATUS_OK);
    kernel_leave(w.cpu);
    cap = actor_grant(&w.a, &endpoint->object, 1, CAPOS_SCOPE_ANY);
    ck_assert_int_eq(do_park(&w.a, cap, 0, 0), -CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(do_unpark(&w.a, cap, 0, 1), -CAPOS_STATUS_REFUSED);
    teardown(&w);
}
END_TEST

// More than one batch of ends, with interrupts let in between.
START_TEST(many_are_woken_in_batches) {
    struct world w = setup();
    struct actor many;
    uint64_t windows;

    ck_assert_int_eq(actor_try(w.host, "many", 1, &host_limits, ring_standard, &many),
                     CAPOS_STATUS_OK);
    uint64_t at = many.thread->ring.address.value + 4 * FRAME_SIZE - 4;
    struct actor waker = actor_thread(&many, ring_small);
    for (uint16_t slot = 0; slot < 64; slot++)
        begin(&many, slot, 0, at, 0);
    windows = w.host->windows;
    ck_assert_int_eq(do_unpark(&waker, 0, at, UINT32_MAX), 64);
    ck_assert_uint_ge(w.host->windows, windows + 2);
    for (uint16_t slot = 0; slot < 64; slot++)
        ck_assert_int_eq(ended(&many, slot), 0);
    drop(w.cpu, &waker.process->object);
    actor_destroy(&many);
    teardown(&w);
}
END_TEST

// What is in a timer that was never set is nobody's CPU.
START_TEST(a_timer_that_was_never_set_is_stopped) {
    struct world w = setup();
    struct timer timer;

    memset(&timer, 0xff, sizeof(timer));
    timer_init(&timer, TIMER_CALL);
    kernel_enter(w.cpu);
    ck_assert(!timer_stop(w.cpu, &timer));
    kernel_leave(w.cpu);
    teardown(&w);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("park");

    harness_add(suite, "woken by another thread", woken_by_another_thread);
    harness_add(suite, "a changed word", a_changed_word_does_not_park);
    harness_add(suite, "as many as asked for", as_many_as_asked_for_first_come_first);
    harness_add(suite, "deadlines", deadlines);
    harness_add(suite, "what can be no word", what_can_be_no_word);
    harness_add(suite, "slots and flags", slots_and_flags);
    harness_add(suite, "taking the page away", taking_the_page_away_wakes);
    harness_add(suite, "protection", protection_is_respected);
    harness_add(suite, "the end of a ring", the_end_of_a_ring_wakes);
    harness_add(suite, "death while parked", death_while_parked);
    harness_add(suite, "shared words", shared_words);
    harness_add(suite, "other capabilities", other_capabilities_have_no_words);
    harness_add(suite, "a timer that was never set is stopped",
                a_timer_that_was_never_set_is_stopped);
    harness_add(suite, "many are woken", many_are_woken_in_batches);
    return harness_run(suite);
}
