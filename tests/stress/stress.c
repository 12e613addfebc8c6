// SPDX-License-Identifier: MIT
//
// The init of the stress image: starts judges, each with puppets and a model of its own, all at the
// same time, and looks whether every one of them finds kernel and model to agree, and whether
// anything is missing at the end. Its parameters are SEED STEPS JUDGES. Prints TAP and figures.
#include "base/format.h"
#include "base/memory.h"
#include "capos/server.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/entropy.capos.h"
#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/session.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"
#include "tests/stress/figures.h"
#include "tests/stress/ledger_image.h"
#include "tests/stress/meeting.h"
#include "tests/stress/puppet.capos.h"

enum {
    JUDGES_MAX = FIGURES_JUDGES,
    PUPPETS = 5,
    TABLES_PAGES = 64, // of kernel memory
    PATIENCE_MS = 5000,
};

static uint64_t seed, steps, judges;
static struct capos_process_handle judge[JUDGES_MAX];

static uint64_t read_number(const char **text) {
    uint64_t number = 0;

    while (**text == ' ')
        ++*text;
    for (; **text >= '0' && **text <= '9'; ++*text)
        number = number * 10 + (uint64_t)(**text - '0');
    return number;
}

static void read_parameters(void) {
    const char *text = guest_parameters();

    seed = read_number(&text);
    steps = read_number(&text);
    judges = read_number(&text);
    if (steps == 0 || judges == 0 || judges > JUDGES_MAX)
        capos_panic("the parameters are SEED STEPS JUDGES");
}

// What a judge has no place for among its grants it takes from here, in this order.
static const char *const more[] = {"wallClock", "entropy", "schedulerStatistics", "serial3",
                                   "sessions"};
static const uint64_t more_interfaces[] = {
    CAPOS_WALL_CLOCK_INTERFACE_ID, CAPOS_ENTROPY_INTERFACE_ID,
    CAPOS_SCHEDULER_STATISTICS_INTERFACE_ID, CAPOS_SERIAL_PORT_INTERFACE_ID,
    CAPOS_SESSION_AUTHORITY_INTERFACE_ID};
enum { MORE = sizeof more / sizeof more[0] };

static struct capos_server server;
static uint64_t facet, figures_memory;
static unsigned taken; // by the judge that was started last

static int take(void *self, struct capos_invocation *inv, struct stress_strings_take_params params,
                struct stress_strings_take_results_builder results) {
    (void)self, (void)inv, (void)params;
    stress_strings_take_results_give_capability(
        results, capos_descriptor_copy(capos_need(more[taken], more_interfaces[taken])));
    taken++;
    return CAPOS_DONE;
}

static int dispatch(void *self, struct capos_invocation *inv) {
    static const struct stress_strings_server handlers = {.take = take};

    return stress_strings_dispatch(&handlers, self, inv);
}

static void serve(void) {
    static struct capos_object object = {
        .id = 1, .interface = STRESS_STRINGS_INTERFACE_ID, .dispatch = dispatch};
    struct capos_endpoint endpoint = guest_endpoint();

    facet = guest_facet(endpoint, STRESS_STRINGS_INTERFACE_ID, 1);
    if (capos_server_init(&server, capos_client(), guest_receiver(endpoint), NULL) != CAPOS_DONE)
        capos_panic("no server");
    capos_server_add(&server, &object);
}

static void make_figures(void) {
    figures_memory = guest_memory(CAPOS_PAGE_SIZE);
    figures = guest_map(figures_memory, CAPOS_PAGE_SIZE);
}

static struct guest_grant copy_of(const char *name, uint64_t interface) {
    return (struct guest_grant){name, capos_need(name, interface), GUEST_COPY};
}

