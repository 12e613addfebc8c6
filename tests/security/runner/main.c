// SPDX-License-Identifier: MIT
//
// The init of the security image: starts one hostile program after the other, compares how each
// ended with what must come of it, looks after each that the system still answers, and prints TAP.
// At the end no memory may be missing. The machine's status is 0 when all is well.
#include "base/format.h"
#include "capos/end.h"
#include "capos/runtime.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"

enum {
    WRITE = 2,      // bits of a page fault's code
    EXECUTION = 16, //
};

// How a program must end: by a crash with this cause and, of a page fault, these bits of
// write and execution; or by exit with this status.
struct expectation {
    const char *program;
    enum { EXITS, CRASHES } kind;
    int status;
    enum capos_crash_cause cause;
    uint64_t code;
};

#define FAULTS(name, bits) \
    { name, CRASHES, 0, CAPOS_CRASH_CAUSE_PAGE_FAULT, bits }
#define TRAPS(name, cause) \
    { name, CRASHES, 0, CAPOS_CRASH_CAUSE_##cause, 0 }

static const struct expectation expectations[] = {
    {"survivor", EXITS, 7, 0, 0},
    FAULTS("kernel-read", 0),
    FAULTS("kernel-direct-map", WRITE),
    FAULTS("kernel-jump", EXECUTION),
    FAULTS("null-pointer", WRITE),
    FAULTS("write-text", WRITE),
    FAULTS("write-rodata", WRITE),
    FAULTS("write-capset", WRITE),
    FAULTS("execute-data", EXECUTION),
    FAULTS("execute-stack", EXECUTION),
    FAULTS("execute-ring", EXECUTION),
    FAULTS("stack-overflow", WRITE),
    TRAPS("divide-by-zero", DIVIDE_ERROR),
    TRAPS("invalid-instruction", INVALID_OPCODE),
    TRAPS("privileged-instruction", GENERAL_PROTECTION),
    TRAPS("port-access", GENERAL_PROTECTION),
    TRAPS("software-interrupt", GENERAL_PROTECTION),
    TRAPS("non-canonical-jump", GENERAL_PROTECTION),
    TRAPS("single-step", DEBUG),
    {"strange-flags", EXITS, 0, 0, 0},
    {"unknown-syscalls", EXITS, 0, 0, 0},
    {"wild-offsets", EXITS, 0, 0, 0},
    {"wild-messages", EXITS, 0, 0, 0},
    {"wild-waits", EXITS, 0, 0, 0},
    {"forged-capids", EXITS, 0, 0, 0},
    {"garbage-opcodes", EXITS, 0, 0, 0},
    {"reserved-bits", EXITS, 0, 0, 0},
    {"impossible-indices", EXITS, 0, 0, 0},
    {"busy-slot", EXITS, 0, 0, 0},
    {"survivor", EXITS, 7, 0, 0},
};

enum { COUNT = sizeof expectations / sizeof expectations[0] };

static struct capos_boot_package package;
static struct capos_process_spawner spawner;
static struct capos_system_info info;
static struct capos_timer timer;

static struct format format;
static char text[300];
static int failures;

static void begin(void) {
    format_init(&format, text, sizeof text);
}

static void end(void) {
    format_text(&format, "\n");
    capos_print_bytes(text, format.used);
}

static void result(bool ok, unsigned number, const char *name) {
    begin();
    format_text(&format, ok ? "ok " : "not ok ");
    format_u64(&format, number);
    format_text(&format, " - ");
    format_text(&format, name);
    failures += !ok;
}

static bool is_as_expected(const struct expectation *e, struct capos_process_end ended) {
    const uint64_t bits = WRITE | EXECUTION;

    if (e->kind == EXITS)
        return capos_process_end_which(ended) == CAPOS_PROCESS_END_WHICH_EXITED &&
               capos_process_end_exited(ended) == e->status;
    if (capos_process_end_which(ended) != CAPOS_PROCESS_END_WHICH_CRASHED)
        return false;
    struct capos_crash_record crash = capos_process_end_crashed(ended);
    return capos_crash_record_cause(crash) == e->cause &&
           (e->cause != CAPOS_CRASH_CAUSE_PAGE_FAULT ||
            (capos_crash_record_code(crash) & bits) == e->code);
}

static void grant(struct capos_spawn_grant_list_builder list, uint32_t index, const char *name,
                  uint64_t cap) {
    struct capos_spawn_grant_builder to = capos_spawn_grant_list_builder_at(list, index);

    capos_spawn_grant_set_name(to, capos_text_of(name));
    capos_spawn_grant_give_capability(to, capos_descriptor_copy(cap));
}

// Starts a program that holds `console`, `timer` and a second Timer, `spare`.
static bool spawn(const char *program, struct capos_process_handle *process) {
    struct capos_boot_package_binary_results found;
    struct capos_process_spawner_spawn_results spawned;
    struct capos_memory_object binary = {0};
    struct capos_call call;

    if (capos_boot_package_binary(&call, capos_ring(), package, capos_text_of(program), &found) ==
        CAPOS_DONE)
        binary = capos_boot_package_binary_results_object(found);
    capos_call_release(&call);
    if (binary.id == 0)
        return false;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);
    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of(program));
    struct capos_spawn_grant_list_builder grants =
        capos_process_spawner_spawn_params_init_grants(params, 3);
    grant(grants, 0, "console", capos_need("console", CAPOS_CONSOLE_INTERFACE_ID));
    grant(grants, 1, "timer", timer.id);
    grant(grants, 2, "spare", timer.id);
    bool ok = capos_process_spawner_spawn_call(&call, &spawned) == CAPOS_DONE;
    if (ok)
        *process = capos_process_spawner_spawn_results_process(spawned);
    capos_call_release(&call);
    capos_release(binary.id);
    return ok;
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

