// SPDX-License-Identifier: MIT
//
// See guest.h. What comes back from a dead process may come a little later than the answer of its
// wait (memory is reused when every processor has been outside the kernel once), so memory is
// looked at until it is there or time is up.
#include "tests/guest/guest.h"

#include "base/memory.h"
#include "capos/end.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/manifest.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"

enum { BASELINE_MS = 20 }; // that nothing changes before the baseline is taken

static struct guest_system holds;
static unsigned planned, number, failures;
static uint64_t baseline;

static struct format line;
static char text[400];

const struct guest_system *guest_system(void) {
    return &holds;
}

void guest_attach(void) {
    holds = (struct guest_system){
        .console = capos_need("console", CAPOS_CONSOLE_INTERFACE_ID),
        .package = capos_need("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID),
        .spawner = capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID),
        .info = capos_need("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID),
        .timer = capos_need("timer", CAPOS_TIMER_INTERFACE_ID),
        .power = capos_need("power", CAPOS_POWER_INTERFACE_ID),
    };
}

void guest_begin(unsigned tests) {
    guest_attach();
    planned = tests;
    format_init(&line, text, sizeof text);
    format_text(&line, "1..");
    format_u64(&line, tests);
    guest_line_end();
}

struct format *guest_line(bool ok, const char *name) {
    failures += !ok;
    format_init(&line, text, sizeof text);
    format_text(&line, ok ? "ok " : "not ok ");
    format_u64(&line, ++number);
    format_text(&line, " - ");
    format_text(&line, name);
    return &line;
}

void guest_line_end(void) {
    format_text(&line, "\n");
    capos_print_bytes(text, line.used);
}

void guest_check(bool ok, const char *name) {
    (void)guest_line(ok, name);
    guest_line_end();
}

static void add_value(uint64_t value) {
    format_text(&line, ": ");
    format_u64(&line, value);
    guest_line_end();
}

void guest_check_value(bool ok, const char *name, uint64_t value) {
    (void)guest_line(ok, name);
    add_value(value);
}

void guest_note(const char *note, uint64_t value) {
    format_init(&line, text, sizeof text);
    format_text(&line, "# ");
    format_text(&line, note);
    add_value(value);
}

__attribute__((noreturn)) void guest_end(void) {
    struct capos_power_off_results results;
    struct capos_call call;

    (void)capos_power_off(&call, capos_ring(), (struct capos_power){holds.power},
                          failures == 0 && number == planned ? 0 : 1, &results);
    capos_panic("the machine can't be switched off");
}

static void add_grant(struct guest_program *program, struct guest_grant grant) {
    if (program->grants == GUEST_GRANTS_MAX)
        capos_panic("too many grants");
    program->grant[program->grants++] = grant;
}

void guest_grant(struct guest_program *program, const char *name, uint64_t cap) {
    add_grant(program, (struct guest_grant){name, cap, GUEST_COPY});
}

void guest_grant_mine(struct guest_program *program, const char *name, uint64_t interface) {
    guest_grant(program, name, capos_need(name, interface));
}

void guest_grant_system(struct guest_program *program) {
    guest_grant(program, "console", holds.console);
    guest_grant(program, "bootPackage", holds.package);
    guest_grant(program, "spawner", holds.spawner);
    guest_grant(program, "systemInfo", holds.info);
    guest_grant(program, "timer", holds.timer);
    guest_grant(program, "power", holds.power);
}

void guest_grant_threads(struct guest_program *program) {
    static const struct guest_grant own[] = {
        {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN},
        {"threadSpawner", CAPOS_OWN_CAPABILITY_THREAD_SPAWNER, GUEST_OWN},
        {"threadControl", CAPOS_OWN_CAPABILITY_THREAD_CONTROL, GUEST_OWN}};

    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
        add_grant(program, own[i]);
}

static void set_limits(struct capos_resource_limits_builder to, const struct guest_limits *from) {
    capos_resource_limits_set_slots(to, from->slots);
    capos_resource_limits_set_frames(to, from->frames);
    capos_resource_limits_set_reserved_pages(to, from->reserved_pages);
    capos_resource_limits_set_threads(to, from->threads);
    capos_resource_limits_set_endpoints(to, from->endpoints);
    capos_resource_limits_set_facets(to, from->facets);
    capos_resource_limits_set_calls_held(to, from->calls_held);
    capos_resource_limits_set_kernel_memory(to, from->kernel_memory);
}

static void set_grants(struct capos_process_spawner_spawn_params_builder params,
                       const struct guest_program *program) {
    struct capos_spawn_grant_list_builder list =
        capos_process_spawner_spawn_params_init_grants(params, program->grants);

    for (unsigned i = 0; i < program->grants; i++) {
        const struct guest_grant *from = &program->grant[i];
        struct capos_spawn_grant_builder to = capos_spawn_grant_list_builder_at(list, i);

        capos_spawn_grant_set_name(to, capos_text_of(from->name));
        if (from->how == GUEST_OWN)
            capos_spawn_grant_set_own(to, (enum capos_own_capability)from->cap);
        else
            capos_spawn_grant_give_capability(to, from->how == GUEST_MOVE
                                                      ? capos_descriptor_move(from->cap)
                                                      : capos_descriptor_copy(from->cap));
    }
}

int guest_spawn(const struct guest_program *program, struct capos_process_handle *process) {
    struct capos_process_spawner_spawn_results results;
    struct capos_memory_object binary = guest_binary(program->binary);
    struct capos_call call;

    if (binary.id == 0)
        return CAPOS_FAILED;
    struct capos_process_spawner_spawn_params_builder params = capos_process_spawner_spawn_begin(
        &call, capos_ring(), (struct capos_process_spawner){holds.spawner});
    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of(program->binary));
    if (program->session != 0)
        capos_process_spawner_spawn_params_set_session(params,
                                                       (struct capos_session){program->session});
    set_grants(params, program);
    set_limits(capos_process_spawner_spawn_params_init_limits(params), &program->limits);
    int outcome = capos_process_spawner_spawn_call(&call, &results);
    if (outcome == CAPOS_DONE)
        *process = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    capos_release(binary.id);
    return outcome;
}

