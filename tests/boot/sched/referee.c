// SPDX-License-Identifier: MIT
//
// The init of the scheduler's image: on a machine with more hogs than processors it looks whether
// each hog gets its share, whether one who sleeps is woken all the same, and whether hogs can be
// killed, one while the others go on and then all, until no memory is missing. Prints TAP; the
// machine's status is 0 when all is well. Times are bounds that a busy host keeps, too.
#include "base/bits.h"
#include "base/format.h"
#include "capos/runtime.h"
#include "schemas/boot.capos.h"
#include "schemas/process.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"

enum {
    MS = 1000000,
    HOGS_MAX = 33,
    RUN_MS = 700,
    NAP_MS = 5,
    NAPS = 20,
    LATE_MS = 2000, // that a nap may be late, all naps together
    UNFAIR = 4,     // times as much as another: more is not a share any more
    TESTS = 6,
};

static struct capos_boot_package package;
static struct capos_process_spawner spawner;
static struct capos_system_info info;
static struct capos_timer timer;

static struct capos_process_handle hogs[HOGS_MAX];
static unsigned number, failures;

static void result(bool ok, const char *name, uint64_t a, const char *between, uint64_t b) {
    char text[160];
    struct format format;

    format_init(&format, text, sizeof text);
    format_text(&format, ok ? "ok " : "not ok ");
    format_u64(&format, ++number);
    format_text(&format, " - ");
    format_text(&format, name);
    format_text(&format, ": ");
    format_u64(&format, a);
    format_text(&format, between);
    format_u64(&format, b);
    format_text(&format, "\n");
    capos_print_bytes(text, format.used);
    failures += !ok;
}

static uint64_t now(void) {
    struct capos_timer_now_results results;
    struct capos_call call;
    uint64_t time = 0;

    if (capos_timer_now(&call, capos_ring(), timer, &results) == CAPOS_DONE)
        time = capos_timer_now_results_nanoseconds(results);
    capos_call_release(&call);
    return time;
}

// Sleeps and returns by how much it was late, in ns.
static uint64_t nap(uint64_t ms) {
    struct capos_timer_sleep_until_results results;
    struct capos_call call;
    uint64_t deadline = now() + ms * MS, woken;

    if (capos_timer_sleep_until(&call, capos_ring(), timer, deadline, &results) != CAPOS_DONE)
        capos_panic("sleepUntil fails");
    capos_call_release(&call);
    woken = now();
    if (woken < deadline)
        capos_panic("sleepUntil answers too early");
    return woken - deadline;
}

static void read_info(uint32_t *cpus, uint64_t *free_bytes) {
    struct capos_system_info_info_results results;
    struct capos_call call;

    if (capos_system_info_info(&call, capos_ring(), info, &results) != CAPOS_DONE)
        capos_panic("there is no SystemInfo");
    *cpus = capos_system_info_info_results_cpus(results);
    *free_bytes = capos_system_info_info_results_free_bytes(results);
    capos_call_release(&call);
}

static struct capos_process_handle start_hog(void) {
    struct capos_boot_package_binary_results found;
    struct capos_process_spawner_spawn_results spawned;
    struct capos_process_handle process;
    struct capos_memory_object binary;
    struct capos_call call;

    if (capos_boot_package_binary(&call, capos_ring(), package, capos_text_of("hog"), &found) !=
        CAPOS_DONE)
        capos_panic("there is no hog");
    binary = capos_boot_package_binary_results_object(found);
    capos_call_release(&call);
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);
    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("hog"));
    if (capos_process_spawner_spawn_call(&call, &spawned) != CAPOS_DONE)
        capos_panic("a hog can't be started");
    process = capos_process_spawner_spawn_results_process(spawned);
    capos_call_release(&call);
    capos_release(binary.id);
    return process;
}

static uint64_t time_of(struct capos_process_handle process) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    uint64_t time = 0;

    if (capos_process_handle_info(&call, capos_ring(), process, &results) == CAPOS_DONE)
        time = capos_process_handle_info_results_cpu_nanoseconds(results);
    capos_call_release(&call);
    return time;
}

// Kills a hog and waits for its end: true when it is told as it was.
static bool kill_hog(struct capos_process_handle process) {
    struct capos_process_handle_kill_results killed;
    struct capos_process_handle_wait_results waited;
    struct capos_call call;
    bool ok = capos_process_handle_kill(&call, capos_ring(), process, &killed) == CAPOS_DONE;

    capos_call_release(&call);
    ok = ok && capos_process_handle_wait(&call, capos_ring(), process, &waited) == CAPOS_DONE &&
         capos_process_end_which(capos_process_handle_wait_results_end(waited)) ==
             CAPOS_PROCESS_END_WHICH_KILLED;
    capos_call_release(&call);
    capos_release(process.id);
    capos_client_flush(capos_client());
    return ok;
}

static void start_hogs(unsigned count) {
    for (unsigned i = 0; i < count; i++)
        hogs[i] = start_hog();
}

// How many were told as they should be.
static unsigned kill_hogs(unsigned count) {
    unsigned killed = 0;

    while (count > 0)
        killed += kill_hog(hogs[--count]);
    return killed;
}

static void check_shares(unsigned count) {
    uint64_t least = UINT64_MAX, most = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t time = time_of(hogs[i]);

        least = min_u64(least, time);
        most = max_u64(most, time);
    }
    result(least > 0 && most < least * UNFAIR, "shares in ms", least / MS, " to ", most / MS);
}

static void check_naps(const char *name) {
    uint64_t late = 0;

    for (unsigned i = 0; i < NAPS; i++)
        late += nap(NAP_MS);
    result(late < (uint64_t)LATE_MS * MS, name, late / MS / NAPS, " ms late, all naps ", late / MS);
}

__attribute__((noreturn)) static void power_off(int status) {
    struct capos_power power = {capos_need("power", CAPOS_POWER_INTERFACE_ID)};
    struct capos_power_off_results results;
    struct capos_call call;

    (void)capos_power_off(&call, capos_ring(), power, (uint8_t)status, &results);
    capos_panic("the machine can't be switched off");
}

int main(void) {
    uint32_t cpus;
    uint64_t before, after, began;
    unsigned count, killed = 0;

    package.id = capos_need("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID);
    spawner.id = capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID);
    info.id = capos_need("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID);
    timer.id = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    capos_print("1..6\n");
    check_naps("naps on an idle machine");
    read_info(&cpus, &before);
    count = min_u32(2 * cpus + 1, HOGS_MAX);
    start_hogs(count);
    (void)kill_hogs(count); // tables have grown now, and what is made once is made
    read_info(&cpus, &before);
    start_hogs(count);
    (void)nap(RUN_MS);
    check_shares(count);
    check_naps("naps among hogs");
    began = now();
    killed += kill_hog(hogs[count - 1]);
    result(killed == 1, "killed among others, in ms", (now() - began) / MS, ", processors ", cpus);
    killed += kill_hogs(count - 1);
    result(killed == count, "killed", killed, ", in ms ", (now() - began) / MS);
    read_info(&cpus, &after);
    result(after == before, "bytes free before", before, " and after ", after);
    power_off(failures == 0 && number == TESTS ? 0 : 1);
}
