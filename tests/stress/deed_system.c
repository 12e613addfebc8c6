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

enum { SLEEP_US = 50, ENTROPY_MOST = 1024, STATUS_MOST = 100 };

static uint64_t latest; // that any puppet of this judge has been told

static bool timer_now(int p) {
    struct capos_timer_now_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_TIMER_INTERFACE_ID, 0))
        return false;
    if (!deed_ended(&deed, capos_timer_now(&deed.call, deed.ring, (struct capos_timer){deed.cap},
                                           &results)))
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
    struct deed_call deed;
    uint64_t deadline;
    int got;

    if (!deed_begin(&deed, p, CAPOS_TIMER_INTERFACE_ID, 0))
        return false;
    deadline = cancelled ? UINT64_MAX - 1 : guest_now() + court_below(SLEEP_US) * 1000;
    params = capos_timer_sleep_until_begin(&deed.call, deed.ring, (struct capos_timer){deed.cap});
    capos_timer_sleep_until_params_set_deadline(params, deadline);
    (void)capos_timer_sleep_until_send(&deed.call);
    if (cancelled)
        deed_cancel(&deed);
    got = capos_timer_sleep_until_wait(&deed.call, &results);
    (void)deed_ended(&deed, got);
    court_expect(got != CAPOS_DONE || guest_now() >= deadline, p, "a sleep was too short");
    return true;
}

static bool wall_clock_now(int p) {
    struct capos_wall_clock_now_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_WALL_CLOCK_INTERFACE_ID, 0))
        return false;
    if (deed_ended(&deed, capos_wall_clock_now(&deed.call, deed.ring,
                                               (struct capos_wall_clock){deed.cap}, &results)))
        court_expect(capos_wall_clock_now_results_nanoseconds(results) < 1000000000, p,
                     "a second has too many nanoseconds");
    return true;
}

static bool entropy(int p) {
    uint32_t bytes = (uint32_t)court_below(ENTROPY_MOST + 50);
    struct capos_entropy_read_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_ENTROPY_INTERFACE_ID, 0))
        return false;
    deed_refused_if(&deed, bytes == 0 || bytes > ENTROPY_MOST, CAPOS_INVALID_ARGUMENT);
    if (deed_ended(&deed, capos_entropy_read(&deed.call, deed.ring,
                                             (struct capos_entropy){deed.cap}, bytes, &results)))
        court_expect_equal(capos_entropy_read_results_data(results).size, bytes, p, "random bytes");
    return true;
}

static bool system_info(int p) {
    struct capos_system_info_info_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_SYSTEM_INFO_INTERFACE_ID, 0))
        return false;
    if (deed_ended(&deed, capos_system_info_info(&deed.call, deed.ring,
                                                 (struct capos_system_info){deed.cap}, &results)))
        court_expect_equal(capos_system_info_info_results_cpus(results), guest_cpus(), p,
                           "processors");
    return true;
}

static bool ping(int p) {
    struct capos_system_info_ping_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_SYSTEM_INFO_INTERFACE_ID, 0))
        return false;
    (void)deed_ended(&deed, capos_system_info_ping(&deed.call, deed.ring,
                                                   (struct capos_system_info){deed.cap}, &results));
    return true;
}

static bool power_off(int p) {
    uint8_t status = (uint8_t)(STATUS_MOST + 1 + court_below(UINT8_MAX - STATUS_MOST));
    struct capos_power_off_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_POWER_INTERFACE_ID, 0))
        return false;
    deed_refused_if(&deed, true, CAPOS_INVALID_ARGUMENT);
    (void)deed_ended(&deed, capos_power_off(&deed.call, deed.ring, (struct capos_power){deed.cap},
                                            status, &results));
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
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_BOOT_PACKAGE_INTERFACE_ID, 1))
        return false;
    if (deed_ended(&deed,
                   capos_boot_package_manifest(&deed.call, deed.ring,
                                               (struct capos_boot_package){deed.cap}, &results)))
        got_file(p, capos_boot_package_manifest_results_object(results).id,
                 capos_boot_package_manifest_results_bytes(results), false);
    return true;
}

static bool binary(int p) {
    struct capos_boot_package_binary_results results;
    bool known = court_chance(90);
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_BOOT_PACKAGE_INTERFACE_ID, 1))
        return false;
    deed_refused_if(&deed, !known, CAPOS_FAILED);
    if (deed_ended(&deed, capos_boot_package_binary(
                              &deed.call, deed.ring, (struct capos_boot_package){deed.cap},
                              capos_text_of(known ? "idler" : "nobody"), &results)))
        got_file(p, capos_boot_package_binary_results_object(results).id,
                 capos_boot_package_binary_results_bytes(results), true);
    return true;
}

static bool list(int p) {
    struct capos_boot_package_list_results results;
    struct deed_call deed;
    struct capos_text first;

    if (!deed_begin(&deed, p, CAPOS_BOOT_PACKAGE_INTERFACE_ID, 0))
        return false;
    if (!deed_ended(&deed,
                    capos_boot_package_list(&deed.call, deed.ring,
                                            (struct capos_boot_package){deed.cap}, 0, &results)))
        return true;
    first = capos_text_list_at(capos_boot_package_list_results_names(results), 0);
    court_expect(text_is(first.data, first.size, "init"), p, "the first of the programs");
    return true;
}

// Nothing: what would be written, the host would read.
static bool write_console(int p) {
    struct capos_console_write_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_CONSOLE_INTERFACE_ID, 0))
        return false;
    (void)deed_ended(&deed,
                     capos_console_write(&deed.call, deed.ring, (struct capos_console){deed.cap},
                                         (struct capos_data){NULL, 0}, &results));
    return true;
}

static bool write_serial(int p) {
    static const uint8_t text[] = "nobody reads this";
    struct capos_data some = {text, (uint32_t)court_below(sizeof text)};
    struct capos_serial_port_write_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_SERIAL_PORT_INTERFACE_ID, 0))
        return false;
    (void)deed_ended(&deed,
                     capos_serial_port_write(&deed.call, deed.ring,
                                             (struct capos_serial_port){deed.cap}, some, &results));
    return true;
}

// Nobody types, so a read is cancelled; another judge's puppet may be reading.
static bool read_serial(int p) {
    struct capos_serial_port_read_params_builder params;
    uint32_t bytes = (uint32_t)court_below(10);
    struct capos_serial_port_read_results results;
    struct deed_call deed;
    int got;

    if (!deed_begin(&deed, p, CAPOS_SERIAL_PORT_INTERFACE_ID, 0))
        return false;
    deed_refused_if(&deed, bytes == 0, CAPOS_INVALID_ARGUMENT);
    params =
        capos_serial_port_read_begin(&deed.call, deed.ring, (struct capos_serial_port){deed.cap});
    capos_serial_port_read_params_set_max_bytes(params, bytes);
    (void)capos_serial_port_read_send(&deed.call);
    deed_cancel(&deed);
    got = capos_serial_port_read_wait(&deed.call, &results);
    if (got != CAPOS_FAILED || deed.want != -CAPOS_STATUS_CANCELLED)
        (void)deed_ended(&deed, got);
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
