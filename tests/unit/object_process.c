// SPDX-License-Identifier: MIT
//
// ProcessSpawner and ProcessHandle: a child holds exactly what it was granted; each wrong request
// is refused with everything still the spawner's; no failure of the kernel's on the way leaves a
// trace; a process's end is told to all who wait.
#include "core/debug.h"
#include "schemas/boot.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "schemas/time.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"

#include <string.h>

// What a request grants; `kind` of a capability is COPY or MOVE.
struct wish {
    const char *name;
    uint64_t cap; // 0: the child's own VirtualMemory
    uint8_t kind;
};

static struct capos_call call;
static uint64_t handle;

static uint64_t binary_of(const char *name) {
    struct capos_boot_package package = {world_grant("bootPackage")};
    struct capos_boot_package_binary_results results;

    struct capos_boot_package_binary_params_builder params =
        capos_boot_package_binary_begin(&call, world_ring(), package);
    capos_boot_package_binary_params_set_name(params, capos_text_of(name));
    assert_outcome(capos_boot_package_binary_call(&call, &results), CAPOS_DONE);
    uint64_t cap = capos_boot_package_binary_results_object(results).id;
    capos_call_release(&call);
    ck_assert_uint_ne(cap, 0);
    return cap;
}

static void set_grant(struct capos_spawn_grant_builder grant, const struct wish *wish) {
    struct capos_descriptor descriptor = {.cap = wish->cap, .kind = wish->kind};

    capos_spawn_grant_set_name(grant, capos_text_of(wish->name));
    if (wish->cap != 0)
        capos_spawn_grant_give_capability(grant, descriptor);
    else
        capos_spawn_grant_set_own(grant, CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY);
}

static struct capos_process_spawner_spawn_params_builder
begin(uint64_t binary, const char *name, const struct wish *wishes, uint32_t count) {
    struct capos_process_spawner spawner = {world_grant("spawner")};
    struct capos_memory_object object = {binary};
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, world_ring(), spawner);

    if (binary != 0)
        capos_process_spawner_spawn_params_set_binary(params, object);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of(name));
    struct capos_spawn_grant_list_builder grants =
        capos_process_spawner_spawn_params_init_grants(params, count);
    for (uint32_t i = 0; i < count; i++)
        set_grant(capos_spawn_grant_list_builder_at(grants, i), &wishes[i]);
    return params;
}

