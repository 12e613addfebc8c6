// SPDX-License-Identifier: MIT
//
// Deeds with what the machine as a whole offers: clocks, random numbers, the boot archive, the
// console, a serial port to which nobody is connected, facts about the system, and the power
// switch, which is only touched where it refuses.
#include "base/text.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/entropy.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/puppet_ring.h"

enum { SLEEP_US = 50, ENTROPY_MOST = 1024, STATUS_MOST = 100 };

static uint64_t latest; // that any puppet of this judge has been told

static int find(int p, uint64_t interface, uint64_t *cap) {
    int hold = court_find(p, interface);

    if (hold >= 0)
        *cap = court_hold(p, hold)->cap;
    return hold;
}

// A method that always answers; of what it answers nothing is known.
static bool simple(int p, uint64_t interface,
                   int (*method)(struct capos_call *call, struct capos_transport *ring,
                                 uint64_t cap)) {
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, interface, &cap);

    if (hold >= 0)
        (void)court_ended(p, method(&call, puppet_ring(p), cap), court_outcome(p, hold, 0));
    return hold >= 0;
}

static bool timer_now(int p) {
    struct capos_timer_now_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_TIMER_INTERFACE_ID, &cap), got;

    if (hold < 0)
        return false;
    got = capos_timer_now(&call, puppet_ring(p), (struct capos_timer){cap}, &results);
    if (!court_ended(p, got, court_outcome(p, hold, 0)))
        return true;
    court_expect(capos_timer_now_results_nanoseconds(results) >= latest, p, "the clock goes back");
    latest = capos_timer_now_results_nanoseconds(results);
    return true;
}

// Not before the deadline; or cancelled.
static bool sleep_until(int p) {
    struct capos_timer_sleep_until_params_builder params;
    struct capos_timer_sleep_until_results results;
    bool cancelled = court_chance(30);
    uint64_t cap, deadline;
    struct capos_call call;
    int hold = find(p, CAPOS_TIMER_INTERFACE_ID, &cap), want, got;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    deadline = guest_now() + court_below(SLEEP_US) * 1000;
    if (cancelled)
        deadline = UINT64_MAX - 1;
    params = capos_timer_sleep_until_begin(&call, puppet_ring(p), (struct capos_timer){cap});
    capos_timer_sleep_until_params_set_deadline(params, deadline);
    (void)capos_timer_sleep_until_send(&call);
    if (want == CAPOS_DONE && cancelled) {
        puppet_ring_submit(&call);
        puppet_ring_cancel(&call);
        want = -CAPOS_STATUS_CANCELLED;
    }
    got = capos_timer_sleep_until_wait(&call, &results);
    (void)court_ended(p, got, want);
    court_expect(got != CAPOS_DONE || guest_now() >= deadline, p, "a sleep was too short");
    return true;
}

static bool wall_clock_now(int p) {
    struct capos_wall_clock_now_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_WALL_CLOCK_INTERFACE_ID, &cap), got;

    if (hold < 0)
        return false;
    got = capos_wall_clock_now(&call, puppet_ring(p), (struct capos_wall_clock){cap}, &results);
    if (court_ended(p, got, court_outcome(p, hold, 0)))
        court_expect(capos_wall_clock_now_results_nanoseconds(results) < 1000000000, p,
                     "a second has too many nanoseconds");
    return true;
}

static bool entropy(int p) {
    uint32_t bytes = (uint32_t)court_below(ENTROPY_MOST + 50);
    struct capos_entropy_read_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_ENTROPY_INTERFACE_ID, &cap), want, got;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    if (want == CAPOS_DONE && (bytes == 0 || bytes > ENTROPY_MOST))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_entropy_read(&call, puppet_ring(p), (struct capos_entropy){cap}, bytes, &results);
    if (court_ended(p, got, want))
        court_expect_equal(capos_entropy_read_results_data(results).size, bytes, p, "random bytes");
    return true;
}

static bool system_info(int p) {
    struct capos_system_info_info_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_SYSTEM_INFO_INTERFACE_ID, &cap), got;

    if (hold < 0)
        return false;
    got = capos_system_info_info(&call, puppet_ring(p), (struct capos_system_info){cap}, &results);
    if (court_ended(p, got, court_outcome(p, hold, 0)))
        court_expect_equal(capos_system_info_info_results_cpus(results), guest_cpus(), p,
                           "processors");
    return true;
}

static int call_ping(struct capos_call *call, struct capos_transport *ring, uint64_t cap) {
    struct capos_system_info_ping_results results;

    return capos_system_info_ping(call, ring, (struct capos_system_info){cap}, &results);
}

static bool ping(int p) {
    return simple(p, CAPOS_SYSTEM_INFO_INTERFACE_ID, call_ping);
}

static bool power_off(int p) {
    uint8_t status = (uint8_t)(STATUS_MOST + 1 + court_below(UINT8_MAX - STATUS_MOST));
    struct capos_power_off_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_POWER_INTERFACE_ID, &cap), want, got;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    if (want == CAPOS_DONE)
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_power_off(&call, puppet_ring(p), (struct capos_power){cap}, status, &results);
    (void)court_ended(p, got, want);
    return true;
}

