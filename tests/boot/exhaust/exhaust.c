// SPDX-License-Identifier: MIT
//
// The init of an image in which gluttons (glutton.c) take all that they were lent of something, and
// one of them all the memory that there is. What each is refused costs nothing; a worker beside
// them never misses anything; and when they are killed all is there again. Prints TAP.
#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/session.capos.h"
#include "tests/boot/exhaust/kinds.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum { PATIENCE = 100000, SETTLING = 2000, LIMITS = 8, TESTS = KINDS + 5 };

struct party {
    uint64_t page;
    _Atomic uint64_t *words;
    struct capos_process_handle process;
    struct capos_session session; // its own, so that its children end with it
};

// What a glutton is lent beyond the default, and the least that it then gets of its kind.
static const struct {
    const char *name;
    struct guest_limits limits;
    uint32_t least;
} kinds[KINDS] = {
    [ENDPOINTS] = {"endpoints", {.endpoints = 20}, 20},
    [FACETS] = {"facets", {.endpoints = 1, .facets = 30}, 30},
    [SLOTS] = {"capability slots", {.slots = 100}, 60},
    [FRAMES] = {"frames", {.frames = 400}, 40},
    [RESERVED] = {"reserved pages", {.reserved_pages = 3000}, 30},
    [COMMITTED] = {"committed pages", {.frames = 800}, 4},
    [REVOKERS] = {"revokers", {.slots = 2000, .kernel_memory = 60}, 100},
    [SESSIONS] = {"sessions", {.slots = 2000, .kernel_memory = 60}, 100},
    [CONTEXTS] = {"scheduling contexts", {.slots = 2000, .kernel_memory = 60}, 100},
    [SPAWNERS] = {"spawners", {.slots = 2000, .kernel_memory = 60}, 100},
    [THREADS] = {"threads", {.threads = 6, .frames = 800}, 5},
    [PROCESSES] = {"processes", {.slots = 200, .frames = 1500, .threads = 40}, 3},
    [TOKENS] = {"calls held", {.endpoints = 1, .facets = 2, .calls_held = 10}, 10},
};

static struct party worker;

static struct party start(unsigned kind, const struct guest_limits *limits) {
    struct party party = {.page = guest_memory(PAGE), .session = guest_session()};
    struct guest_program program = {
        .binary = "glutton", .limits = *limits, .session = party.session.id};