static void run(const struct expectation *e, unsigned number) {
    struct capos_process_handle process;
    struct capos_process_handle_wait_results results;
    struct capos_call call;
    uint64_t before = now();

    if (!spawn(e->program, &process)) {
        result(false, number, e->program);
        format_text(&format, ": could not be started");
        end();
        return;
    }
    bool waited = capos_process_handle_wait(&call, capos_ring(), process, &results) == CAPOS_DONE;
    struct capos_process_end ended = capos_process_handle_wait_results_end(results);
    result(waited && is_as_expected(e, ended) && now() > before, number, e->program);
    format_text(&format, ": ");
    if (waited)
        end_format(&format, ended);
    end();
    capos_call_release(&call);
    capos_release(process.id);
    capos_client_flush(capos_client());
}

static uint64_t free_bytes(void) {
    struct capos_system_info_info_results results;
    struct capos_call call;
    uint64_t bytes = 0;

    if (capos_system_info_info(&call, capos_ring(), info, &results) == CAPOS_DONE)
        bytes = capos_system_info_info_results_free_bytes(results);
    capos_call_release(&call);
    return bytes;
}

__attribute__((noreturn)) static void power_off(int status) {
    struct capos_power power = {capos_need("power", CAPOS_POWER_INTERFACE_ID)};
    struct capos_power_off_results results;
    struct capos_call call;

    (void)capos_power_off(&call, capos_ring(), power, (uint8_t)status, &results);
    capos_panic("the machine can't be switched off");
}

int main(void) {
    package.id = capos_need("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID);
    spawner.id = capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID);
    info.id = capos_need("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID);
    timer.id = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    uint64_t at_first = 0;

    begin();
    format_text(&format, "1..");
    format_u64(&format, COUNT + 1);
    end();
    for (unsigned i = 0; i < COUNT; i++) {
        run(&expectations[i], i + 1);
        if (i == 0)
            at_first = free_bytes(); // what a first process makes for all later ones is made
    }
    uint64_t at_last = free_bytes();
    result(at_first != 0 && at_last == at_first, COUNT + 1, "no memory is missing");
    format_text(&format, ": ");
    format_i64(&format, (int64_t)(at_last - at_first));
    format_text(&format, " bytes more are free than after the first program");
    end();
    power_off(failures == 0 ? 0 : 1);
}