// An object over a file of the archive: always a new one.
static void got_file(int p, uint64_t cap, uint64_t bytes, bool program) {
    uint32_t pages = (uint32_t)((bytes + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE);
    int root = memory_root_new(pages, 0), view = -1;

    if (root >= 0) {
        memory.root[root].fixed = true;
        memory.root[root].sealed = memory.root[root].program = program;
        view = memory_view_new(root, 0, pages, false, true);
    }
    court_expect(view >= 0, p, "the model has no room for a file");
    (void)court_got(p, cap, CAPOS_MEMORY_OBJECT_INTERFACE_ID, view);
}

static bool manifest(int p) {
    struct capos_boot_package_manifest_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_BOOT_PACKAGE_INTERFACE_ID, &cap), got;

    if (hold < 0)
        return false;
    int want = court_outcome(p, hold, 1);
    got = capos_boot_package_manifest(&call, puppet_ring(p), (struct capos_boot_package){cap},
                                      &results);
    if (court_ended(p, got, want))
        got_file(p, capos_boot_package_manifest_results_object(results).id,
                 capos_boot_package_manifest_results_bytes(results), false);
    return true;
}

static bool binary(int p) {
    struct capos_boot_package_binary_results results;
    bool known = court_chance(90);
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_BOOT_PACKAGE_INTERFACE_ID, &cap), want, got;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 1);
    if (want == CAPOS_DONE && !known)
        want = CAPOS_FAILED;
    got = capos_boot_package_binary(&call, puppet_ring(p), (struct capos_boot_package){cap},
                                    capos_text_of(known ? "idler" : "nobody"), &results);
    if (court_ended(p, got, want))
        got_file(p, capos_boot_package_binary_results_object(results).id,
                 capos_boot_package_binary_results_bytes(results), true);
    return true;
}

static bool list(int p) {
    struct capos_boot_package_list_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_BOOT_PACKAGE_INTERFACE_ID, &cap), got;

    if (hold < 0)
        return false;
    got = capos_boot_package_list(&call, puppet_ring(p), (struct capos_boot_package){cap}, 0,
                                  &results);
    if (court_ended(p, got, court_outcome(p, hold, 0))) {
        struct capos_text first =
            capos_text_list_at(capos_boot_package_list_results_names(results), 0);

        court_expect(text_is(first.data, first.size, "init"), p, "the first of the programs");
    }
    return true;
}

// Nothing: what would be written, the host would read.
static int call_write_console(struct capos_call *call, struct capos_transport *ring, uint64_t cap) {
    struct capos_console_write_results results;

    return capos_console_write(call, ring, (struct capos_console){cap},
                               (struct capos_data){NULL, 0}, &results);
}

static bool write_console(int p) {
    return simple(p, CAPOS_CONSOLE_INTERFACE_ID, call_write_console);
}

static int call_write_serial(struct capos_call *call, struct capos_transport *ring, uint64_t cap) {
    static const uint8_t text[] = "nobody reads this";
    struct capos_serial_port_write_results results;

    return capos_serial_port_write(call, ring, (struct capos_serial_port){cap},
                                   (struct capos_data){text, (uint32_t)court_below(sizeof text)},
                                   &results);
}

static bool write_serial(int p) {
    return simple(p, CAPOS_SERIAL_PORT_INTERFACE_ID, call_write_serial);
}

// Nobody types, so a read is cancelled; another judge's puppet may be reading.
static bool read_serial(int p) {
    struct capos_serial_port_read_params_builder params;
    struct capos_serial_port_read_results results;
    struct capos_call call;
    uint64_t cap;
    int hold = find(p, CAPOS_SERIAL_PORT_INTERFACE_ID, &cap), want, got;
    uint32_t bytes = (uint32_t)court_below(10);

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    if (want == CAPOS_DONE && bytes == 0)
        want = CAPOS_INVALID_ARGUMENT;
    params = capos_serial_port_read_begin(&call, puppet_ring(p), (struct capos_serial_port){cap});
    capos_serial_port_read_params_set_max_bytes(params, bytes);
    (void)capos_serial_port_read_send(&call);
    if (want == CAPOS_DONE) {
        puppet_ring_submit(&call);
        puppet_ring_cancel(&call);
        want = -CAPOS_STATUS_CANCELLED;
    }
    got = capos_serial_port_read_wait(&call, &results);
    if (got != CAPOS_FAILED || want != -CAPOS_STATUS_CANCELLED)
        (void)court_ended(p, got, want);
    return true;
}

const struct deed deeds_system[] = {
    {"Timer.now", timer_now},          {"Timer.sleepUntil", sleep_until},
    {"WallClock.now", wall_clock_now}, {"Entropy.read", entropy},
    {"SystemInfo.info", system_info},  {"SystemInfo.ping", ping},
    {"Power.off", power_off},          {"BootPackage.manifest", manifest},
    {"BootPackage.binary", binary},    {"BootPackage.list", list},
    {"Console.write", write_console},  {"SerialPort.write", write_serial},
    {"SerialPort.read", read_serial},  {NULL, NULL},
};
