// SPDX-License-Identifier: MIT
//
// Console, Timer, WallClock, Entropy, BootPackage, SystemInfo, Power, SerialPort, Endpoint and its
// factory as a process calls them.
#include "core/endpoint.h"
#include "core/frame.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/entropy.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"
#include "tests/harness.h"
#include "tests/unit/object_world.h"

#include <string.h>

static struct capos_call call, other;

static void assert_text(struct capos_text text, const char *expected) {
    ck_assert_uint_eq(text.size, strlen(expected));
    ck_assert_mem_eq(text.data, expected, text.size);
}

static int console_write(const char *data, uint32_t size) {
    struct capos_console console = {world_grant("console")};
    struct capos_console_write_results results;
    struct capos_console_write_params_builder params =
        capos_console_write_begin(&call, world_ring(), console);

    memcpy(capos_console_write_params_init_data(params, size), data, size);
    int outcome = capos_console_write_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

START_TEST(the_console_writes_bytes_as_they_are) {
    static char large[2000];
    const char *logged;

    assert_outcome(console_write("one\0two", 7), CAPOS_DONE);
    assert_outcome(console_write("", 0), CAPOS_DONE);
    assert_outcome(console_write("3", 1), CAPOS_DONE);
    ck_assert_uint_eq(devices_logged(&logged), 8);
    ck_assert_mem_eq(logged, "one\0two3", 8);
    assert_outcome(console_write(large, sizeof large), CAPOS_DONE);
    ck_assert_uint_eq(devices_logged(&logged), 8 + sizeof large);
}
END_TEST

static struct capos_timer timer(void) {
    return (struct capos_timer){world_grant("timer")};
}

static void sleep_until(struct capos_call *sleep, uint64_t deadline) {
    capos_timer_sleep_until_params_set_deadline(
        capos_timer_sleep_until_begin(sleep, world_ring(), timer()), deadline);
    assert_outcome(capos_timer_sleep_until_send(sleep), CAPOS_DONE);
}

START_TEST(the_timer_tells_and_waits) {
    struct capos_timer_now_results now;
    struct capos_timer_sleep_until_results results;

    world.host->now = 5000;
    assert_outcome(capos_timer_now(&call, world_ring(), timer(), &now), CAPOS_DONE);
    ck_assert_uint_eq(capos_timer_now_results_nanoseconds(now), 5000);
    capos_call_release(&call);
    sleep_until(&call, 5000);
    assert_outcome(capos_timer_sleep_until_wait(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
    sleep_until(&call, 9000);
    sleep_until(&other, 7000);
    ck_assert(!caller_answered(&world.caller, &call));
    world.host->now = 7500;
    host_settle(world.host);
    ck_assert(!caller_answered(&world.caller, &call));
    assert_outcome(capos_timer_sleep_until_wait(&other, &results), CAPOS_DONE);
    world.host->now = 9000;
    host_settle(world.host);
    assert_outcome(capos_timer_sleep_until_wait(&call, &results), CAPOS_DONE);
}
END_TEST

START_TEST(a_sleeper_that_is_killed_leaves_nothing) {
    sleep_until(&call, UINT64_MAX - 1);
    ck_assert(!caller_answered(&world.caller, &call)); // the fixture's end looks for what is left
}
END_TEST

START_TEST(the_wall_clock_counts_on) {
    struct capos_wall_clock clock = {world_grant("wallClock")};
    struct capos_wall_clock_now_results results;

    world.host->now = UINT64_C(3000000007);
    assert_outcome(capos_wall_clock_now(&call, world_ring(), clock, &results), CAPOS_DONE);
    ck_assert_int_eq(capos_wall_clock_now_results_seconds(results), DEVICES_EPOCH + 3);
    ck_assert_uint_eq(capos_wall_clock_now_results_nanoseconds(results), 7);
}
END_TEST

static int entropy_read(uint32_t bytes, uint8_t *data) {
    struct capos_entropy entropy = {world_grant("entropy")};
    struct capos_entropy_read_results results;

    capos_entropy_read_params_set_bytes(capos_entropy_read_begin(&call, world_ring(), entropy),
                                        bytes);
    int outcome = capos_entropy_read_call(&call, &results);
    if (outcome == CAPOS_DONE) {
        struct capos_data read = capos_entropy_read_results_data(results);

        ck_assert_uint_eq(read.size, bytes);
        memcpy(data, read.data, read.size);
        ck_assert_int_eq(capos_entropy_read_results_source(results),
                         CAPOS_ENTROPY_SOURCE_TIMING); // what the test's machine says of itself
    }
    capos_call_release(&call);
    return outcome;
}

START_TEST(entropy_never_repeats_itself) {
    uint8_t first[1024], second[1024];
    unsigned ones = 0;

    assert_outcome(entropy_read(1024, first), CAPOS_DONE);
    assert_outcome(entropy_read(1024, second), CAPOS_DONE);
    for (unsigned i = 0; i + 16 <= 1024; i += 16)
        for (unsigned j = 0; j + 16 <= 1024; j += 16)
            ck_assert(memcmp(first + i, second + j, 16) != 0 &&
                      (i == j || memcmp(first + i, first + j, 16) != 0));
    for (unsigned i = 0; i < 1024; i++)
        ones += (unsigned)__builtin_popcount(first[i]);
    ck_assert(ones > 3800 && ones < 4400);
    assert_outcome(entropy_read(0, first), CAPOS_INVALID_ARGUMENT);
    assert_outcome(entropy_read(1025, first), CAPOS_INVALID_ARGUMENT);
    assert_outcome(entropy_read(1, first), CAPOS_DONE);
}
END_TEST

START_TEST(the_boot_package_hands_out_its_files) {
    struct capos_boot_package package = {world_grant("bootPackage")};
    struct capos_boot_package_manifest_results manifest;
    struct capos_boot_package_list_results list;
    struct capos_memory_object_info_results info;

    assert_outcome(capos_boot_package_manifest(&call, world_ring(), package, &manifest),
                   CAPOS_DONE);
    struct capos_memory_object object = capos_boot_package_manifest_results_object(manifest);
    ck_assert_uint_gt(capos_boot_package_manifest_results_bytes(manifest), 0);
    capos_call_release(&call);
    assert_outcome(capos_memory_object_info(&call, world_ring(), object, &info), CAPOS_DONE);
    ck_assert(!capos_memory_object_info_results_writable(info));
    ck_assert(!capos_memory_object_info_results_executable(info));
    capos_call_release(&call);
    capos_boot_package_list_params_set_first(
        capos_boot_package_list_begin(&call, world_ring(), package), 1);
    assert_outcome(capos_boot_package_list_call(&call, &list), CAPOS_DONE);
    struct capos_text_list names = capos_boot_package_list_results_names(list);
    ck_assert_uint_eq(capos_text_list_size(names), 2);
    assert_text(capos_text_list_at(names, 0), "other");
    assert_text(capos_text_list_at(names, 1), "text");
    ck_assert(!capos_boot_package_list_results_more(list));
    capos_call_release(&call);
    capos_boot_package_list_params_set_first(
        capos_boot_package_list_begin(&call, world_ring(), package), UINT32_MAX);
    assert_outcome(capos_boot_package_list_call(&call, &list), CAPOS_DONE);
    ck_assert_uint_eq(capos_text_list_size(capos_boot_package_list_results_names(list)), 0);
    capos_call_release(&call);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_said) {
    struct capos_boot_package package = {world_grant("bootPackage")};
    struct capos_boot_package_binary_results results;

    capos_boot_package_binary_params_set_name(
        capos_boot_package_binary_begin(&call, world_ring(), package), capos_text_of("othe"));
    assert_outcome(capos_boot_package_binary_call(&call, &results), CAPOS_FAILED);
}
END_TEST

START_TEST(system_info_says_what_is) {
    struct capos_system_info system = {world_grant("systemInfo")};
    struct capos_system_info_info_results info;

    assert_outcome(capos_system_info_info(&call, world_ring(), system, &info), CAPOS_DONE);
    assert_text(capos_system_info_info_results_version(info), "1.2");
    assert_text(capos_system_info_info_results_build(info), "0123abcd");
    assert_text(capos_system_info_info_results_message_of_the_day(info), "good morning");
    ck_assert_uint_eq(capos_system_info_info_results_cpus(info), 1);
    ck_assert_uint_eq(capos_system_info_info_results_memory_bytes(info), 64 << 20);
    ck_assert_uint_eq(capos_system_info_info_results_free_bytes(info),
                      frame_count(world.cpu).free * FRAME_SIZE);
    struct capos_protections on = capos_system_info_info_results_protections(info);
    ck_assert(capos_protections_no_execute(on) && capos_protections_smap(on));
    ck_assert(!capos_protections_smep(on) && !capos_protections_randomised(on));
    ck_assert(capos_system_info_info_results_debug(info));
}
END_TEST

static int power_off(uint8_t status) {
    struct capos_power power = {world_grant("power")};
    struct capos_power_off_results results;

    capos_power_off_params_set_status(capos_power_off_begin(&call, world_ring(), power), status);
    return capos_power_off_call(&call, &results);
}

START_TEST(the_machine_is_switched_off) {
    power_off(7);
}
END_TEST

START_TEST(the_machine_is_restarted) {
    struct capos_power power = {world_grant("power")};
    struct capos_power_reboot_results results;

    assert_outcome(capos_power_reboot(&call, world_ring(), power, &results), CAPOS_DONE);
}
END_TEST

START_TEST(a_status_above_100_is_refused) {
    assert_outcome(power_off(101), CAPOS_INVALID_ARGUMENT);
}
END_TEST

static void type(uint32_t port, const char *text) {
    devices_type(port, text);
    cpu_interrupt_pending(world.cpu, PENDING_SERIAL);
    sched_interrupt(world.cpu);
}

static void begin_read(struct capos_call *read, uint32_t bytes) {
    struct capos_serial_port port = {world_grant("serial2")};

    capos_serial_port_read_params_set_max_bytes(
        capos_serial_port_read_begin(read, world_ring(), port), bytes);
    assert_outcome(capos_serial_port_read_send(read), CAPOS_DONE);
}

static void assert_read(struct capos_call *read, const char *expected) {
    struct capos_serial_port_read_results results;

    assert_outcome(capos_serial_port_read_wait(read, &results), CAPOS_DONE);
    struct capos_data data = capos_serial_port_read_results_data(results);
    ck_assert_uint_eq(data.size, strlen(expected));
    ck_assert_mem_eq(data.data, expected, data.size);
    capos_call_release(read);
}

START_TEST(a_read_waits_for_input_and_only_one_does) {
    struct capos_serial_port_read_results results;

    begin_read(&call, 100);
    ck_assert(!caller_answered(&world.caller, &call));
    begin_read(&other, 100);
    assert_outcome(capos_serial_port_read_wait(&other, &results), CAPOS_FAILED);
    capos_call_release(&other);
    type(0, "not this one");
    ck_assert(!caller_answered(&world.caller, &call));
    type(1, "hello");
    assert_read(&call, "hello");
    type(1, "kept till somebody reads");
    begin_read(&call, 4);
    assert_read(&call, "kept");
    begin_read(&call, 2048);
    assert_read(&call, " till somebody reads");
    begin_read(&call, 0);
    assert_outcome(capos_serial_port_read_wait(&call, &results), CAPOS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(writes_go_out_in_order) {
    struct capos_serial_port port = {world_grant("serial1")};
    struct capos_serial_port_write_results results;
    const char *sent;

    for (int i = 0; i < 2; i++) {
        capos_serial_port_write_params_set_data(
            capos_serial_port_write_begin(&call, world_ring(), port),
            capos_data_of(i == 0 ? "ab" : "c\n", 2));
        assert_outcome(capos_serial_port_write_call(&call, &results), CAPOS_DONE);
        capos_call_release(&call);
    }
    ck_assert_uint_eq(devices_sent(0, &sent), 4);
    ck_assert_mem_eq(sent, "abc\n", 4);
}
END_TEST

static struct capos_endpoint endpoint_of(struct capos_endpoint_factory factory) {
    struct capos_endpoint_factory_create_results results;

    assert_outcome(capos_endpoint_factory_create(&call, world_ring(), factory, &results),
                   CAPOS_DONE);
    struct capos_endpoint endpoint = capos_endpoint_factory_create_results_endpoint(results);
    capos_call_release(&call);
    return endpoint;
}

static int facet_of_endpoint(struct capos_endpoint endpoint, uint64_t interface,
                             enum capos_transfer_scope scope, uint64_t *facet) {
    struct capos_endpoint_facet_results results;
    struct capos_endpoint_facet_params_builder params =
        capos_endpoint_facet_begin(&call, world_ring(), endpoint);

    capos_endpoint_facet_params_set_interface(params, interface);
    capos_endpoint_facet_params_set_object_id(params, 42);
    capos_endpoint_facet_params_set_scope(params, (enum capos_facet_scope)scope);
    int outcome = capos_endpoint_facet_call(&call, &results);
    *facet = outcome == CAPOS_DONE ? capos_endpoint_facet_results_facet(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

START_TEST(an_endpoint_has_one_receiver_and_many_facets) {
    struct capos_endpoint endpoint =
        endpoint_of((struct capos_endpoint_factory){world_grant("endpoints")});
    struct capos_endpoint_receiver_results received;
    struct captable_view view;
    uint64_t facet;

    assert_outcome(capos_endpoint_receiver(&call, world_ring(), endpoint, &received), CAPOS_DONE);
    capos_call_release(&call);
    assert_outcome(capos_endpoint_receiver(&call, world_ring(), endpoint, &received), CAPOS_FAILED);
    capos_call_release(&call);
    assert_outcome(facet_of_endpoint(endpoint, 99, CAPOS_SCOPE_SESSION, &facet), CAPOS_DONE);
    ck_assert_int_eq(captable_lookup(&world.init.process->table, facet, &view), CAPOS_STATUS_OK);
    ck_assert_uint_eq(view.interface, 99);
    ck_assert_uint_eq(view.scope, CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(((struct facet *)view.object)->object_id, 42);
    assert_outcome(facet_of_endpoint(endpoint, 99, CAPOS_SCOPE_ANY, &facet), CAPOS_DONE);
    assert_outcome(facet_of_endpoint(endpoint, 0, CAPOS_SCOPE_ANY, &facet), CAPOS_INVALID_ARGUMENT);
    assert_outcome(facet_of_endpoint(endpoint, 99, (enum capos_transfer_scope)3, &facet),
                   CAPOS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_factory_is_narrowed_once) {
    struct capos_endpoint_factory factory = {world_grant("endpoints")}, narrow;
    struct capos_endpoint_factory_for_service_results results;
    struct captable_view view;

    capos_endpoint_factory_for_service_params_set_service(
        capos_endpoint_factory_for_service_begin(&call, world_ring(), factory), 0);
    assert_outcome(capos_endpoint_factory_for_service_call(&call, &results),
                   CAPOS_INVALID_ARGUMENT);
    capos_call_release(&call);
    capos_endpoint_factory_for_service_params_set_service(
        capos_endpoint_factory_for_service_begin(&call, world_ring(), factory), 5);
    assert_outcome(capos_endpoint_factory_for_service_call(&call, &results), CAPOS_DONE);
    narrow = capos_endpoint_factory_for_service_results_factory(results);
    capos_call_release(&call);
    capos_endpoint_factory_for_service_params_set_service(
        capos_endpoint_factory_for_service_begin(&call, world_ring(), narrow), 6);
    assert_outcome(capos_endpoint_factory_for_service_call(&call, &results), CAPOS_FAILED);
    capos_call_release(&call);
    struct capos_endpoint endpoint = endpoint_of(narrow);
    ck_assert_int_eq(captable_lookup(&world.init.process->table, endpoint.id, &view),
                     CAPOS_STATUS_OK);
    ck_assert_uint_eq(((struct endpoint *)view.object)->service, 5);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/services");
    TCase *tcase = tcase_create("services");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_setup, world_teardown);
    tcase_add_test(tcase, the_console_writes_bytes_as_they_are);
    tcase_add_test(tcase, the_timer_tells_and_waits);
    tcase_add_test(tcase, a_sleeper_that_is_killed_leaves_nothing);
    tcase_add_test(tcase, the_wall_clock_counts_on);
    tcase_add_test(tcase, entropy_never_repeats_itself);
    tcase_add_test(tcase, the_boot_package_hands_out_its_files);
    tcase_add_test(tcase, a_program_that_is_not_there_is_said);
    tcase_add_test(tcase, system_info_says_what_is);
    tcase_add_exit_test(tcase, the_machine_is_switched_off, DEVICES_OFF + 7);
    tcase_add_exit_test(tcase, the_machine_is_restarted, DEVICES_REBOOT);
    tcase_add_test(tcase, a_status_above_100_is_refused);
    tcase_add_test(tcase, a_read_waits_for_input_and_only_one_does);
    tcase_add_test(tcase, writes_go_out_in_order);
    tcase_add_test(tcase, an_endpoint_has_one_receiver_and_many_facets);
    tcase_add_test(tcase, a_factory_is_narrowed_once);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