struct capos_process_handle guest_start(const struct guest_program *program) {
    struct capos_process_handle process;

    int outcome = guest_spawn(program, &process);

    if (outcome == CAPOS_DONE)
        return process;
    format_text(guest_line(false, program->binary), ": could not be started, outcome ");
    format_i64(&line, outcome);
    guest_line_end();
    guest_end();
}

static void read_end(struct capos_process_end end, struct guest_outcome *outcome) {
    struct format format;

    memset(outcome, 0, sizeof *outcome);
    format_init(&format, outcome->text, sizeof outcome->text);
    end_format(&format, end);
    outcome->how = capos_process_end_which(end);
    if (outcome->how == CAPOS_PROCESS_END_WHICH_EXITED) {
        outcome->status = capos_process_end_exited(end);
    } else if (outcome->how == CAPOS_PROCESS_END_WHICH_CRASHED) {
        struct capos_crash_record crash = capos_process_end_crashed(end);

        outcome->cause = capos_crash_record_cause(crash);
        outcome->code = capos_crash_record_code(crash);
        outcome->address = capos_crash_record_address(crash);
    }
}

bool guest_wait(struct capos_process_handle process, struct guest_outcome *outcome) {
    struct capos_process_handle_wait_results results;
    struct capos_call call;
    bool ok = capos_process_handle_wait(&call, capos_ring(), process, &results) == CAPOS_DONE;

    if (ok)
        read_end(capos_process_handle_wait_results_end(results), outcome);
    capos_call_release(&call);
    capos_release(process.id);
    capos_client_flush(capos_client());
    return ok;
}

void guest_run(const struct guest_program *program, const char *name) {
    struct guest_outcome outcome;
    bool waited = guest_wait(guest_start(program), &outcome);
    struct format *to = guest_line(
        waited && outcome.how == CAPOS_PROCESS_END_WHICH_EXITED && outcome.status == 0, name);

    format_text(to, ": ");
    format_text(to, waited ? outcome.text : "could not be waited for");
    guest_line_end();
}

