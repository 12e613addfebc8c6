// SPDX-License-Identifier: MIT
//
// The init of an image in which every server of the default system is killed again and again, at
// moments that a seed decides, while clients use it, and is started anew on the same endpoint. Each
// client gets an answer or `disconnected`, whatever happens (pest.c), and at the end no memory is
// missing. Prints TAP.
#include "capos/runtime.h"
#include "schemas/boot.capos.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/terminal.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum { VICTIMS = 3, KILLS = 200 }; // of each
enum { ECHO_PESTS = 3, TERMINAL_PESTS = 2, PESTS = ECHO_PESTS + TERMINAL_PESTS + 1 };
enum { SEED = 20261123, WAIT_NS_MAX = 3000000, TESTS = 2 + VICTIMS + PESTS };

static uint64_t random_state = SEED;

// A server of the default system, or a program that lives on one (shell has no endpoint).
struct service {
    const char *binary;
    uint64_t interface;
    struct capos_endpoint endpoint;
    uint64_t facet;
    struct capos_process_handle process;
    unsigned kills;
};

static struct service echo = {"echo", DEMO_ECHO_INTERFACE_ID, {0}, 0, {0}, 0};
static struct service terminal = {"terminal", CAPOS_TERMINAL_INTERFACE_ID, {0}, 0, {0}, 0};
static struct service shell = {"shell", 0, {0}, 0, {0}, 0};
static struct service stop = {"echo", DEMO_ECHO_INTERFACE_ID, {0}, 0, {0}, 0};
static struct service *const victims[VICTIMS] = {&echo, &terminal, &shell};
static struct capos_process_handle pests[PESTS];
static unsigned killed_wrongly;

static void make_endpoint(struct service *service) {
    service->endpoint = guest_endpoint();
    service->facet = guest_facet(service->endpoint, service->interface, 0);
}

static void start_server(struct service *service) {
    struct guest_program program = {.binary = service->binary,
                                    .limits = {.calls_held = 16, .reserved_pages = 4096}};

    program.grant[program.grants++] =
        (struct guest_grant){"receiver", guest_receiver(service->endpoint), GUEST_MOVE};
    program.grant[program.grants++] =
        (struct guest_grant){"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN};
    if (service == &terminal)
        program.grant[program.grants++] = (struct guest_grant){
            "port", capos_need("serial2", CAPOS_SERIAL_PORT_INTERFACE_ID), GUEST_COPY};
    service->process = guest_start(&program);
}

static void start_shell(void) {
    const struct guest_system *system = guest_system();
    const struct guest_program program = {
        .binary = "shell",
        .limits = {.slots = 128, .frames = 512, .reserved_pages = 4096},
        .grants = 4,
        .grant = {{"terminal", terminal.facet, GUEST_COPY},
                  {"bootPackage", system->package, GUEST_COPY},
                  {"timer", system->timer, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    shell.process = guest_start(&program);
}

static void start(struct service *service) {
    if (service == &shell)
        start_shell();
    else
        start_server(service);
}

static struct capos_process_handle start_pest(const struct service *service, bool reads) {
    const struct guest_system *system = guest_system();
    struct guest_program program = {
        .binary = "pest",
        .grants = 4,
        .grant = {{"console", system->console, GUEST_COPY},
                  {"timer", system->timer, GUEST_COPY},
                  {"stop", stop.facet, GUEST_COPY},
                  {service == &echo ? "echo" : "service", service->facet, GUEST_COPY}},
    };

    if (reads)
        program.grant[program.grants++] = (struct guest_grant){"reader", system->timer, GUEST_COPY};
    return guest_start(&program);
}

static void start_all(void) {
    unsigned n = 0;

    start(&echo);
    start(&terminal);
    start(&shell);
    for (unsigned i = 0; i < ECHO_PESTS; i++)
        pests[n++] = start_pest(&echo, false);
    for (unsigned i = 0; i < TERMINAL_PESTS; i++)
        pests[n++] = start_pest(&terminal, false);
    pests[n] = start_pest(&terminal, true);
}

static void kill(struct service *service) {
    killed_wrongly += !guest_kill(service->process);
}

// One that has not been killed often enough, and is to be next.
static struct service *next_victim(void) {
    struct service *victim;

    do
        victim = victims[guest_random(&random_state) % VICTIMS];
    while (victim->kills == KILLS);
    return victim;
}

static void kill_and_restart(void) {
    for (unsigned kills = 0; kills < VICTIMS * KILLS; kills++) {
        struct service *victim = next_victim();

        guest_sleep(guest_random(&random_state) % WAIT_NS_MAX);
        kill(victim);
        victim->kills++;
        start(victim);
    }
}

static void end_all(bool tell) {
    struct guest_outcome outcome = {0};

    for (unsigned i = 0; i < VICTIMS; i++)
        kill(victims[i]);
    start_server(&stop);
    for (unsigned i = 0; i < PESTS; i++) {
        bool ok = guest_wait(pests[i], &outcome) && outcome.how == CAPOS_PROCESS_END_WHICH_EXITED &&
                  outcome.status == 0;
        if (!tell)
            continue;
        format_text(guest_line(ok, "a client: "), outcome.text);
        guest_line_end();
    }
    kill(&stop);
}

int main(void) {
    guest_begin(TESTS);
    guest_note("seed", SEED);
    make_endpoint(&echo);
    make_endpoint(&terminal);
    make_endpoint(&stop);
    start_all();
    guest_sleep((uint64_t)50 * GUEST_MS);
    end_all(false); // what is made once is made
    (void)guest_baseline();
    start_all();
    kill_and_restart();
    end_all(true);
    for (unsigned i = 0; i < VICTIMS; i++)
        guest_check_value(victims[i]->kills == KILLS, victims[i]->binary, victims[i]->kills);
    guest_check_value(killed_wrongly == 0, "kills that were not told as such", killed_wrongly);
    guest_check_memory();
    guest_end();
}
