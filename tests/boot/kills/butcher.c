// SPDX-License-Identifier: MIT
//
// The init of an image in which processes are killed while they do any of the things that a process
// can do (doings.h), at moments that a seed decides, soon after their start and later. Each must be
// told as killed, the server that they all use must go on, and no memory may be missing at the end.
// Prints TAP.
#include "capos/runtime.h"
#include "schemas/boot.capos.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "tests/boot/kills/doings.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum { KILLS = 25, SEED = 20261124, WAIT_NS_MAX = 4000000, TESTS = DOINGS + 2 };

static uint64_t random_state = SEED;
static struct demo_echo echo;

static struct capos_process_handle start(enum doing doing) {
    struct guest_program program = {
        .binary = "doer",
        .limits = {.slots = 128,
                   .frames = 1500,
                   .reserved_pages = 8192,
                   .threads = 8,
                   .endpoints = 4,
                   .facets = 8,
                   .kernel_memory = 400},
        .grants = 1,
        .grant = {{"manager", CAPOS_OWN_CAPABILITY_CAPABILITY_MANAGER, GUEST_OWN}}};

    guest_grant(&program, doing_names[doing], guest_system()->console);
    guest_grant(&program, "echo", echo.id);
    guest_grant_system(&program);
    guest_grant_threads(&program);
    guest_grant_mine(&program, "frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID);
    guest_grant_mine(&program, "endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID);
    guest_grant_mine(&program, "revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID);
    return guest_start(&program);
}

static bool server_goes_on(void) {
    struct demo_echo_ping_results results;
    struct capos_call call;
    bool answered = demo_echo_ping(&call, capos_ring(), echo, &results) == CAPOS_DONE;

    capos_call_release(&call);
    return answered;
}

// Two at once, so that one is killed while the other goes on.
static unsigned kill_some(enum doing doing, unsigned count) {
    unsigned right = 0;

    for (unsigned i = 0; i < count; i++) {
        struct capos_process_handle one = start(doing), other = start(doing);

        guest_sleep(guest_random(&random_state) % WAIT_NS_MAX);
        right += guest_kill(one);
        guest_sleep(guest_random(&random_state) % (WAIT_NS_MAX / 4));
        right += guest_kill(other) && server_goes_on();
    }
    return right;
}

int main(void) {
    guest_begin(TESTS);
    guest_note("seed", SEED);
    struct capos_endpoint endpoint = guest_endpoint();
    echo.id = guest_facet(endpoint, DEMO_ECHO_INTERFACE_ID, 0);
    const struct guest_program server = {
        .binary = "echo",
        .limits = {.calls_held = 32, .reserved_pages = 4096},
        .grants = 2,
        .grant = {{"receiver", guest_receiver(endpoint), GUEST_MOVE},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };
    struct capos_process_handle process = guest_start(&server);

    for (unsigned i = 0; i < DOINGS; i++) // what is made once is made
        (void)kill_some((enum doing)i, 2);
    (void)guest_baseline();
    for (unsigned i = 0; i < DOINGS; i++)
        guest_check_value(kill_some((enum doing)i, KILLS) == 2 * KILLS, doing_names[i], 2 * KILLS);
    guest_check_memory();
    guest_check(guest_kill(process), "the server");
    guest_end();
}
