// SPDX-License-Identifier: MIT
//
// What is told of ledgers and of capability tables, to whom, and that spawners can be narrowed and
// never widened.
#include "core/debug.h"
#include "schemas/boot.capos.h"
#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"

static struct capos_call call;

static struct capos_capability_manager manager(void) {
    return (struct capos_capability_manager){world_grant("capabilityManager")};
}

// A list of init's own table, through the interface that declares it.
static int list_own(uint64_t cursor, uint32_t most,
                    struct capos_capability_view_list_results *results) {
    struct capos_capability_view view = {manager().id};
    struct capos_capability_view_list_params_builder params =
        capos_capability_view_list_begin(&call, world_ring(), view);

    capos_capability_view_list_params_set_cursor(params, cursor);
    capos_capability_view_list_params_set_most(params, most);
    return capos_capability_view_list_call(&call, results);
}

// Does the process hold what the entry says?
static void assert_entry(struct process *process, struct capos_capability_entry entry) {
    struct captable_view view;

    kernel_enter(world.cpu);
    ck_assert_int_eq(captable_lookup(&process->table, capos_capability_entry_cap(entry), &view),
                     CAPOS_STATUS_OK);
    kernel_leave(world.cpu);
    ck_assert_uint_eq(view.interface, capos_capability_entry_interface(entry));
    ck_assert_int_eq(view.scope, capos_capability_entry_scope(entry));
    ck_assert_int_eq(view.kind - 1, capos_capability_entry_kind(entry));
}

START_TEST(one_s_own_table_is_listed_by_pages) {
    struct process *process = world.init.process;
    struct capos_capability_view_list_results results;
    uint32_t told = 0, rounds = 0;
    uint64_t cursor = 0, last = 0;

    do {
        assert_outcome(list_own(cursor, 3, &results), CAPOS_DONE);
        struct capos_capability_entry_list list =
            capos_capability_view_list_results_capabilities(results);
        ck_assert_uint_le(capos_capability_entry_list_size(list), 3);
        for (uint32_t i = 0; i < capos_capability_entry_list_size(list); i++, told++) {
            struct capos_capability_entry entry = capos_capability_entry_list_at(list, i);

            assert_entry(process, entry);
            ck_assert_uint_gt((uint32_t)capos_capability_entry_cap(entry), last);
            last = (uint32_t)capos_capability_entry_cap(entry);
        }
        ck_assert_uint_eq(capos_capability_view_list_results_held(results), process->table.used);
        cursor = capos_capability_view_list_results_cursor(results);
        capos_call_release(&call);
        ck_assert_uint_lt(rounds++, 100);
    } while (cursor != 0);
    ck_assert_uint_eq(told, process->table.used);
    assert_outcome(list_own(0, 1000, &results), CAPOS_DONE); // more than fit are cut
    capos_call_release(&call);
    assert_outcome(list_own(0, 0, &results), CAPOS_INVALID_ARGUMENT);
    capos_call_release(&call);
    assert_outcome(list_own(UINT64_C(1) << 40, 1, &results), CAPOS_INVALID_ARGUMENT);
    capos_call_release(&call);
    assert_outcome(list_own(CAPOS_SLOTS_MAX, 1, &results), CAPOS_DONE);
    ck_assert_uint_eq(capos_capability_view_list_results_cursor(results), 0);
    capos_call_release(&call);
}
END_TEST

static uint64_t binary(void) {
    struct capos_boot_package package = {world_grant("bootPackage")};
    struct capos_boot_package_binary_results results;

    assert_outcome(
        capos_boot_package_binary(&call, world_ring(), package, capos_text_of("other"), &results),
        CAPOS_DONE);
    uint64_t cap = capos_boot_package_binary_results_object(results).id;
    capos_call_release(&call);
    return cap;
}

struct wanted {
    uint64_t spawner;
    uint32_t slots, frames, threads, endpoints;
};