static int finish(void) {
    struct capos_process_spawner_spawn_results results;
    int outcome = capos_process_spawner_spawn_call(&call, &results);

    handle = outcome == CAPOS_DONE ? capos_process_spawner_spawn_results_process(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static int spawn(uint64_t binary, const struct wish *wishes, uint32_t count) {
    begin(binary, "child", wishes, count);
    return finish();
}

// What a refused spawn must leave as it was. What is retired is freed first.
struct snapshot {
    uint64_t digest, free;
};

static struct snapshot snapshot(void) {
    struct snapshot s;

    host_settle(world.host);
    s.free = 0;
    for (unsigned class = 0; class < LEDGER_CLASSES; class ++)
        s.free = s.free * 31 + ledger_available(world.init.process->ledger, class);
    s.digest = world.init.process->table.used * 1000 + world.host->kernel.process_count;
    return s;
}

static void assert_refused(uint64_t binary, const struct wish *wishes, uint32_t count,
                           const char *words) {
    struct snapshot before = snapshot(), after;

    assert_outcome(spawn(binary, wishes, count), CAPOS_INVALID_ARGUMENT);
    ck_assert_msg(strstr(world.caller.reason, words) != NULL, "\"%s\", not \"%s\"",
                  world.caller.reason, words);
    after = snapshot();
    ck_assert_mem_eq(&before, &after, sizeof before);
}

START_TEST(a_child_holds_exactly_what_it_was_granted) {
    uint64_t timer = world_grant("timer"), console = world_grant("console");
    const struct wish wishes[] = {{"clock", timer, CAPOS_TRANSFER_COPY},
                                  {"memory", 0, 0},
                                  {"out", console, CAPOS_TRANSFER_MOVE}};

    assert_outcome(spawn(binary_of("other"), wishes, 3), CAPOS_DONE);
    struct actor child = world_newest();
    const struct capos_capset *set = world_capset(child.thread);

    ck_assert_uint_eq(set->count, 3);
    ck_assert_uint_eq(child.process->table.used, 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_str_eq(set->grants[i].name, wishes[i].name);
        ck_assert_int_eq(actor_holds(&child, set->grants[i].cap), CAPOS_STATUS_OK);
    }
    ck_assert_uint_eq(set->grants[0].interface, CAPOS_TIMER_INTERFACE_ID);
    ck_assert_uint_eq(set->grants[1].interface, CAPOS_VIRTUAL_MEMORY_INTERFACE_ID);
    ck_assert_int_eq(actor_holds(&world.init, timer), CAPOS_STATUS_OK);
    ck_assert_int_eq(actor_holds(&world.init, console), CAPOS_STATUS_REFUSED);
    ck_assert_uint_eq(child.process->session.id, world.init.process->session.id);
    actor_destroy(&child);
}
END_TEST

START_TEST(limits_are_lent_with_defaults_and_come_back) {
    struct ledger *ledger = world.init.process->ledger;
    uint64_t binary = binary_of("other");
    uint64_t before = ledger_available(ledger, LEDGER_FRAMES);

    capos_resource_limits_set_frames(
        capos_process_spawner_spawn_params_init_limits(begin(binary, "child", NULL, 0)), 100);
    assert_outcome(finish(), CAPOS_DONE);
    struct actor child = world_newest();
    ck_assert_uint_eq(child.process->ledger->limit[LEDGER_FRAMES], 100);
    ck_assert_uint_eq(child.process->ledger->limit[LEDGER_SLOTS], 64);
    ck_assert_uint_eq(child.process->ledger->limit[LEDGER_RESERVED_PAGES], 16384);
    ck_assert_uint_eq(child.process->ledger->limit[LEDGER_THREADS], 4);
    ck_assert_uint_eq(child.process->ledger->limit[LEDGER_ENDPOINTS], 0);
    ck_assert_uint_eq(child.process->ledger->limit[LEDGER_KERNEL_MEMORY], 64 * 4096);
    ck_assert_uint_eq(ledger_available(ledger, LEDGER_FRAMES), before - 100);
    actor_destroy(&child);
    ck_assert_uint_eq(ledger_available(ledger, LEDGER_FRAMES), before);
}
END_TEST

START_TEST(limits_that_are_not_there_are_overloaded) {
    uint64_t binary = binary_of("other");
    struct snapshot before = snapshot(), after;

    capos_resource_limits_set_frames(
        capos_process_spawner_spawn_params_init_limits(begin(binary, "child", NULL, 0)),
        UINT32_MAX);
    assert_outcome(finish(), CAPOS_OVERLOADED);
    capos_resource_limits_set_frames(
        capos_process_spawner_spawn_params_init_limits(begin(binary, "child", NULL, 0)), 10);
    assert_outcome(finish(), CAPOS_OVERLOADED); // too few for the program itself
    after = snapshot();
    ck_assert_mem_eq(&before, &after, sizeof before);
}
END_TEST

START_TEST(wrong_requests_are_refused) {
    uint64_t timer = world_grant("timer"), other = binary_of("other"), text = binary_of("text");
    const struct wish twice[] = {{"clock", timer, CAPOS_TRANSFER_COPY},
                                 {"clock", timer, CAPOS_TRANSFER_COPY}};
    const struct wish moved_twice[] = {{"a", timer, CAPOS_TRANSFER_MOVE},
                                       {"b", timer, CAPOS_TRANSFER_MOVE}};
    const struct wish forged = {"a", timer + 1000, CAPOS_TRANSFER_COPY};
    const struct wish nameless = {"", timer, CAPOS_TRANSFER_COPY};
    const struct wish none = {"a", timer, CAPOS_TRANSFER_NONE};

    assert_refused(0, NULL, 0, "the binary is no MemoryObject");
    assert_refused(timer, NULL, 0, "the binary is no MemoryObject");
    assert_refused(text, NULL, 0, "no ELF file");
    assert_refused(other, twice, 2, "the same name");
    assert_refused(other, moved_twice, 2, "granted twice");
    assert_refused(other, &forged, 1, "no capability of the caller");
    assert_refused(other, &nameless, 1, "name");
    assert_refused(other, &none, 1, "no capability");
}
END_TEST

START_TEST(wrong_names_are_refused) {
    uint64_t binary = binary_of("other");

    begin(binary, "", NULL, 0);
    assert_outcome(finish(), CAPOS_INVALID_ARGUMENT);
    begin(binary, "a name of thirty-two characters.", NULL, 0);
    assert_outcome(finish(), CAPOS_INVALID_ARGUMENT);
    begin(binary, "a name of thirty-one characters", NULL, 0);
    assert_outcome(finish(), CAPOS_DONE);
    struct actor child = world_newest();
    ck_assert_str_eq(child.process->name, "a name of thirty-one characters");
    actor_destroy(&child);
}
END_TEST

START_TEST(a_caller_without_room_starts_nothing) {
    uint64_t binary = binary_of("other");
    struct snapshot before = snapshot(), after;

    world.caller.room = 0;
    assert_outcome(spawn(binary, NULL, 0), CAPOS_INVALID_ARGUMENT);
    world.caller.room = CAPOS_TRANSFER_MAX;
    world.caller.results_capacity = 8;
    struct capos_process_spawner_spawn_results results;
    begin(binary, "child", NULL, 0);
    ck_assert_int_ne(capos_process_spawner_spawn_call(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
    after = snapshot();
    ck_assert_mem_eq(&before, &after, sizeof before);
}
END_TEST

START_TEST(a_failure_anywhere_leaves_no_trace) {
    uint64_t binary = binary_of("other"), timer = world_grant("timer"),
             console = world_grant("console");
    const struct wish wishes[] = {{"clock", timer, CAPOS_TRANSFER_COPY},
                                  {"memory", 0, 0},
                                  {"out", console, CAPOS_TRANSFER_MOVE}};
    int outcome = CAPOS_OVERLOADED;

    world.caller.plain = true; // what the caller looks at is not enough here
    for (uint64_t n = 1; outcome != CAPOS_DONE; n++) {
        struct snapshot before = snapshot(), after;

        ck_assert_uint_lt(n, 300);
        debug_fail_nth(&world.host->kernel, n);
        outcome = spawn(binary, wishes, 3);
        ck_assert_int_eq(outcome != CAPOS_DONE, debug_failed(&world.host->kernel));
        debug_fail_nth(&world.host->kernel, 0);
        if (outcome == CAPOS_DONE)
            break;
        after = snapshot();
        ck_assert_mem_eq(&before, &after, sizeof before);
        ck_assert_int_eq(actor_holds(&world.init, console), CAPOS_STATUS_OK);
        host_audit(world.host);
    }
    struct actor child = world_newest();
    actor_destroy(&child);
}
END_TEST

START_TEST(a_receiver_is_moved_to_its_server) {
    struct capos_endpoint_factory factory = {world_grant("endpoints")};
    struct capos_endpoint_factory_create_results created;
    struct capos_endpoint_receiver_results received;

    assert_outcome(capos_endpoint_factory_create(&call, world_ring(), factory, &created),
                   CAPOS_DONE);
    struct capos_endpoint endpoint = capos_endpoint_factory_create_results_endpoint(created);
    capos_call_release(&call);
    assert_outcome(capos_endpoint_receiver(&call, world_ring(), endpoint, &received), CAPOS_DONE);
    uint64_t receiver = capos_endpoint_receiver_results_receiver(received).id;
    capos_call_release(&call);
    const struct wish copied = {"receiver", receiver, CAPOS_TRANSFER_COPY};
    const struct wish moved = {"receiver", receiver, CAPOS_TRANSFER_MOVE};
    uint64_t binary = binary_of("other");

    assert_outcome(spawn(binary, &copied, 1), CAPOS_INVALID_ARGUMENT);
    host_settle(world.host);
    begin(binary, "child", &moved, 1);
    assert_outcome(finish(), CAPOS_DONE);
    ck_assert_int_eq(actor_holds(&world.init, receiver), CAPOS_STATUS_REFUSED);
    struct actor child = world_newest();
    actor_destroy(&child);
    // The server is gone, so there can be another one.
    assert_outcome(capos_endpoint_receiver(&call, world_ring(), endpoint, &received), CAPOS_DONE);
    capos_call_release(&call);
}
END_TEST

// Ends the child in one of the ways that a process may end.
static void end_child(struct actor *child, const struct process_end *end) {
    kernel_enter(world.cpu);
    process_kill(world.cpu, child->process, end);
    kernel_leave(world.cpu);
    actor_destroy(child);
}

START_TEST(waiting_tells_the_status) {
    struct capos_process_handle_wait_results results;
    const struct process_end end = {.kind = PROCESS_EXITED, .status = -5};

    assert_outcome(spawn(binary_of("other"), NULL, 0), CAPOS_DONE);
    struct capos_process_handle process = {handle};
    struct actor child = world_newest();
    capos_process_handle_wait_begin(&call, world_ring(), process);
    assert_outcome(capos_process_handle_wait_send(&call), CAPOS_DONE);
    ck_assert(!caller_answered(&world.caller, &call));
    end_child(&child, &end);
    assert_outcome(capos_process_handle_wait_wait(&call, &results), CAPOS_DONE);
    struct capos_process_end told = capos_process_handle_wait_results_end(results);
    ck_assert_int_eq(capos_process_end_which(told), CAPOS_PROCESS_END_WHICH_EXITED);
    ck_assert_int_eq(capos_process_end_exited(told), -5);
    capos_call_release(&call);
    // And again, at once.
    assert_outcome(capos_process_handle_wait(&call, world_ring(), process, &results), CAPOS_DONE);
    told = capos_process_handle_wait_results_end(results);
    ck_assert_int_eq(capos_process_end_exited(told), -5);
    capos_call_release(&call);
}
END_TEST

START_TEST(waiting_tells_the_crash) {
    struct capos_process_handle_wait_results results;
    const struct process_end end = {.kind = PROCESS_CRASHED,
                                    .crash = {.cause = CAPOS_CRASH_CAUSE_PAGE_FAULT,
                                              .code = 2,
                                              .address = 0x1234,
                                              .instruction = 0x400010,
                                              .stack = 0x7000,
                                              .flags = 0x202,
                                              .registers = {1, [14] = 15}}};

    assert_outcome(spawn(binary_of("other"), NULL, 0), CAPOS_DONE);
    struct capos_process_handle process = {handle};
    struct actor child = world_newest();
    end_child(&child, &end);
    assert_outcome(capos_process_handle_wait(&call, world_ring(), process, &results), CAPOS_DONE);
    struct capos_process_end told = capos_process_handle_wait_results_end(results);
    ck_assert_int_eq(capos_process_end_which(told), CAPOS_PROCESS_END_WHICH_CRASHED);
    struct capos_crash_record crash = capos_process_end_crashed(told);
    ck_assert_int_eq(capos_crash_record_cause(crash), CAPOS_CRASH_CAUSE_PAGE_FAULT);
    ck_assert_uint_eq(capos_crash_record_code(crash), 2);
    ck_assert_uint_eq(capos_crash_record_address(crash), 0x1234);
    ck_assert_uint_eq(capos_crash_record_instruction(crash), 0x400010);
    ck_assert_uint_eq(capos_crash_record_stack(crash), 0x7000);
    ck_assert_uint_eq(capos_crash_record_flags(crash), 0x202);
    struct capos_u64_list registers = capos_crash_record_registers(crash);
    ck_assert_uint_eq(capos_u64_list_size(registers), 15);
    ck_assert_uint_eq(capos_u64_list_at(registers, 0), 1);
    ck_assert_uint_eq(capos_u64_list_at(registers, 14), 15);
    capos_call_release(&call);
}
END_TEST

START_TEST(killing_answers_when_all_is_given_back) {
    struct capos_process_handle_kill_results killed;
    struct capos_process_handle_info_results info;
    uint64_t binary = binary_of("other");
    uint64_t before = ledger_available(world.init.process->ledger, LEDGER_FRAMES);

    assert_outcome(spawn(binary, NULL, 0), CAPOS_DONE);
    struct capos_process_handle process = {handle};
    assert_outcome(capos_process_handle_info(&call, world_ring(), process, &info), CAPOS_DONE);
    ck_assert_int_eq(capos_process_handle_info_results_state(info), CAPOS_PROCESS_STATE_RUNNING);
    ck_assert_uint_eq(capos_process_handle_info_results_threads(info), 1);
    ck_assert_uint_gt(capos_process_handle_info_results_frames(info), 20);
    capos_call_release(&call);
    struct actor child = world_newest();
    capos_process_handle_kill_begin(&call, world_ring(), process);
    assert_outcome(capos_process_handle_kill_send(&call), CAPOS_DONE);
    actor_destroy(&child);
    assert_outcome(capos_process_handle_kill_wait(&call, &killed), CAPOS_DONE);
    capos_call_release(&call);
    ck_assert_uint_eq(ledger_available(world.init.process->ledger, LEDGER_FRAMES), before);
    assert_outcome(capos_process_handle_info(&call, world_ring(), process, &info), CAPOS_DONE);
    ck_assert_int_eq(capos_process_handle_info_results_state(info), CAPOS_PROCESS_STATE_ENDED);
    ck_assert_uint_eq(capos_process_handle_info_results_threads(info), 0);
    capos_call_release(&call);
    assert_outcome(capos_process_handle_kill(&call, world_ring(), process, &killed), CAPOS_DONE);
    capos_call_release(&call);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/process");
    TCase *tcase = tcase_create("process");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, a_child_holds_exactly_what_it_was_granted);
    tcase_add_test(tcase, limits_are_lent_with_defaults_and_come_back);
    tcase_add_test(tcase, limits_that_are_not_there_are_overloaded);
    tcase_add_test(tcase, wrong_requests_are_refused);
    tcase_add_test(tcase, wrong_names_are_refused);
    tcase_add_test(tcase, a_caller_without_room_starts_nothing);
    tcase_add_test(tcase, a_failure_anywhere_leaves_no_trace);
    tcase_add_test(tcase, a_receiver_is_moved_to_its_server);
    tcase_add_test(tcase, waiting_tells_the_status);
    tcase_add_test(tcase, waiting_tells_the_crash);
    tcase_add_test(tcase, killing_answers_when_all_is_given_back);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
