// SPDX-License-Identifier: MIT
//
// FrameAllocator, MemoryObject and VirtualMemory as a process calls them: what the methods answer,
// what they refuse and in which words, who pays. What they do is tested with core/vm and
// core/memory.
#include "core/frame.h"
#include "core/memory.h"
#include "core/vm.h"
#include "schemas/memory.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"
#include "tests/unit/object_world_memory.h"

#include <string.h>

enum { PAGE = FRAME_SIZE };

static struct capos_call call;

static void assert_info(struct capos_memory_object object, uint64_t bytes, bool writable,
                        bool executable) {
    struct capos_memory_object_info_results info;

    assert_outcome(capos_memory_object_info(&call, world_ring(), object, &info), CAPOS_DONE);
    ck_assert_uint_eq(capos_memory_object_info_results_bytes(info), bytes);
    ck_assert_int_eq(capos_memory_object_info_results_writable(info), writable);
    ck_assert_int_eq(capos_memory_object_info_results_executable(info), executable);
    capos_call_release(&call);
}

static int seal(struct capos_memory_object object) {
    struct capos_memory_object_seal_results results;
    int outcome = capos_memory_object_seal(&call, world_ring(), object, &results);

    capos_call_release(&call);
    return outcome;
}

static struct capos_virtual_memory memory(void) {
    return (struct capos_virtual_memory){world_grant("virtualMemory")};
}

static int reserve(uint64_t bytes, uint64_t *at) {
    struct capos_virtual_memory_reserve_results results;

    capos_virtual_memory_reserve_params_set_bytes(
        capos_virtual_memory_reserve_begin(&call, world_ring(), memory()), bytes);
    int outcome = capos_virtual_memory_reserve_call(&call, &results);
    *at = outcome == CAPOS_DONE ? capos_virtual_memory_reserve_results_address(results) : 0;
    capos_call_release(&call);
    return outcome;
}