// A child with such limits: the outcome, and its handle.
static int spawn(const struct wanted *wanted, struct capos_process_handle *process) {
    struct capos_process_spawner spawner = {wanted->spawner};
    struct capos_memory_object program = {binary()};
    struct capos_process_spawner_spawn_results results;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, world_ring(), spawner);

    capos_process_spawner_spawn_params_set_binary(params, program);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("child"));
    struct capos_resource_limits_builder limits =
        capos_process_spawner_spawn_params_init_limits(params);
    capos_resource_limits_set_slots(limits, wanted->slots);
    capos_resource_limits_set_frames(limits, wanted->frames);
    capos_resource_limits_set_threads(limits, wanted->threads);
    capos_resource_limits_set_endpoints(limits, wanted->endpoints);
    int outcome = capos_process_spawner_spawn_call(&call, &results);
    process->id =
        outcome == CAPOS_DONE ? capos_process_spawner_spawn_results_process(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static uint64_t narrow(uint64_t from, uint32_t slots, uint32_t frames) {
    struct capos_process_spawner spawner = {from};
    struct capos_process_spawner_narrow_results results;
    struct capos_resource_limits_builder limits = capos_process_spawner_narrow_params_init_limits(
        capos_process_spawner_narrow_begin(&call, world_ring(), spawner));

    capos_resource_limits_set_slots(limits, slots);
    capos_resource_limits_set_frames(limits, frames);
    assert_outcome(capos_process_spawner_narrow_call(&call, &results), CAPOS_DONE);
    uint64_t made = capos_process_spawner_narrow_results_spawner(results).id;
    capos_call_release(&call);
    return made;
}

static void end(struct capos_process_handle process) {
    struct actor child = world_newest();

    actor_destroy(&child);
    ck_assert_uint_ne(process.id, 0);
}

START_TEST(a_narrowed_spawner_lends_no_more) {
    uint64_t spawner = narrow(world_grant("spawner"), 20, 100), less, more;
    struct capos_process_spawner_limits_results limits;
    struct capos_process_handle process;
    struct ledger *ledger;

    assert_outcome(spawn(&(struct wanted){.spawner = spawner}, &process), CAPOS_DONE);
    struct actor child = world_newest();
    ledger = child.process->ledger;
    ck_assert_uint_eq(ledger->limit[LEDGER_SLOTS], 20);
    ck_assert_uint_eq(ledger->limit[LEDGER_FRAMES], 100);
    ck_assert_uint_eq(ledger->limit[LEDGER_RESERVED_PAGES], 16384); // the default
    actor_destroy(&child);
    assert_outcome(spawn(&(struct wanted){spawner, 21, 0, 0, 0}, &process), CAPOS_OVERLOADED);
    assert_outcome(spawn(&(struct wanted){spawner, 0, 101, 0, 0}, &process), CAPOS_OVERLOADED);
    assert_outcome(spawn(&(struct wanted){spawner, 0, 0, 5, 0}, &process), CAPOS_OVERLOADED);
    assert_outcome(spawn(&(struct wanted){spawner, 0, 0, 0, 1}, &process), CAPOS_OVERLOADED);
    assert_outcome(spawn(&(struct wanted){spawner, 20, 100, 4, 0}, &process), CAPOS_DONE);
    end(process);
    less = narrow(spawner, 10, 0);
    more = narrow(less, 1000, 1000);
    assert_outcome(capos_process_spawner_limits(&call, world_ring(),
                                                (struct capos_process_spawner){more}, &limits),
                   CAPOS_DONE);
    struct capos_resource_limits told = capos_process_spawner_limits_results_limits(limits);
    ck_assert(capos_process_spawner_limits_results_narrowed(limits));
    ck_assert_uint_eq(capos_resource_limits_slots(told), 10);
    ck_assert_uint_eq(capos_resource_limits_frames(told), 100);
    ck_assert_uint_eq(capos_resource_limits_kernel_memory(told), 64);
    capos_call_release(&call);
    assert_outcome(spawn(&(struct wanted){more, 11, 0, 0, 0}, &process), CAPOS_OVERLOADED);
}
END_TEST

START_TEST(the_ledger_is_told_by_class) {
    struct capos_process_handle process;
    struct capos_process_handle_info_results info;

    assert_outcome(spawn(&(struct wanted){world_grant("spawner"), 30, 120, 3, 2}, &process),
                   CAPOS_DONE);
    struct actor child = world_newest();
    const struct ledger *ledger = child.process->ledger;
    assert_outcome(capos_process_handle_info(&call, world_ring(), process, &info), CAPOS_DONE);
    struct capos_resource_limits limits = capos_process_handle_info_results_limits(info);
    struct capos_resource_limits used = capos_process_handle_info_results_used(info);
    struct capos_resource_limits lent = capos_process_handle_info_results_lent(info);
    ck_assert_uint_eq(capos_resource_limits_slots(limits), 30);
    ck_assert_uint_eq(capos_resource_limits_frames(limits), 120);
    ck_assert_uint_eq(capos_resource_limits_threads(limits), 3);
    ck_assert_uint_eq(capos_resource_limits_endpoints(limits), 2);
    ck_assert_uint_eq(capos_resource_limits_kernel_memory(limits), 64);
    ck_assert_uint_eq(capos_resource_limits_threads(used), 1);
    ck_assert_uint_eq(capos_resource_limits_frames(used), ledger->used[LEDGER_FRAMES]);
    ck_assert_uint_eq(capos_resource_limits_reserved_pages(used),
                      ledger->used[LEDGER_RESERVED_PAGES]);
    ck_assert_uint_eq(capos_resource_limits_kernel_memory(used),
                      (ledger->used[LEDGER_KERNEL_MEMORY] + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE);
    ck_assert_uint_eq(capos_resource_limits_slots(lent), 0);
    capos_call_release(&call);
    actor_destroy(&child);
    assert_outcome(capos_process_handle_info(&call, world_ring(), process, &info), CAPOS_DONE);
    ck_assert_uint_eq(capos_resource_limits_slots(capos_process_handle_info_results_limits(info)),
                      0);
    capos_call_release(&call);
}
END_TEST

// A process that was started with defaults only can itself start one, and that one none.
START_TEST(defaults_leave_room_for_children) {
    struct capos_process_handle process;
    struct ledger *ledger;

    assert_outcome(spawn(&(struct wanted){.spawner = world_grant("spawner")}, &process),
                   CAPOS_DONE);
    struct actor child = world_newest(), parent = world.init;
    ledger = child.process->ledger;
    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        uint64_t left = ledger_available(ledger, (enum ledger_class)i);

        ck_assert_uint_le(left - left / 2, left);
        if (ledger->limit[i] != 0 && i != LEDGER_CALLS_HELD)
            ck_assert_uint_gt(left / 2, 0);
    }
    ck_assert_ptr_ne(parent.process, child.process);
    actor_destroy(&child);
}
END_TEST

static int inspect(uint64_t cap, struct capos_capability_view *view) {
    struct capos_process_inspector inspector = {world_grant("inspector")};
    struct capos_process_inspector_inspect_results results;
    struct capos_process_handle process = {cap};

    capos_process_inspector_inspect_params_set_process(
        capos_process_inspector_inspect_begin(&call, world_ring(), inspector), process);
    int outcome = capos_process_inspector_inspect_call(&call, &results);
    view->id = outcome == CAPOS_DONE ? capos_process_inspector_inspect_results_view(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static int list_view(struct capos_capability_view view,
                     struct capos_capability_view_list_results *results) {
    struct capos_capability_view_list_params_builder params =
        capos_capability_view_list_begin(&call, world_ring(), view);

    capos_capability_view_list_params_set_most(params, 64);
    return capos_capability_view_list_call(&call, results);
}

START_TEST(another_s_table_is_seen_through_its_handle) {
    struct capos_capability_view_list_results results;
    struct capos_process_handle process;
    struct capos_capability_view view;

    assert_outcome(inspect(world_grant("timer"), &view), CAPOS_INVALID_ARGUMENT);
    assert_outcome(inspect(12345, &view), CAPOS_INVALID_ARGUMENT);
    assert_outcome(spawn(&(struct wanted){.spawner = world_grant("spawner")}, &process),
                   CAPOS_DONE);
    struct actor child = world_newest();
    assert_outcome(inspect(process.id, &view), CAPOS_DONE);
    assert_outcome(list_view(view, &results), CAPOS_DONE);
    ck_assert_uint_eq(
        capos_capability_entry_list_size(capos_capability_view_list_results_capabilities(results)),
        0);
    capos_call_release(&call);
    object_get(&child.process->object);
    uint64_t cap =
        actor_grant(&child, &child.process->object, UINT64_C(0x1234), CAPOS_SCOPE_SESSION);
    assert_outcome(list_view(view, &results), CAPOS_DONE);
    struct capos_capability_entry_list list =
        capos_capability_view_list_results_capabilities(results);
    ck_assert_uint_eq(capos_capability_entry_list_size(list), 1);
    struct capos_capability_entry entry = capos_capability_entry_list_at(list, 0);
    ck_assert_uint_eq(capos_capability_entry_cap(entry), cap);
    ck_assert_uint_eq(capos_capability_entry_interface(entry), 0x1234);
    ck_assert_int_eq(capos_capability_entry_scope(entry), CAPOS_FACET_SCOPE_SESSION);
    capos_call_release(&call);
    actor_destroy(&child);
    assert_outcome(list_view(view, &results), CAPOS_DISCONNECTED);
    capos_call_release(&call);
}
END_TEST

START_TEST(a_failure_gives_nothing) {
    struct ledger *ledger = world.init.process->ledger;
    struct capos_process_handle process;
    struct capos_capability_view view = {0};

    assert_outcome(spawn(&(struct wanted){.spawner = world_grant("spawner")}, &process),
                   CAPOS_DONE);
    struct actor child = world_newest();
    for (uint64_t n = 1; view.id == 0; n++) {
        uint64_t before = ledger_used(ledger, LEDGER_KERNEL_MEMORY);

        debug_fail_nth(&world.host->kernel, n);
        int outcome = inspect(process.id, &view);
        ck_assert_int_eq(outcome != CAPOS_DONE, debug_failed(&world.host->kernel));
        debug_fail_nth(&world.host->kernel, 0);
        if (outcome != CAPOS_DONE)
            ck_assert_uint_eq(ledger_used(ledger, LEDGER_KERNEL_MEMORY), before);
        ck_assert_uint_lt(n, 10);
    }
    actor_destroy(&child);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/inspection");
    TCase *tcase = tcase_create("inspection");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, one_s_own_table_is_listed_by_pages);
    tcase_add_test(tcase, a_narrowed_spawner_lends_no_more);
    tcase_add_test(tcase, the_ledger_is_told_by_class);
    tcase_add_test(tcase, defaults_leave_room_for_children);
    tcase_add_test(tcase, another_s_table_is_seen_through_its_handle);
    tcase_add_test(tcase, a_failure_gives_nothing);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
