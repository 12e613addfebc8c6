// SPDX-License-Identifier: MIT
//
// The init of an image in which one client holds 100,000 objects of one server, and is killed: the
// server is told of each, once, the memory comes back, and the system answers meanwhile. Then the
// server is killed while a client holds objects: they are dead, and stay so when a new server takes
// over, but the way to the server lives. Prints TAP.
#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "tests/boot/objects/hoard.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum { MANY = 100000, SOME = 2000, PAGE = 4096, TESTS = 12 };
enum { WANTED, HELD, DEAD, STATUS };

static struct capos_endpoint endpoint;
static struct hoard_keeper keeper;
static struct capos_process_handle server;
static uint64_t page_object;
static _Atomic uint64_t *page;

static void start_keeper(void) {
    const struct guest_program program = {
        .binary = "keeper",
        .limits = {.frames = 2500,
                   .reserved_pages = 8192,
                   .facets = MANY + 10,
                   .calls_held = 16,
                   .kernel_memory = 4000},
        .grants = 2,
        .grant = {{"receiver", guest_receiver(endpoint), GUEST_MOVE},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    server = guest_start(&program);
}

static struct capos_process_handle start_hoarder(uint64_t items) {
    const struct guest_program program = {
        .binary = "hoarder",
        .limits = {.slots = MANY + 100, .reserved_pages = 4096, .kernel_memory = 2000},
        .grants = 4,
        .grant = {{"keeper", keeper.id, GUEST_COPY},
                  {"page", page_object, GUEST_COPY},
                  {"timer", guest_system()->timer, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    for (unsigned i = 0; i < 4; i++)
        atomic_store(&page[i], 0);
    atomic_store(&page[WANTED], items);
    return guest_start(&program);
}

static bool await_hoard(uint64_t items) {
    for (unsigned i = 0; i < 60000 && atomic_load(&page[HELD]) != items; i++) {
        if (atomic_load(&page[STATUS]) != 0)
            return false;
        guest_sleep(GUEST_MS);
    }
    return atomic_load(&page[HELD]) == items;
}

struct counts {
    uint64_t minted, released, wrong;
};

static int count(struct counts *counts) {
    struct hoard_keeper_count_results results;
    struct capos_call call;
    int outcome = hoard_keeper_count(&call, capos_ring(), keeper, &results);

    if (outcome == CAPOS_DONE) {
        counts->minted = hoard_keeper_count_results_minted(results);
        counts->released = hoard_keeper_count_results_released(results);
        counts->wrong = hoard_keeper_count_results_wrong(results);
    }
    capos_call_release(&call);
    return outcome;
}

// Asks the server again and again until it has been told of all. The answers that it gives
// meanwhile are the system's and its own.
static bool await_releases(struct counts *counts, uint64_t *answers) {
    for (*answers = 1; *answers < 60000; ++*answers) {
        if (count(counts) != CAPOS_DONE)
            return false;
        if (counts->released == counts->minted)
            return true;
        guest_sleep(GUEST_MS);
    }
    return false;
}

static uint64_t slots_of(struct capos_process_handle process) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    uint64_t slots = 0;

    if (capos_process_handle_info(&call, capos_ring(), process, &results) == CAPOS_DONE)
        slots = capos_process_handle_info_results_slots(results);
    capos_call_release(&call);
    return slots;
}

static void test_many(void) {
    struct capos_process_handle client = start_hoarder(MANY);
    struct counts counts = {0};
    uint64_t answers;

    guest_check_value(await_hoard(MANY), "objects of one server, held by one client", MANY);
    guest_check_value(atomic_load(&page[STATUS]) == 0, "each is itself, status",
                      atomic_load(&page[STATUS]));
    guest_check(slots_of(client) >= MANY, "the client's ledger has them");
    guest_check(count(&counts) == CAPOS_DONE && counts.minted == MANY + 1 && counts.released == 1,
                "the server has been told of the one that was released");
    guest_check(guest_kill(client), "the client is killed");
    bool all = await_releases(&counts, &answers);
    guest_check_value(all && counts.minted == MANY + 1, "the server is told of each",
                      counts.released);
    guest_check_value(counts.wrong == 0, "and of none twice", counts.wrong);
    guest_note("answers of the server meanwhile", answers);
}

static void test_restart(void) {
    struct capos_process_handle client = start_hoarder(SOME);
    struct guest_outcome outcome = {0};
    struct counts counts = {0};

    guest_check(await_hoard(SOME), "objects that outlive their server's process");
    (void)guest_kill(server);
    guest_check(count(&counts) == -CAPOS_STATUS_DISCONNECTED,
                "without a server its root facet answers `disconnected`");
    start_keeper();
    guest_check(count(&counts) == CAPOS_DONE && counts.minted == 0,
                "and is the way to the next one");
    atomic_store(&page[DEAD], 1);
    guest_check(guest_wait(client, &outcome) && outcome.how == CAPOS_PROCESS_END_WHICH_EXITED &&
                    outcome.status == 0,
                "for which the old objects are dead");
}

int main(void) {
    guest_begin(TESTS);
    endpoint = guest_endpoint();
    keeper.id = guest_facet(endpoint, HOARD_KEEPER_INTERFACE_ID, 0);
    page_object = guest_memory(PAGE);
    page = guest_map(page_object, PAGE);
    start_keeper();
    struct capos_process_handle first = start_hoarder(512);
    (void)await_hoard(512); // what is made once is made
    (void)guest_kill(first);
    (void)guest_kill(server);
    (void)guest_baseline();
    start_keeper();
    test_many();
    (void)guest_kill(server);
    start_keeper();
    test_restart();
    (void)guest_kill(server);
    guest_check_memory();
    guest_end();
}
