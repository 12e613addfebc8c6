// SPDX-License-Identifier: MIT
//
// The init of memory.tap: programs that use memory as it is meant, programs that try what must not
// be possible, some that eat all there is while another one works, some that are killed at moments
// that a seed decides; and what is told of processes' ledgers and tables. Prints TAP.
#include "schemas/inspection.capos.h"
#include "tests/boot/memory/calls.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum { EATERS = 4, EATEN = 12, KILLS = 200, SEED = 20261124, WAIT_NS_MAX = 4 * GUEST_MS };

static uint64_t random_state = SEED;

static const struct guest_limits limits = {
    .slots = 64, .frames = 1600, .reserved_pages = 5000, .threads = 1, .kernel_memory = 32};

// The probe with a case, and an object for those that share one.
static struct guest_program probe(const char *name, uint64_t object) {
    const struct guest_system *system = guest_system();
    struct guest_program program = {
        .binary = "probe",
        .limits = limits,
        .grants = 5,
        .grant = {{name, system->timer, GUEST_COPY},
                  {"timer", system->timer, GUEST_COPY},
                  {"console", system->console, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN},
                  {"frames", capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID), GUEST_COPY}},
    };

    if (object != 0)
        program.grant[program.grants++] = (struct guest_grant){"object", object, GUEST_COPY};
    return program;
}

static void run(const char *name, const char *claim) {
    struct guest_program program = probe(name, 0);

    guest_run(&program, claim);
}

static struct capos_process_handle start(const char *name) {
    struct guest_program program = probe(name, 0);

    return guest_start(&program);
}

static void share(void) {
    struct capos_memory_object object, view;
    struct guest_program program;
    struct guest_outcome outcome = {0};

    if (make_object(100 * PAGE, &object) != CAPOS_DONE || read_only(object, &view) != CAPOS_DONE)
        capos_panic("no memory to share");
    program = probe("writer", object.id);
    guest_run(&program, "one process writes shared memory");
    program = probe("reader", view.id);
    guest_check(guest_wait(guest_start(&program), &outcome) &&
                    outcome.how == CAPOS_PROCESS_END_WHICH_CRASHED &&
                    outcome.cause == CAPOS_CRASH_CAUSE_PAGE_FAULT && (outcome.code & 7) == 7,
                "another reads it, and ends when it writes");
    capos_release(object.id);
    capos_release(view.id);
}

// A worker gets its work done while others eat all that they were lent and die of nothing.
static void exhaust(void) {
    struct capos_process_handle eaters[EATERS];
    struct guest_program work = probe("worker", 0);
    struct guest_outcome outcome;
    struct capos_process_handle worker;
    bool ok = true;

    for (unsigned i = 0; i < EATERS; i++)
        eaters[i] = start("eater");
    worker = guest_start(&work);
    for (unsigned i = 0; i < EATEN; i++) {
        ok &= guest_wait(eaters[i % EATERS], &outcome) &&
              outcome.how == CAPOS_PROCESS_END_WHICH_EXITED && outcome.status == 0;
        eaters[i % EATERS] = start("eater");
    }
    for (unsigned i = 0; i < EATERS; i++)
        ok &= guest_wait(eaters[i], &outcome);
    guest_check(ok, "those that eat everything are refused, and end as they like");
    guest_check(guest_wait(worker, &outcome) && outcome.how == CAPOS_PROCESS_END_WHICH_EXITED &&
                    outcome.status == 0,
                "one that works beside them is not");
}

static void kill_at_any_moment(void) {
    unsigned wrong = 0;

    for (unsigned i = 0; i < KILLS; i++) {
        struct capos_process_handle victim = start("churn");

        guest_sleep(guest_random(&random_state) % WAIT_NS_MAX);
        wrong += !guest_kill(victim);
    }
    guest_check_value(wrong == 0, "killed at moments of all kinds", KILLS);
}

static bool told(struct capos_process_handle process) {
    struct capos_process_handle_info_results info;
    struct capos_call call;
    bool ok = capos_process_handle_info(&call, capos_ring(), process, &info) == CAPOS_DONE;

    if (ok) {
        struct capos_resource_limits most = capos_process_handle_info_results_limits(info);
        struct capos_resource_limits used = capos_process_handle_info_results_used(info);
        struct capos_resource_limits lent = capos_process_handle_info_results_lent(info);

        ok = capos_resource_limits_slots(most) == limits.slots &&
             capos_resource_limits_frames(most) == limits.frames &&
             capos_resource_limits_kernel_memory(most) == limits.kernel_memory &&
             capos_resource_limits_slots(used) == 5 && capos_resource_limits_threads(used) == 1 &&
             capos_resource_limits_frames(used) > 20 && capos_resource_limits_frames(lent) == 0;
    }
    capos_call_release(&call);
    return ok;
}

static struct capos_capability_view view_of(struct capos_process_handle process) {
    struct capos_process_inspector inspector = {
        capos_need("inspector", CAPOS_PROCESS_INSPECTOR_INTERFACE_ID)};
    struct capos_process_inspector_inspect_results results;
    struct capos_capability_view view = {0};
    struct capos_call call;

    if (capos_process_inspector_inspect(&call, capos_ring(), inspector, process, &results) ==
        CAPOS_DONE)
        view = capos_process_inspector_inspect_results_view(results);
    capos_call_release(&call);
    return view;
}

// How many capabilities the view shows, by twos; -1 when it shows none any more.
static int seen(struct capos_capability_view view) {
    struct capos_capability_view_list_results results;
    uint64_t cursor = 0;
    int count = 0;

    do {
        struct capos_call call;

        capos_expect_results(capos_client(), 512);
        if (capos_capability_view_list(&call, capos_ring(), view, cursor, 2, &results) !=
            CAPOS_DONE) {
            capos_call_release(&call);
            return -1;
        }
        count += (int)capos_capability_entry_list_size(
            capos_capability_view_list_results_capabilities(results));
        cursor = capos_capability_view_list_results_cursor(results);
        capos_call_release(&call);
    } while (cursor != 0);
    return count;
}

static void look(void) {
    struct capos_process_handle sleeper = start("sleeper");
    struct capos_capability_view view = view_of(sleeper);
    struct capos_capability_view own = {
        capos_need("capabilityManager", CAPOS_CAPABILITY_MANAGER_INTERFACE_ID)};

    guest_check(told(sleeper), "a process's ledger is told by class");
    guest_check(seen(view) == 5, "its table has what it was granted");
    guest_check(seen(own) > 15, "and one's own what one holds");
    guest_check(guest_kill(sleeper) && seen(view) == -1, "nothing is seen of the dead");
    capos_release(view.id);
}

int main(void) {
    guest_begin(16);
    run("worker", "a program that works"); // and what a first process makes for all later ones
    (void)guest_baseline();
    run("ranges", "ranges of all kinds are refused");
    run("never-both", "no page is writable and executable");
    run("large", "large changes take steps and are whole");
    run("dirty", "one process fills its memory");
    run("clean", "the next one finds none of it");
    share();
    exhaust();
    look();
    kill_at_any_moment();
    guest_check_memory();
    guest_end();
}