bool guest_kill(struct capos_process_handle process) {
    struct capos_process_handle_kill_results results;
    struct guest_outcome outcome;
    struct capos_call call;
    bool ok = capos_process_handle_kill(&call, capos_ring(), process, &results) == CAPOS_DONE;

    capos_call_release(&call);
    return guest_wait(process, &outcome) && ok && outcome.how != CAPOS_PROCESS_END_WHICH_CRASHED;
}

void guest_sleep(uint64_t ns) {
    struct capos_timer_sleep_until_results results;
    struct capos_call call;

    if (capos_timer_sleep_until(&call, capos_ring(), (struct capos_timer){holds.timer},
                                guest_now() + ns, &results) != CAPOS_DONE)
        capos_panic("sleepUntil fails");
    capos_call_release(&call);
}

static void read_info(uint32_t *cpus, uint64_t *bytes) {
    struct capos_system_info_info_results results;
    struct capos_call call;

    if (capos_system_info_info(&call, capos_ring(), (struct capos_system_info){holds.info},
                               &results) != CAPOS_DONE)
        capos_panic("there is no SystemInfo");
    *cpus = capos_system_info_info_results_cpus(results);
    *bytes = capos_system_info_info_results_free_bytes(results);
    capos_call_release(&call);
}

uint64_t guest_free_bytes(void) {
    uint64_t bytes;
    uint32_t cpus;

    read_info(&cpus, &bytes);
    return bytes;
}

uint32_t guest_cpus(void) {
    uint64_t bytes;
    uint32_t cpus;

    read_info(&cpus, &bytes);
    return cpus;
}

uint64_t guest_baseline(void) {
    uint64_t bytes = guest_free_bytes();

    for (unsigned quiet = 0; quiet < BASELINE_MS; quiet++) {
        guest_sleep(GUEST_MS);
        baseline = bytes;
        bytes = guest_free_bytes();
        if (bytes != baseline)
            quiet = 0;
    }
    baseline = bytes;
    return baseline;
}

void guest_settle(uint64_t at_most) {
    uint64_t until = guest_now() + at_most;

    while (guest_free_bytes() != baseline && guest_now() < until)
        guest_sleep(GUEST_MS);
}

void guest_check_memory(void) {
    struct format *to;
    uint64_t bytes;

    guest_settle((uint64_t)5000 * GUEST_MS);
    bytes = guest_free_bytes();
    to = guest_line(bytes == baseline, "as much memory is free as before: ");
    format_u64(to, baseline);
    format_text(to, " bytes before, now ");
    format_u64(to, bytes);
    guest_line_end();
}

static const uint64_t *map_manifest(uint64_t *bytes) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_boot_package_manifest_results found;
    struct capos_virtual_memory_map_results mapped;
    struct capos_memory_object object;
    struct capos_call call;

    if (capos_boot_package_manifest(&call, capos_ring(), (struct capos_boot_package){holds.package},
                                    &found) != CAPOS_DONE)
        capos_panic("there is no manifest");
    object = capos_boot_package_manifest_results_object(found);
    *bytes = capos_boot_package_manifest_results_bytes(found);
    capos_call_release(&call);
    if (capos_virtual_memory_map(&call, capos_ring(), memory, object, 0,
                                 (*bytes + CAPOS_PAGE_BYTES - 1) / CAPOS_PAGE_BYTES *
                                     CAPOS_PAGE_BYTES,
                                 CAPOS_PROTECTION_READ, &mapped) != CAPOS_DONE)
        capos_panic("the manifest can't be mapped");
    uint64_t address = capos_virtual_memory_map_results_address(mapped);
    capos_call_release(&call);
    capos_release(object.id);
    return (const uint64_t *)(uintptr_t)address;
}

const char *guest_parameters(void) {
    static struct capos_reader reader;
    struct capos_text message;
    uint64_t bytes;
    const uint64_t *words = map_manifest(&bytes);

    capos_reader_init(&reader, words, bytes / sizeof *words);
    message = capos_system_manifest_message_of_the_day(capos_system_manifest_read_message(&reader));
    return message.data;
}