static int commit(uint64_t at, uint64_t bytes, enum capos_protection protection) {
    struct capos_virtual_memory_commit_results results;
    struct capos_virtual_memory_commit_params_builder params =
        capos_virtual_memory_commit_begin(&call, world_ring(), memory());

    capos_virtual_memory_commit_params_set_address(params, at);
    capos_virtual_memory_commit_params_set_bytes(params, bytes);
    capos_virtual_memory_commit_params_set_protection(params, protection);
    int outcome = capos_virtual_memory_commit_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

static int protect(uint64_t at, uint64_t bytes, enum capos_protection protection) {
    struct capos_virtual_memory_protect_results results;
    struct capos_virtual_memory_protect_params_builder params =
        capos_virtual_memory_protect_begin(&call, world_ring(), memory());

    capos_virtual_memory_protect_params_set_address(params, at);
    capos_virtual_memory_protect_params_set_bytes(params, bytes);
    capos_virtual_memory_protect_params_set_protection(params, protection);
    int outcome = capos_virtual_memory_protect_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

static int decommit(uint64_t at, uint64_t bytes) {
    struct capos_virtual_memory_decommit_results results;
    struct capos_virtual_memory_decommit_params_builder params =
        capos_virtual_memory_decommit_begin(&call, world_ring(), memory());

    capos_virtual_memory_decommit_params_set_address(params, at);
    capos_virtual_memory_decommit_params_set_bytes(params, bytes);
    int outcome = capos_virtual_memory_decommit_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

static int unmap(uint64_t at, uint64_t bytes) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_virtual_memory_unmap_params_builder params =
        capos_virtual_memory_unmap_begin(&call, world_ring(), memory());

    capos_virtual_memory_unmap_params_set_address(params, at);
    capos_virtual_memory_unmap_params_set_bytes(params, bytes);
    int outcome = capos_virtual_memory_unmap_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

START_TEST(allocating_rounds_up_and_is_charged) {
    struct ledger *ledger = world.init.process->ledger;
    uint64_t before = ledger_used(ledger, LEDGER_FRAMES);
    struct capos_memory_object object;

    assert_outcome(world_allocate(2 * PAGE + 1, &object), CAPOS_DONE);
    assert_info(object, 3 * PAGE, true, false);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + 3);
    assert_outcome(world_allocate(0, &object), CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_allocate(UINT64_MAX, &object), CAPOS_OVERLOADED);
    assert_outcome(world_allocate(UINT64_C(1) << 40, &object), CAPOS_OVERLOADED);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + 3);
}
END_TEST

START_TEST(narrower_objects_are_narrower) {
    struct capos_memory_object object = world_memory(10), part, none;
    struct capos_memory_object constant = world_read_only(object);

    assert_info(constant, 10 * PAGE, false, false);
    assert_outcome(world_slice(object, 2 * PAGE, 3 * PAGE, &part), CAPOS_DONE);
    assert_info(part, 3 * PAGE, true, false);
    assert_outcome(world_slice(constant, 0, PAGE, &part), CAPOS_DONE);
    assert_info(part, PAGE, false, false);
    assert_outcome(world_slice(object, 8 * PAGE, 3 * PAGE, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_slice(object, 1, PAGE, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_slice(object, 0, PAGE - 1, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_slice(object, 0, 0, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_slice(object, UINT64_MAX - PAGE + 1, PAGE, &none), CAPOS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(sealing_is_for_good) {
    struct capos_memory_object object = world_memory(2), constant = world_read_only(object);
    uint64_t at, text;

    assert_outcome(world_map(object, 0, 2 * PAGE, CAPOS_PROTECTION_READ_WRITE, &at), CAPOS_DONE);
    assert_outcome(seal(object), CAPOS_FAILED);
    assert_outcome(unmap(at, 2 * PAGE), CAPOS_DONE);
    assert_outcome(seal(constant), CAPOS_FAILED);
    assert_outcome(seal(object), CAPOS_DONE);
    assert_outcome(seal(object), CAPOS_DONE);
    assert_info(constant, 2 * PAGE, false, true);
    assert_outcome(world_map(constant, 0, PAGE, CAPOS_PROTECTION_READ_EXECUTE, &text), CAPOS_DONE);
    ck_assert_int_ne(world_map(object, 0, PAGE, CAPOS_PROTECTION_READ_WRITE, &at), CAPOS_DONE);
    ck_assert_int_ne(protect(text, PAGE, CAPOS_PROTECTION_READ_WRITE), CAPOS_DONE);
}
END_TEST

START_TEST(pages_are_committed_protected_and_given_back) {
    struct ledger *ledger = world.init.process->ledger;
    uint64_t at, before, start = ledger_used(ledger, LEDGER_FRAMES);

    assert_outcome(reserve(100 * PAGE, &at), CAPOS_DONE);
    assert_outcome(commit(at, PAGE, CAPOS_PROTECTION_READ), CAPOS_DONE);
    before = ledger_used(ledger, LEDGER_FRAMES);
    assert_outcome(commit(at + PAGE, 50 * PAGE, CAPOS_PROTECTION_READ_WRITE), CAPOS_DONE);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + 50);
    assert_outcome(protect(at, 51 * PAGE, CAPOS_PROTECTION_NONE), CAPOS_DONE);
    assert_outcome(decommit(at + 10 * PAGE, 20 * PAGE), CAPOS_DONE);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + 30);
    assert_outcome(unmap(at, 100 * PAGE), CAPOS_DONE);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), start);
}
END_TEST

START_TEST(wrong_ranges_are_refused) {
    struct uaddr ring = world.init.thread->ring.address;
    uint64_t at, none;

    assert_outcome(reserve(4 * PAGE, &at), CAPOS_DONE);
    assert_outcome(reserve(0, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(reserve(1, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(reserve(UINT64_C(1) << 47, &none), CAPOS_OVERLOADED);
    assert_outcome(commit(at, 5 * PAGE, CAPOS_PROTECTION_READ), CAPOS_INVALID_ARGUMENT);
    assert_outcome(commit(at, PAGE, CAPOS_PROTECTION_READ_EXECUTE), CAPOS_INVALID_ARGUMENT);
    assert_outcome(commit(at, PAGE, (enum capos_protection)9), CAPOS_INVALID_ARGUMENT);
    assert_outcome(decommit(at, PAGE), CAPOS_INVALID_ARGUMENT);
    assert_outcome(protect(at, PAGE, CAPOS_PROTECTION_READ), CAPOS_INVALID_ARGUMENT);
    assert_outcome(unmap(at, PAGE), CAPOS_INVALID_ARGUMENT);
    assert_outcome(unmap(ring.value, 4 * PAGE), CAPOS_INVALID_ARGUMENT);
    assert_outcome(protect(ring.value, PAGE, CAPOS_PROTECTION_NONE), CAPOS_INVALID_ARGUMENT);
    assert_outcome(commit(UINT64_MAX - PAGE + 1, PAGE, CAPOS_PROTECTION_READ),
                   CAPOS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(only_memory_objects_that_one_holds_are_mapped) {
    struct capos_memory_object object = world_memory(1), timer = {world_grant("timer")};
    struct capos_memory_object forged = {object.id + 1}, nothing = {0};
    uint64_t at;

    assert_outcome(world_map(timer, 0, PAGE, CAPOS_PROTECTION_READ, &at), CAPOS_INVALID_ARGUMENT);
    ck_assert_int_ne(world_map(forged, 0, PAGE, CAPOS_PROTECTION_READ, &at), CAPOS_DONE);
    ck_assert_int_ne(world_map(nothing, 0, PAGE, CAPOS_PROTECTION_READ, &at), CAPOS_DONE);
    assert_outcome(world_map(object, PAGE, PAGE, CAPOS_PROTECTION_READ, &at),
                   CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_map(object, 0, PAGE, CAPOS_PROTECTION_READ, &at), CAPOS_DONE);
}
END_TEST

START_TEST(without_room_nothing_is_made) {
    struct ledger *ledger = world.init.process->ledger;
    struct capos_memory_object object = world_memory(1), none;
    uint64_t before = ledger_used(ledger, LEDGER_KERNEL_MEMORY);

    world.caller.room = 0;
    assert_outcome(world_allocate(PAGE, &none), CAPOS_INVALID_ARGUMENT);
    assert_outcome(world_slice(object, 0, PAGE, &none), CAPOS_INVALID_ARGUMENT);
    host_settle(world.host);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_KERNEL_MEMORY), before);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/memory");
    TCase *tcase = tcase_create("memory");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, allocating_rounds_up_and_is_charged);
    tcase_add_test(tcase, narrower_objects_are_narrower);
    tcase_add_test(tcase, sealing_is_for_good);
    tcase_add_test(tcase, pages_are_committed_protected_and_given_back);
    tcase_add_test(tcase, wrong_ranges_are_refused);
    tcase_add_test(tcase, only_memory_objects_that_one_holds_are_mapped);
    tcase_add_test(tcase, without_room_nothing_is_made);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