static void start_judge(unsigned n) {
    const struct guest_program program = {
        .binary = "judge",
        .limits = {.slots = 1024,
                   .frames = 6400,
                   .reserved_pages = 16384,
                   .threads = PUPPETS * 6 + 64,
                   .endpoints = PUPPETS * 6 + 64,
                   .facets = 32768,
                   .calls_held = 64,
                   .kernel_memory = 6144},
        .grants = 14,
        .grant = {copy_of("console", CAPOS_CONSOLE_INTERFACE_ID),
                  copy_of("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID),
                  copy_of("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID),
                  copy_of("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID),
                  copy_of("timer", CAPOS_TIMER_INTERFACE_ID),
                  copy_of("power", CAPOS_POWER_INTERFACE_ID),
                  copy_of("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID),
                  copy_of("endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID),
                  copy_of("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID),
                  copy_of("inspector", CAPOS_PROCESS_INSPECTOR_INTERFACE_ID),
                  copy_of("schedulingPolicy", CAPOS_SCHEDULING_POLICY_INTERFACE_ID),
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN},
                  {"figures", figures_memory, GUEST_COPY},
                  {"more", facet, GUEST_COPY}},
    };

    judge[n] = guest_start(&program);
    for (taken = 0; taken < MORE;)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
}

// A judge's ledger while it has no puppets, at its start and at its end.
static struct ledger_image first[JUDGES_MAX], last[JUDGES_MAX];

static void begin_all(uint64_t all) {
    memset(figures, 0, sizeof *figures);
    figures->next_seed = seed;
    figures->steps = all / judges;
    for (unsigned i = 0; i < judges; i++) {
        start_judge(i);
        while (!meeting_await(figures_memory, i, MEETING_BEGIN, GUEST_MS))
            continue;
        if (!ledger_image_ask(judge[i], &first[i]))
            capos_panic("a judge has no ledger");
        meeting_close(figures_memory, i, MEETING_BEGIN);
    }
}

static bool has_ended(unsigned n) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    bool ended = capos_process_handle_info(&call, capos_ring(), judge[n], &results) != CAPOS_DONE ||
                 capos_process_handle_info_results_state(results) != CAPOS_PROCESS_STATE_RUNNING;

    capos_call_release(&call);
    return ended;
}

// Kernel memory is in tables that grow, but for which nothing is to be left; slots may be reserved
// for the next message, or not yet again.
static bool is_as_before(unsigned n) {
    for (int i = 0; i < LIMIT_CLASSES; i++) {
        uint64_t extra = i == LIMIT_KERNEL_MEMORY ? TABLES_PAGES : 0;

        if (last[n].lent[i] != 0 || last[n].used[i] > first[n].used[i] + extra ||
            (i != LIMIT_KERNEL_MEMORY && i != LIMIT_SLOTS && last[n].used[i] != first[n].used[i]))
            return false;
    }
    return true;
}

// False when the judge has ended before it came to its end.
static bool look_at_ledger(unsigned n) {
    uint64_t until;

    while (!meeting_await(figures_memory, n, MEETING_END, (uint64_t)200 * GUEST_MS))
        if (has_ended(n))
            return false;
    until = guest_now() + (uint64_t)PATIENCE_MS * GUEST_MS;
    do {
        guest_sleep(GUEST_MS);
        if (!ledger_image_ask(judge[n], &last[n]))
            return false;
    } while (!is_as_before(n) && guest_now() < until);
    meeting_close(figures_memory, n, MEETING_END);
    return is_as_before(n);
}

static void end_one(unsigned n, bool tell) {
    bool as_before = look_at_ledger(n), ok;
    struct guest_outcome outcome = {0};

    ok = guest_wait(judge[n], &outcome) && outcome.status == 0 &&
         outcome.how == CAPOS_PROCESS_END_WHICH_EXITED;
    if (!tell)
        return;
    format_text(guest_line(ok, "kernel and model agree: judge "), outcome.text);
    guest_line_end();
    guest_check(as_before, "its ledger is as it was");
    if (as_before)
        return;
    ledger_image_tell("lent at the end", last[n].lent);
    ledger_image_tell("used at the start", first[n].used);
    ledger_image_tell("used at the end", last[n].used);
}

static void end_all(bool tell) {
    for (unsigned i = 0; i < judges; i++)
        end_one(i, tell);
}

static void tell_figures(uint64_t ns) {
    guest_note("operations", figures->operations);
    guest_note("deeds", figures->deeds);
    guest_note("messages", figures->messages);
    guest_note("kills", figures->kills);
    guest_note("crashes among them", figures->crashes);
    guest_note("revocations", figures->revocations);
    guest_note("ledgers compared", figures->ledgers);
    guest_note("tables compared", figures->tables);
    guest_note("milliseconds", ns / GUEST_MS);
}

int main(void) {
    uint64_t began;

    guest_attach();
    read_parameters();
    guest_begin(2 * (unsigned)judges + 2);
    guest_note("seed", seed);
    serve();
    make_figures();
    begin_all(50 * judges); // what is made once is made
    end_all(false);
    (void)guest_baseline();
    began = guest_now();
    begin_all(steps);
    end_all(true);
    guest_check_memory();
    tell_figures(guest_now() - began);
    guest_check(figures_tell(), "every opcode and every method of the schemas was done");
    guest_end();
}
