// SPDX-License-Identifier: MIT
//
// A process that makes things of one kind (kinds.h) until it is refused: `overloaded`, whatever it
// is, as often as it asks. What it gives back it gets again.
#include "capos/park.h"
#include "capos/runtime.h"
#include "capos/server.h"
#include "capos/thread.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/session.capos.h"
#include "schemas/thread.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/exhaust/kinds.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum { MADE_MAX = 16384, THREADS_MAX = 64, CALLS = 20, FULL_AFTER = 100 * GUEST_MS };

static _Atomic uint64_t *page;
static uint64_t page_object;
static uint64_t made[MADE_MAX];
static unsigned made_count;
static struct capos_endpoint endpoint;

__attribute__((noreturn)) static void complain(uint64_t what) {
    atomic_store(&page[COMPLAINT], what);
    capos_exit(1);
}

static void nap(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_sleep_until_results results;
    struct capos_call call;

    if (capos_timer_sleep_until(&call, capos_ring(), timer, guest_now() + GUEST_MS / 2, &results) !=
        CAPOS_DONE)
        complain(1);
    capos_call_release(&call);
}

static struct capos_virtual_memory own_memory(void) {
    return (struct capos_virtual_memory){
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
}

// Making ------------------------------------------------------------------------------------------

static int make_endpoint(uint64_t *got) {
    struct capos_endpoint_factory factory = {
        capos_need("endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID)};
    struct capos_endpoint_factory_create_results results;
    struct capos_call call;
    int outcome = capos_endpoint_factory_create(&call, capos_ring(), factory, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_endpoint_factory_create_results_endpoint(results).id;
    capos_call_release(&call);
    return outcome;
}

static int make_facet(uint64_t *got) {
    struct capos_endpoint_facet_results results;
    struct capos_call call;
    int outcome = capos_endpoint_facet(&call, capos_ring(), endpoint, DEMO_ECHO_INTERFACE_ID, 0,
                                       CAPOS_FACET_SCOPE_ANY, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_endpoint_facet_results_facet(results).id;
    capos_call_release(&call);
    return outcome;
}

static int make_slot(uint64_t *got) {
    struct capos_memory_object_read_only_results results;
    struct capos_call call;
    int outcome = capos_memory_object_read_only(
        &call, capos_ring(), (struct capos_memory_object){page_object}, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_memory_object_read_only_results_object(results).id;
    capos_call_release(&call);
    return outcome;
}

static int make_frames(uint64_t *got) {
    struct capos_frame_allocator frames = {
        capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results results;
    struct capos_call call;
    int outcome =
        capos_frame_allocator_allocate(&call, capos_ring(), frames, (uint64_t)4 * PAGE, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_frame_allocator_allocate_results_object(results).id;
    capos_call_release(&call);
    return outcome;
}

static int make_reserved(uint64_t *got) {
    struct capos_virtual_memory_reserve_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_reserve(&call, capos_ring(), own_memory(),
                                               (uint64_t)64 * PAGE, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_virtual_memory_reserve_results_address(results);
    capos_call_release(&call);
    return outcome;
}

static int make_committed(uint64_t *got) {
    struct capos_virtual_memory_allocate_results results;
    struct capos_call call;
    int outcome =
        capos_virtual_memory_allocate(&call, capos_ring(), own_memory(), (uint64_t)64 * PAGE,
                                      CAPOS_PROTECTION_READ_WRITE, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_virtual_memory_allocate_results_address(results);
    capos_call_release(&call);
    return outcome;
}

// Of a revocable copy of the timer; the copy is not needed.
static int make_revoker(uint64_t *got) {
    struct capos_revoker_factory factory = {
        capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID)};
    struct capos_capability timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_revoker_factory_make_results results;
    struct capos_call call;
    int outcome = capos_revoker_factory_make(&call, capos_ring(), factory, timer, &results);

    if (outcome == CAPOS_DONE) {
        *got = capos_revoker_factory_make_results_revoker(results).id;
        capos_release(capos_revoker_factory_make_results_copy(results).id);
    }
    capos_call_release(&call);
    return outcome;
}

static int make_session(uint64_t *got) {
    struct capos_session_authority sessions = {
        capos_need("sessions", CAPOS_SESSION_AUTHORITY_INTERFACE_ID)};
    struct capos_session_authority_start_results results;
    struct capos_call call;
    int outcome = capos_session_authority_start(&call, capos_ring(), sessions, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_session_authority_start_results_session(results).id;
    capos_call_release(&call);
    return outcome;
}

static int make_context(uint64_t *got) {
    struct capos_scheduling_policy policy = {
        capos_need("schedulingPolicy", CAPOS_SCHEDULING_POLICY_INTERFACE_ID)};
    struct capos_scheduling_policy_create_context_results results;
    struct capos_call call;
    int outcome = capos_scheduling_policy_create_context(&call, capos_ring(), policy, GUEST_MS,
                                                         (uint64_t)10 * GUEST_MS, &results);

    if (outcome == CAPOS_DONE)
        *got = capos_scheduling_policy_create_context_results_context(results).id;
    capos_call_release(&call);
    return outcome;
}

static int make_spawner(uint64_t *got) {
    struct capos_process_spawner spawner = {
        capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID)};
    struct capos_process_spawner_narrow_results results;
    struct capos_call call;

    capos_process_spawner_narrow_begin(&call, capos_ring(), spawner);
    int outcome = capos_process_spawner_narrow_call(&call, &results);
    if (outcome == CAPOS_DONE)
        *got = capos_process_spawner_narrow_results_spawner(results).id;
    capos_call_release(&call);
    return outcome;
}

static struct capos_thread *threads[THREADS_MAX];
static _Atomic uint32_t stop[THREADS_MAX];

static int32_t wait_for_stop(void *argument) {
    _Atomic uint32_t *word = argument;

    while (atomic_load(word) == 0)
        (void)capos_park(word, 0, CAPOS_NO_DEADLINE);
    return 0;
}

static int make_thread(uint64_t *got) {
    unsigned free = 0;

    while (free < THREADS_MAX && threads[free] != NULL)
        free++;
    if (free == THREADS_MAX)
        complain(2);
    atomic_store(&stop[free], 0);
    *got = free;
    int outcome = capos_thread_create(&threads[free], wait_for_stop, &stop[free], NULL);
    if (outcome != CAPOS_DONE)
        threads[free] = NULL;
    return outcome;
}

static int make_process(uint64_t *got) {
    const struct guest_program program = {
        .binary = "glutton",
        .limits =
            {.slots = 8, .frames = 128, .reserved_pages = 1024, .threads = 1, .kernel_memory = 16},
        .grants = 2,
        .grant = {{"kid", capos_need("timer", CAPOS_TIMER_INTERFACE_ID), GUEST_COPY},
                  {"timer", capos_need("timer", CAPOS_TIMER_INTERFACE_ID), GUEST_COPY}},
    };
    struct capos_process_handle process;
    int outcome = guest_spawn(&program, &process);

    if (outcome == CAPOS_DONE)
        *got = process.id;
    return outcome;
}

// Giving back -------------------------------------------------------------------------------------

static void give_capability(uint64_t cap) {
    capos_release(cap);
    capos_client_flush(capos_client());
}

static void give_addresses(uint64_t at) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;

    if (capos_virtual_memory_unmap(&call, capos_ring(), own_memory(), at, (uint64_t)64 * PAGE,
                                   &results) != CAPOS_DONE)
        complain(3);
    capos_call_release(&call);
}

static void give_thread(uint64_t index) {
    atomic_store(&stop[index], 1);
    capos_unpark(&stop[index], 1);
    if (capos_thread_join(threads[index], NULL) != CAPOS_DONE)
        complain(4);
    threads[index] = NULL;
}

static void give_process(uint64_t handle) {
    if (!guest_kill((struct capos_process_handle){handle}))
        complain(5);
}

static const struct {
    int (*make)(uint64_t *got);
    void (*give)(uint64_t got);
} kinds[] = {
    [ENDPOINTS] = {make_endpoint, give_capability}, [FACETS] = {make_facet, give_capability},
    [SLOTS] = {make_slot, give_capability},         [FRAMES] = {make_frames, give_capability},
    [RESERVED] = {make_reserved, give_addresses},   [COMMITTED] = {make_committed, give_addresses},
    [REVOKERS] = {make_revoker, give_capability},   [SESSIONS] = {make_session, give_capability},
    [CONTEXTS] = {make_context, give_capability},   [SPAWNERS] = {make_spawner, give_capability},
    [THREADS] = {make_thread, give_thread},         [PROCESSES] = {make_process, give_process},
};

// The life of a glutton ---------------------------------------------------------------------------

static void reach(enum state state) {
    atomic_store(&page[STATE], state);
    while (atomic_load(&page[COMMAND]) < (uint64_t)state)
        nap();
}

// True when there is one more, false when it was refused as it should be.
static bool eat(enum kind kind) {
    if (made_count == MADE_MAX)
        complain(6);
    int outcome = kinds[kind].make(&made[made_count]);
    if (outcome == CAPOS_DONE)
        made_count++;
    else if (outcome != CAPOS_OVERLOADED && outcome != -CAPOS_STATUS_OVERLOADED)
        complain((uint64_t)1000 + (uint64_t)(uint32_t)outcome);
    return outcome == CAPOS_DONE;
}

static void give_one(enum kind kind) {
    kinds[kind].give(made[--made_count]);
}

// What was given back may be there a moment later: its memory is used again when no processor can
// be looking at it.
static void eat_until(enum kind kind, unsigned count) {
    for (unsigned i = 0; i < 2000 && made_count < count; i++)
        if (!eat(kind))
            nap();
    if (made_count < count)
        complain(7);
}

// For the same reason it is full only when it has been refused for a while: a busy host stops a
// processor for longer than a nap.
static void eat_all(enum kind kind) {
    uint64_t since = guest_now();

    while (guest_now() - since < FULL_AFTER)
        if (eat(kind))
            since = guest_now();
        else
            nap();
}

__attribute__((noreturn)) static void be_glutton(enum kind kind) {
    unsigned most;

    eat_all(kind);
    most = made_count;
    atomic_store(&page[MADE], most);
    reach(FULL);
    for (unsigned i = 0; i < REFUSALS; i++)
        if (eat(kind))
            complain(8);
    reach(AGAIN);
    give_one(kind);
    eat_until(kind, most);
    reach(SPARE);
    while (made_count > 0)
        give_one(kind);
    eat_until(kind, most);
    reach(TWICE);
    for (;;)
        nap();
}

// Tokens: calls to itself that it does not answer. Those for which there is no token wait.
static struct capos_answer held[CALLS];
static unsigned held_count, seen;

static int hold(void *self, struct capos_invocation *inv) {
    (void)self;
    held[held_count++] = capos_server_hold(inv);
    seen++;
    return CAPOS_PENDING;
}

static void forget(void *context, uint64_t token) {
    (void)context, (void)token;
    complain(9);
}

static void serve_a_while(unsigned until) {
    for (unsigned i = 0; i < 40 && seen < until; i++)
        (void)capos_client_turn(capos_client(), guest_now() + GUEST_MS / 2);
}

__attribute__((noreturn)) static void be_holder(void) {
    struct capos_object object = {.interface = DEMO_ECHO_INTERFACE_ID, .dispatch = hold};
    struct capos_call call[CALLS];
    struct demo_echo_ping_results results;
    struct capos_server server;
    struct demo_echo echo;

    if (make_facet(&echo.id) != CAPOS_DONE ||
        capos_server_init(&server, capos_client(), guest_receiver(endpoint), NULL) != CAPOS_DONE)
        complain(10);
    server.cancelled = forget;
    capos_server_add(&server, &object);
    for (unsigned i = 0; i < CALLS; i++) {
        demo_echo_ping_begin(&call[i], capos_ring(), echo);
        if (demo_echo_ping_send(&call[i]) != CAPOS_DONE)
            complain(11);
    }
    serve_a_while(CALLS);
    atomic_store(&page[MADE], held_count);
    reach(FULL);
    reach(AGAIN);
    while (held_count > 0) { // each answer lets one in
        unsigned before = seen;

        capos_answer_fail(&held[--held_count], CAPOS_FAILED, "no more");
        serve_a_while(before + 1);
    }
    if (seen != CALLS)
        complain(12);
    for (unsigned i = 0; i < CALLS; i++) {
        if (demo_echo_ping_wait(&call[i], &results) != CAPOS_FAILED)
            complain(13);
        capos_call_release(&call[i]);
    }
    reach(SPARE);
    reach(TWICE);
    for (;;)
        nap();
}

// Who needs little gets it, however much others want.
__attribute__((noreturn)) static void be_worker(void) {
    for (;;) {
        uint64_t object = 0, address = 0;

        if (make_frames(&object) != CAPOS_DONE || make_committed(&address) != CAPOS_DONE)
            complain(14);
        *(_Atomic uint64_t *)(uintptr_t)address = 1; // NOLINT: addresses come as numbers
        give_addresses(address);
        give_capability(object);
        atomic_fetch_add(&page[COUNT], 1);
    }
}

int main(void) {
    if (capos_grant("kid", CAPOS_TIMER_INTERFACE_ID) != 0)
        for (;;)
            nap();
    page_object = capos_need("page", CAPOS_MEMORY_OBJECT_INTERFACE_ID);
    page = guest_map(page_object, PAGE);
    enum kind kind = (enum kind)atomic_load(&page[KIND]);

    guest_attach();
    if (kind == FACETS || kind == TOKENS)
        endpoint = guest_endpoint();
    if (kind == WORKER)
        be_worker();
    if (kind == TOKENS)
        be_holder();
    be_glutton(kind);
}
