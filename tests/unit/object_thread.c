// SPDX-License-Identifier: MIT
//
// ThreadSpawner, ThreadHandle and ThreadControl as processes call them: what a thread starts with,
// every order of end and join, requests that make no sense, limits, and no trace of any failure on
// the way.
#include "core/audit.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/ring_spare.h"
#include "core/vm.h"
#include "machine/space.h"
#include "schemas/process.capos.h"
#include "schemas/thread.capos.h"
#include "tests/harness.h"
#include "tests/host/run.h"
#include "tests/host/vm_calls.h"
#include "tests/unit/object_world.h"

enum { MS = 1000000, ENTRY = 0x400010, STACK = 0x700000, BASE = 0x700040 };

static struct capos_call call;

static struct capos_thread_spawner spawner(void) {
    return (struct capos_thread_spawner){world_grant("threadSpawner")};
}

static struct capos_thread_control control(void) {
    return (struct capos_thread_control){world_grant("threadControl")};
}

static int spawn_with(uint64_t entry, uint64_t stack, uint64_t base, unsigned ring,
                      struct capos_thread_handle *handle) {
    struct capos_thread_spawner_spawn_params_builder params =
        capos_thread_spawner_spawn_begin(&call, world_ring(), spawner());
    struct capos_thread_spawner_spawn_results results;

    capos_thread_spawner_spawn_params_set_entry(params, entry);
    capos_thread_spawner_spawn_params_set_stack(params, stack);
    capos_thread_spawner_spawn_params_set_argument(params, 17);
    capos_thread_spawner_spawn_params_set_thread_base(params, base);
    capos_thread_spawner_spawn_params_set_ring(params, (enum capos_ring_size)ring);
    int outcome = capos_thread_spawner_spawn_call(&call, &results);
    handle->id = outcome == CAPOS_DONE ? capos_thread_spawner_spawn_results_thread(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static int spawn(struct capos_thread_handle *handle) {
    return spawn_with(ENTRY, STACK, BASE, CAPOS_RING_SIZE_STANDARD, handle);
}

// The thread that was made last.
static struct actor newest(void) {
    struct list_node *node = list_last(&world.init.process->threads);
    struct actor actor = {.host = world.host, .process = world.init.process};

    actor.thread = list_entry(node, struct thread, sibling);
    ck_assert(ring_user_attach(&actor.ring, actor.thread->ring.base));
    return actor;
}

// A thread with a client of its own.
struct other {
    struct capos_thread_handle handle;
    struct actor actor;
    struct caller caller;
};

static struct other *start(void) {
    static struct other others[8];
    static unsigned next;
    struct other *other = &others[next++ % 8];

    assert_outcome(spawn(&other->handle), CAPOS_DONE);
    other->actor = newest();
    caller_init(&other->caller, &other->actor);
    return other;
}

// It calls exit; it never comes back from that entry.
static void end(struct other *other, int32_t status) {
    struct thread *thread = other->actor.thread;
    struct caller last; // builds at the beginning of the message area
    struct capos_call exit;
    struct capos_sqe *sqe;
    uint64_t result;

    object_get(&thread->object);
    caller_init(&last, &other->actor);
    capos_thread_control_exit_params_set_status(
        capos_thread_control_exit_begin(&exit, &last.transport, control()), status);
    sqe = ring_user_next(&other->actor.ring);
    *sqe = (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .method = CAPOS_THREAD_CONTROL_EXIT_METHOD,
                              .slot = 60,
                              .cap = control().id,
                              .interface = CAPOS_THREAD_CONTROL_INTERFACE_ID,
                              .params = other->actor.ring.area,
                              .params_bytes = exit.params.used * 8,
                              .results = other->actor.ring.area + 64};
    actor_enter(&other->actor, 1, 0, 0, &result);
    ck_assert_int_eq(thread->state, THREAD_DEAD);
    ck_assert_ptr_null(thread->ring.calls);
    kernel_enter(world.cpu);
    object_put(world.cpu, &thread->object);
    kernel_leave(world.cpu);
    host_settle(world.host);
    host_audit(world.host);
}

static void assert_end(const struct capos_thread_handle_join_results *results, bool exited,
                       int32_t status) {
    ck_assert_int_eq(capos_thread_handle_join_results_exited(*results), exited);
    ck_assert_int_eq(capos_thread_handle_join_results_status(*results), status);
}

static void join(struct capos_thread_handle handle, int32_t status) {
    struct capos_thread_handle_join_results results;

    assert_outcome(capos_thread_handle_join(&call, world_ring(), handle, &results), CAPOS_DONE);
    assert_end(&results, true, status);
    capos_call_release(&call);
}

static void release(uint64_t cap) {
    struct capos_sqe sqe = {
        .opcode = CAPOS_OP_RELEASE, .cap = cap, .flags = CAPOS_SQE_SKIP_CQE, .user_data = 9};

    actor_submit(&world.init, &sqe);
    host_settle(world.host);
}

START_TEST(starts_as_it_was_told) {
    struct capos_thread_handle handle;

    assert_outcome(spawn_with(ENTRY, STACK, BASE, CAPOS_RING_SIZE_SMALL, &handle), CAPOS_DONE);
    struct actor actor = newest();
    const struct machine_context *context = &actor.thread->context;
    ck_assert_uint_eq(context->entry, ENTRY);
    ck_assert_uint_eq(context->stack, STACK);
    ck_assert_uint_eq(context->thread_base, BASE);
    ck_assert_uint_eq(context->argument[0], actor.thread->ring.address.value);
    ck_assert_uint_eq(context->argument[1], world.init.thread->context.argument[1]);
    ck_assert_uint_eq(context->argument[2], 17);
    ck_assert_uint_eq(actor.ring.slots, 16);
    ck_assert_int_eq(actor.thread->state, THREAD_READY);
}
END_TEST

START_TEST(join_before_and_after_the_end) {
    struct capos_thread_handle_join_results results;
    struct other *other = start();

    capos_thread_handle_join_begin(&call, world_ring(), other->handle);
    assert_outcome(capos_thread_handle_join_send(&call), CAPOS_DONE);
    ck_assert(!caller_answered(&world.caller, &call));
    host_audit(world.host);
    end(other, -7);
    assert_outcome(capos_thread_handle_join_wait(&call, &results), CAPOS_DONE);
    assert_end(&results, true, -7);
    capos_call_release(&call);
    join(other->handle, -7);
    join(other->handle, -7);
}
END_TEST

START_TEST(many_join_one) {
    struct capos_thread_handle_join_results results;
    struct other *other = start(), *third = start();
    struct capos_call joins[3];

    for (unsigned i = 0; i < 3; i++) {
        capos_thread_handle_join_begin(&joins[i], i == 2 ? &third->caller.transport : world_ring(),
                                       other->handle);
        assert_outcome(capos_thread_handle_join_send(&joins[i]), CAPOS_DONE);
    }
    end(other, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_outcome(capos_thread_handle_join_wait(&joins[i], &results), CAPOS_DONE);
        assert_end(&results, true, 3);
        capos_call_release(&joins[i]);
    }
}
END_TEST

// One that waits for another ends first.
START_TEST(a_joiner_ends) {
    struct other *other = start(), *third = start();
    struct capos_call joined;

    capos_thread_handle_join_begin(&joined, &third->caller.transport, other->handle);
    assert_outcome(capos_thread_handle_join_send(&joined), CAPOS_DONE);
    end(third, 1);
    end(other, 2);
    join(other->handle, 2);
    join(third->handle, 1);
}
END_TEST

START_TEST(no_thread_joins_itself) {
    struct capos_thread_handle_join_results results;
    struct other *other = start();
    struct capos_call own;

    assert_outcome(
        capos_thread_handle_join(&own, &other->caller.transport, other->handle, &results),
        CAPOS_FAILED);
    capos_call_release(&own);
    end(other, 0);
}
END_TEST

START_TEST(detach_lets_go) {
    struct capos_thread_handle_detach_results detached;
    struct capos_thread_handle_join_results results;
    struct capos_thread_handle_info_results info;
    struct other *other = start(), *third = start();
    struct capos_call waits;

    capos_thread_handle_join_begin(&waits, &third->caller.transport, other->handle);
    assert_outcome(capos_thread_handle_join_send(&waits), CAPOS_DONE);
    assert_outcome(capos_thread_handle_detach(&call, world_ring(), other->handle, &detached),
                   CAPOS_DONE);
    capos_call_release(&call);
    assert_outcome(capos_thread_handle_join(&call, world_ring(), other->handle, &results),
                   CAPOS_DISCONNECTED);
    capos_call_release(&call);
    assert_outcome(capos_thread_handle_info(&call, world_ring(), other->handle, &info),
                   CAPOS_DISCONNECTED);
    capos_call_release(&call);
    assert_outcome(capos_thread_handle_detach(&call, world_ring(), other->handle, &detached),
                   CAPOS_DISCONNECTED);
    capos_call_release(&call);
    end(other, 5);
    assert_outcome(capos_thread_handle_join_wait(&waits, &results), CAPOS_DONE);
    assert_end(&results, true, 5);
}
END_TEST

START_TEST(the_handle_goes_first) {
    struct capos_thread_handle_join_results results;
    struct other *other = start();

    capos_thread_handle_join_begin(&call, world_ring(), other->handle);
    assert_outcome(capos_thread_handle_join_send(&call), CAPOS_DONE);
    release(other->handle.id);
    end(other, 6);
    assert_outcome(capos_thread_handle_join_wait(&call, &results), CAPOS_DONE);
    assert_end(&results, true, 6);
}
END_TEST

START_TEST(info_tells_the_state) {
    struct capos_thread_handle_info_results info;
    struct capos_thread_control_id_results id;
    struct other *other = start();
    uint64_t number = other->actor.thread->id;
    struct capos_call own;

    assert_outcome(capos_thread_control_id(&own, &other->caller.transport, control(), &id),
                   CAPOS_DONE);
    ck_assert_uint_eq(capos_thread_control_id_results_id(id), number);
    capos_call_release(&own);
    for (unsigned i = 0; i < 2; i++) {
        assert_outcome(capos_thread_handle_info(&call, world_ring(), other->handle, &info),
                       CAPOS_DONE);
        ck_assert_uint_eq(capos_thread_handle_info_results_id(info), number);
        ck_assert_int_eq(capos_thread_handle_info_results_state(info),
                         i == 0 ? CAPOS_THREAD_STATE_LIVING : CAPOS_THREAD_STATE_ENDED);
        capos_call_release(&call);
        if (i == 0)
            end(other, 0);
    }
}
END_TEST

START_TEST(the_thread_base_can_be_set) {
    static const uint64_t bad[] = {MACHINE_USER_END, UINT64_C(1) << 47, UINT64_MAX};
    struct capos_thread_control_set_thread_base_results results;

    for (unsigned i = 0; i < 4; i++) {
        capos_thread_control_set_thread_base_params_set_address(
            capos_thread_control_set_thread_base_begin(&call, world_ring(), control()),
            i == 3 ? 0x1230 : bad[i]);
        assert_outcome(capos_thread_control_set_thread_base_call(&call, &results),
                       i == 3 ? CAPOS_DONE : (int)CAPOS_INVALID_ARGUMENT);
        capos_call_release(&call);
    }
    ck_assert_uint_eq(world.init.thread->context.thread_base, 0x1230);
}
END_TEST

// What a refused spawn must leave as it was. What is retired is freed first.
static uint64_t digest(void) {
    host_settle(world.host);
    return audit_digest(world.cpu);
}

START_TEST(wild_requests_are_refused) {
    static const uint64_t outside[] = {MACHINE_USER_END + 16, UINT64_C(1) << 47,
                                       UINT64_C(0xffff800000000000), UINT64_MAX - 15};
    struct capos_thread_handle handle;
    uint64_t before = digest();

    for (unsigned i = 0; i < 4; i++) {
        assert_outcome(spawn_with(outside[i], STACK, BASE, 0, &handle), CAPOS_INVALID_ARGUMENT);
        assert_outcome(spawn_with(ENTRY, outside[i], BASE, 0, &handle), CAPOS_INVALID_ARGUMENT);
        assert_outcome(spawn_with(ENTRY, STACK, outside[i], 0, &handle), CAPOS_INVALID_ARGUMENT);
    }
    for (unsigned i = 1; i < 16; i++)
        assert_outcome(spawn_with(ENTRY, STACK + i, BASE, 0, &handle), CAPOS_INVALID_ARGUMENT);
    assert_outcome(spawn_with(ENTRY, STACK, BASE, 2, &handle), CAPOS_INVALID_ARGUMENT);
    assert_outcome(spawn_with(ENTRY, STACK, BASE, 65535, &handle), CAPOS_INVALID_ARGUMENT);
    world.caller.room = 0;
    assert_outcome(spawn(&handle), CAPOS_INVALID_ARGUMENT);
    world.caller.room = CAPOS_TRANSFER_MAX;
    world.caller.results_capacity = 8;
    assert_outcome(spawn(&handle), CAPOS_FAILED); // the exception is cut
    world.caller.results_capacity = CALLER_RESULTS;
    ck_assert_uint_eq(digest(), before);
}
END_TEST

START_TEST(no_failure_leaves_a_trace) {
    struct capos_thread_handle handle;
    int outcome = CAPOS_OVERLOADED;

    // Page tables that a failed attempt has made stay, charged: made before we look.
    assert_outcome(spawn(&handle), CAPOS_DONE);
    release(handle.id);
    world.caller.plain = true;
    for (uint64_t n = 1; outcome != CAPOS_DONE; n++) {
        uint64_t before = digest();

        ck_assert_uint_lt(n, 100);
        debug_fail_nth(&world.host->kernel, n);
        outcome = spawn(&handle);
        ck_assert_int_eq(outcome != CAPOS_DONE, debug_failed(&world.host->kernel));
        debug_fail_nth(&world.host->kernel, 0);
        if (outcome == CAPOS_DONE)
            break;
        if (outcome != -CAPOS_STATUS_OVERLOADED) // the call's own slot
            assert_outcome(outcome, CAPOS_OVERLOADED);
        ck_assert_uint_eq(digest(), before);
        host_audit(world.host);
    }
}
END_TEST

// Again and again: what a thread had is there for the next one.
START_TEST(what_ended_is_given_back) {
    struct other *other = start();
    uint64_t before;

    end(other, 0);
    join(other->handle, 0);
    release(other->handle.id);
    before = digest();
    for (int32_t i = 0; i < 50; i++) {
        other = start();
        end(other, i);
        join(other->handle, i);
        release(other->handle.id);
        ck_assert_uint_eq(digest(), before);
    }
}
END_TEST

static int start_told(uint64_t entry, unsigned ring, uint64_t end_word) {
    struct capos_thread_spawner_start_params_builder params =
        capos_thread_spawner_start_begin(&call, world_ring(), spawner());
    struct capos_thread_spawner_start_results results;

    capos_thread_spawner_start_params_set_entry(params, entry);
    capos_thread_spawner_start_params_set_stack(params, STACK);
    capos_thread_spawner_start_params_set_thread_base(params, BASE);
    capos_thread_spawner_start_params_set_ring(params, (enum capos_ring_size)ring);
    capos_thread_spawner_start_params_set_end_word(params, end_word);
    int outcome = capos_thread_spawner_start_call(&call, &results);
    if (outcome == CAPOS_DONE)
        ck_assert_uint_eq(capos_thread_spawner_start_results_id(results), newest().thread->id);
    capos_call_release(&call);
    return outcome;
}

static struct other *start_other(uint64_t end_word) {
    static struct other other;

    assert_outcome(start_told(ENTRY, CAPOS_RING_SIZE_STANDARD, end_word), CAPOS_DONE);
    other.actor = newest();
    caller_init(&other.caller, &other.actor);
    return &other;
}

// A page of init's own, with this access.
static _Atomic uint32_t *make_page(enum protection protection, struct uaddr *at) {
    struct vm *vm = world.init.process->vm;
    enum protection found;
    struct paddr frame;

    ck_assert_int_eq(vm_allocate(world.cpu, vm, FRAME_SIZE, protection, at), CAPOS_STATUS_OK);
    ck_assert(machine_space_lookup(world.cpu, vm_space(vm), *at, &frame, &found));
    return machine_direct(frame);
}

static struct capos_sqe park_on(uint64_t at) {
    return (struct capos_sqe){.opcode = CAPOS_OP_PARK,
                              .slot = 9,
                              .interface = at,
                              .user_data = 77,
                              .deadline = CAPOS_NO_DEADLINE};
}

// Who waits for the word is woken after it was set; who comes later finds it set.
START_TEST(the_end_is_told_by_a_word) {
    struct capos_sqe park;
    struct capos_cqe cqe;
    struct uaddr at;
    _Atomic uint32_t *page = make_page(PROTECTION_READ_WRITE, &at);

    page[4] = 0;
    page[5] = 7;
    struct other *other = start_other(at.value + 16);
    park = park_on(at.value + 16);
    actor_submit(&world.init, &park);
    ck_assert(!actor_has_cqe(&world.init));
    end(other, 1);
    ck_assert_uint_eq(page[4], 1);
    ck_assert_uint_eq(page[5], 7);
    uint64_t result;
    actor_enter(&world.init, 0, 0, 0, &result);
    cqe = actor_take(&world.init);
    ck_assert_uint_eq(cqe.user_data, 77);
    ck_assert_int_eq(cqe.result, 0);
    park = park_on(at.value + 16);
    ck_assert_int_eq(actor_do(&world.init, &park).result, -CAPOS_STATUS_CHANGED);
}
END_TEST

// A word that can't be written when the thread ends stays as it is, or is not there.
START_TEST(a_word_that_cannot_be_written) {
    struct uaddr read, gone;
    _Atomic uint32_t *page = make_page(PROTECTION_READ, &read);

    *page = 5;
    (void)make_page(PROTECTION_READ_WRITE, &gone);
    end(start_other(read.value), 0);
    ck_assert_uint_eq(*page, 5);
    struct other *other = start_other(gone.value);
    ck_assert_int_eq(vm_unmap(world.cpu, world.init.process->vm, gone.value, FRAME_SIZE),
                     CAPOS_STATUS_OK);
    end(other, 0);
    end(start_other(0), 0);
    end(start_other(MACHINE_USER_END - 4), 0);
}
END_TEST

START_TEST(wild_starts_are_refused) {
    uint64_t before = digest();

    for (unsigned i = 1; i < 4; i++)
        assert_outcome(start_told(ENTRY, 0, 0x400000 + i), CAPOS_INVALID_ARGUMENT);
    assert_outcome(start_told(ENTRY, 0, MACHINE_USER_END), CAPOS_INVALID_ARGUMENT);
    assert_outcome(start_told(ENTRY, 0, UINT64_MAX - 3), CAPOS_INVALID_ARGUMENT);
    assert_outcome(start_told(MACHINE_USER_END, 0, 0), CAPOS_INVALID_ARGUMENT);
    assert_outcome(start_told(ENTRY, 7, 0), CAPOS_INVALID_ARGUMENT);
    world.caller.results_capacity = 8;
    assert_outcome(start_told(ENTRY, 0, 0), CAPOS_FAILED); // the exception is cut
    world.caller.results_capacity = CALLER_RESULTS;
    ck_assert_uint_eq(digest(), before);
}
END_TEST

// What a ring was made of is kept for the next thread, unless somebody needs the memory.
START_TEST(a_block_is_kept_until_it_is_wanted) {
    struct process *process = world.init.process;
    struct other *other;

    world.caller.plain = true; // nothing is made to fail
    other = start_other(0);
    struct paddr block = other->actor.thread->ring.block;
    struct uaddr address = other->actor.thread->ring.address, at;
    const struct call *records = other->actor.thread->ring.calls;
    uint64_t word = atomic_load(&records[0].word);
    uint32_t *stale = actor_at(&other->actor, other->actor.ring.area);

    *stale = 0xdead;
    end(other, 0);
    ck_assert_uint_eq(process->spares.count, 1);
    other = start_other(0);
    ck_assert_uint_eq(process->spares.count, 0);
    ck_assert_uint_eq(other->actor.thread->ring.block.value, block.value);
    ck_assert_uint_eq(other->actor.thread->ring.address.value, address.value);
    ck_assert_ptr_eq(other->actor.thread->ring.calls, records);
    ck_assert_uint_eq(other->actor.thread->ring.slots, 1);
    ck_assert_uint_gt(atomic_load(&records[0].word) >> 40, word >> 40);
    end(other, 0);
    // The last frames of the process's limit are those of the block.
    uint64_t left = ledger_available(process->ledger, LEDGER_FRAMES);
    ck_assert_int_eq(ledger_take(world.cpu, process->ledger, LEDGER_FRAMES, left), CAPOS_STATUS_OK);
    assert_outcome(start_told(ENTRY, CAPOS_RING_SIZE_SMALL, 0), CAPOS_DONE); // of another size
    ck_assert_uint_eq(process->spares.count, 0);
    ledger_give(world.cpu, process->ledger, LEDGER_FRAMES, left);
    ck_assert_int_eq(vm_allocate(world.cpu, process->vm, FRAME_SIZE, PROTECTION_READ_WRITE, &at),
                     CAPOS_STATUS_OK);
    host_audit(world.host);
}
END_TEST

START_TEST(the_process_ends_with_threads_in_every_state) {
    static const struct process_end killed = {.kind = PROCESS_KILLED};
    struct other *waits = start(), *runs = start(), *ready = start();
    struct capos_call joined;
    uint64_t result;

    capos_thread_handle_join_begin(&joined, &waits->caller.transport, runs->handle);
    assert_outcome(capos_thread_handle_join_send(&joined), CAPOS_DONE);
    ck_assert(!actor_enter(&waits->actor, 0, 1, CAPOS_NO_DEADLINE, &result));
    capos_thread_handle_join_begin(&call, world_ring(), ready->handle);
    assert_outcome(capos_thread_handle_join_send(&call), CAPOS_DONE);
    actor_run(&runs->actor, world.cpu);
    host_audit(world.host);
    kernel_enter(world.cpu);
    process_kill(world.cpu, world.init.process, &killed);
    kernel_leave(world.cpu);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *tcase = tcase_create("threads");

    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, starts_as_it_was_told);
    tcase_add_test(tcase, join_before_and_after_the_end);
    tcase_add_test(tcase, many_join_one);
    tcase_add_test(tcase, a_joiner_ends);
    tcase_add_test(tcase, no_thread_joins_itself);
    tcase_add_test(tcase, detach_lets_go);
    tcase_add_test(tcase, the_handle_goes_first);
    tcase_add_test(tcase, info_tells_the_state);
    tcase_add_test(tcase, the_thread_base_can_be_set);
    tcase_add_test(tcase, wild_requests_are_refused);
    tcase_add_test(tcase, no_failure_leaves_a_trace);
    tcase_add_test(tcase, what_ended_is_given_back);
    tcase_add_test(tcase, the_end_is_told_by_a_word);
    tcase_add_test(tcase, a_word_that_cannot_be_written);
    tcase_add_test(tcase, wild_starts_are_refused);
    tcase_add_test(tcase, a_block_is_kept_until_it_is_wanted);
    tcase_add_test(tcase, the_process_ends_with_threads_in_every_state);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