    guest_grant(&program, "page", party.page);
    guest_grant_system(&program);
    guest_grant_threads(&program);
    guest_grant_mine(&program, "endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID);
    guest_grant_mine(&program, "frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID);
    guest_grant_mine(&program, "revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID);
    guest_grant_mine(&program, "sessions", CAPOS_SESSION_AUTHORITY_INTERFACE_ID);
    guest_grant_mine(&program, "schedulingPolicy", CAPOS_SCHEDULING_POLICY_INTERFACE_ID);
    party.words = guest_map(party.page, PAGE);
    atomic_store(&party.words[KIND], kind);
    party.process = guest_start(&program);
    return party;
}

static bool end(struct party *party) {
    struct guest_outcome outcome = {0};
    bool right = guest_end_session(party->session) && guest_wait(party->process, &outcome) &&
                 outcome.how == CAPOS_PROCESS_END_WHICH_SESSION_ENDED &&
                 atomic_load(&party->words[COMPLAINT]) == 0;

    if (!right)
        guest_note("complaint ", atomic_load(&party->words[COMPLAINT]));
    guest_unmap((void *)party->words, PAGE);
    capos_release(party->session.id);
    capos_release(party->page);
    return right;
}

static bool await(const struct party *party, enum state state) {
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (atomic_load(&party->words[COMPLAINT]) != 0)
            return false;
        if (atomic_load(&party->words[STATE]) >= (uint64_t)state)
            return true;
        guest_sleep(GUEST_MS / 10);
    }
    return false;
}

static void go(const struct party *party, enum state state) {
    atomic_store(&party->words[COMMAND], state);
}

// What a ledger has in use, of each class.
struct use {
    uint32_t used[LIMITS];
};

static struct use use_of(const struct party *party) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    struct use use;

    if (capos_process_handle_info(&call, capos_ring(), party->process, &results) != CAPOS_DONE)
        capos_panic("no info");
    struct capos_resource_limits used = capos_process_handle_info_results_used(results);
    use = (struct use){{capos_resource_limits_slots(used), capos_resource_limits_frames(used),
                        capos_resource_limits_reserved_pages(used),
                        capos_resource_limits_threads(used), capos_resource_limits_endpoints(used),
                        capos_resource_limits_facets(used), capos_resource_limits_calls_held(used),
                        capos_resource_limits_kernel_memory(used)}};
    capos_call_release(&call);
    return use;
}

static bool is_within(const struct use *use, const struct use *bound) {
    for (unsigned i = 0; i < LIMITS; i++)
        if (use->used[i] > bound->used[i])
            return false;
    return true;
}

// Does it use no more of anything than it did? What was given back is counted until no processor
// can be looking at it, which a busy host puts off: before, so that less may be used now; and now,
// so that it is asked again for a while. What is lost stays lost.
static bool uses_no_more(const struct party *party, const struct use *before) {
    for (unsigned i = 0; i < SETTLING; i++) {
        struct use now = use_of(party);

        if (is_within(&now, before))
            return true;
        guest_sleep(GUEST_MS);
    }
    return false;
}

static bool worker_goes_on(void) {
    uint64_t before = atomic_load(&worker.words[COUNT]);

    for (unsigned i = 0; i < PATIENCE && atomic_load(&worker.words[COUNT]) < before + 5; i++)
        guest_sleep(GUEST_MS / 10);
    return atomic_load(&worker.words[COUNT]) >= before + 5 &&
           atomic_load(&worker.words[COMPLAINT]) == 0;
}

// Returns how many the glutton got; 0 when something was wrong.
static uint64_t exhaust(unsigned kind) {
    struct party glutton = start(kind, &kinds[kind].limits);
    struct use full;
    bool right = await(&glutton, FULL) && worker_goes_on();
    uint64_t got = atomic_load(&glutton.words[MADE]);

    full = use_of(&glutton);
    go(&glutton, FULL);
    right = right && await(&glutton, AGAIN) && worker_goes_on();
    if (!uses_no_more(&glutton, &full)) {
        right = false;
        guest_note("a refusal has cost something of kind ", kind);
    }
    go(&glutton, AGAIN);
    right = right && await(&glutton, SPARE);
    go(&glutton, SPARE);
    right = right && await(&glutton, TWICE) && worker_goes_on();
    return end(&glutton) && right && got >= kinds[kind].least ? got : 0;
}

static void test_kind(unsigned kind) {
    uint64_t got = exhaust(kind);
    struct format *to = guest_line(got != 0, kinds[kind].name);

    format_text(to, ": ");
    format_u64(to, got);
    format_text(to, ", and then overloaded");
    guest_line_end();
}

// One that is lent nearly all memory that there is, and takes it; then nobody else can be started,
// and those that are there go on.
static void test_all_memory(void) {
    uint64_t frames = guest_free_bytes() / PAGE;
    const struct guest_limits limits = {.frames = (uint32_t)(frames / 10 * 8),
                                        .slots = 16000,
                                        .kernel_memory = (uint32_t)(frames / 20)};
    struct guest_limits large = {.frames = (uint32_t)(frames / 2)};
    const struct guest_program program = {.binary = "glutton", .limits = large};
    struct party glutton = start(FRAMES, &limits);
    struct capos_process_handle none;
    bool right = await(&glutton, FULL);

    guest_check_value(right && atomic_load(&glutton.words[MADE]) >= frames / 4 / 2,
                      "four fifths of the memory, in frames of 4",
                      atomic_load(&glutton.words[MADE]));
    guest_check(guest_spawn(&program, &none) == CAPOS_OVERLOADED && worker_goes_on(),
                "then who needs much is refused, and the worker goes on");
    right = end(&glutton);
    if (guest_spawn(&program, &none) == CAPOS_DONE)
        right = guest_kill(none) && right;
    else
        right = false;
    guest_check(right, "when it is killed there is enough again");
}

int main(void) {
    static const struct guest_limits modest = {.frames = 300};

    guest_begin(TESTS);
    worker = start(WORKER, &modest);
    for (unsigned kind = 0; kind < KINDS; kind++) // what is made once is made
        (void)exhaust(kind);
    (void)end(&worker);
    (void)guest_baseline();
    worker = start(WORKER, &modest);
    for (unsigned kind = 0; kind < KINDS; kind++)
        test_kind(kind);
    test_all_memory();
    guest_check(end(&worker), "the worker was never refused anything");
    guest_check_memory();
    guest_end();
}
