// SPDX-License-Identifier: MIT
//
// Does one thing again and again until it is killed (doings.h). Which one says the name of one of
// its grants. Ends by itself only when something is refused that should not be: then with a status.
#include "capos/park.h"
#include "capos/runtime.h"
#include "capos/thread.h"
#include "schemas/console.capos.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/kills/doings.h"
#include "tests/guest/guest.h"

enum { PAGES = 300, SLEEPS = 4, PARKERS = 3, BATCH = 24, KID_ASKS = 100, SOON = 200000 }; // ns

static struct capos_timer timer;
static struct demo_echo echo;

// The outcome of a call, which must be this one. Its results are not looked at.
static void need(struct capos_call *call, int outcome) {
    capos_call_release(call);
    if (outcome != CAPOS_DONE)
        capos_exit(outcome & 63 ? outcome & 63 : 64);
}

static void nothing(void) {
    for (unsigned i = 0; i < BATCH; i++) {
        struct capos_sqe *sqe = capos_client_sqe(capos_client());

        sqe->opcode = CAPOS_OP_NOP;
        sqe->flags = CAPOS_SQE_SKIP_CQE;
    }
    capos_client_flush(capos_client());
}

static void ask(void) {
    struct capos_timer_now_results results;
    struct capos_call call;

    need(&call, capos_timer_now(&call, capos_ring(), timer, &results));
}

static void sleep(void) {
    struct capos_timer_sleep_until_results results;
    struct capos_call call[SLEEPS];
    uint64_t now = guest_now();

    for (unsigned i = 0; i < SLEEPS; i++) {
        capos_timer_sleep_until_params_set_deadline(
            capos_timer_sleep_until_begin(&call[i], capos_ring(), timer), now + SOON * (i + 1));
        if (capos_timer_sleep_until_send(&call[i]) != CAPOS_DONE)
            capos_exit(65);
    }
    for (unsigned i = 0; i < SLEEPS; i++)
        need(&call[i], capos_timer_sleep_until_wait(&call[i], &results));
}

static void call(void) {
    struct demo_echo_say_results results;
    struct capos_call call;

    need(&call, demo_echo_say(&call, capos_ring(), echo, capos_text_of("still here"), &results));
}

static void cancel(void) {
    struct capos_timer_sleep_until_results slept;
    struct demo_echo_ping_results pinged;
    struct capos_call sleeping, calling;

    capos_timer_sleep_until_params_set_deadline(
        capos_timer_sleep_until_begin(&sleeping, capos_ring(), timer), UINT64_MAX / 4);
    demo_echo_ping_begin(&calling, capos_ring(), echo);
    if (capos_timer_sleep_until_send(&sleeping) != CAPOS_DONE ||
        demo_echo_ping_send(&calling) != CAPOS_DONE || capos_call_cancel(&calling) != CAPOS_DONE ||
        capos_call_cancel(&sleeping) != CAPOS_DONE)
        capos_exit(66);
    (void)demo_echo_ping_wait(&calling, &pinged);
    capos_call_release(&calling);
    if (capos_timer_sleep_until_wait(&sleeping, &slept) != -CAPOS_STATUS_CANCELLED)
        capos_exit(67);
    capos_call_release(&sleeping);
}

static _Atomic uint32_t turn;

__attribute__((noreturn)) static int32_t take_turns(void *argument) {
    (void)argument;
    for (;;) {
        uint32_t now = turn;

        turn = now + 1;
        capos_unpark_later(&turn, 1);
        (void)capos_park(&turn, now + 1, guest_now() + SOON);
    }
}

static void park(void) {
    struct capos_thread *thread;

    for (unsigned i = 0; i < PARKERS; i++)
        if (capos_thread_create(&thread, take_turns, NULL, NULL) != CAPOS_DONE)
            capos_exit(68);
    take_turns(NULL);
}

static int32_t come_and_go(void *argument) {
    (void)argument;
    ask();
    return 7;
}

static void threads(void) {
    struct capos_thread *thread[2];
    int32_t status;

    for (unsigned i = 0; i < 2; i++)
        if (capos_thread_create(&thread[i], come_and_go, NULL, NULL) != CAPOS_DONE)
            capos_exit(69);
    for (unsigned i = 0; i < 2; i++)
        if (capos_thread_join(thread[i], &status) != CAPOS_DONE || status != 7)
            capos_exit(70);
}

static struct capos_virtual_memory own_memory(void) {
    return (struct capos_virtual_memory){
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
}

static void unmap(uint64_t at, uint64_t bytes) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;

    need(&call, capos_virtual_memory_unmap(&call, capos_ring(), own_memory(), at, bytes, &results));
}

static void memory(void) {
    const uint64_t bytes = (uint64_t)PAGES * CAPOS_PAGE_SIZE;
    struct capos_virtual_memory_allocate_results allocated;
    struct capos_virtual_memory_protect_results protected;
    struct capos_virtual_memory_decommit_results gone;
    struct capos_call call;
    int outcome = capos_virtual_memory_allocate(&call, capos_ring(), own_memory(), bytes,
                                                CAPOS_PROTECTION_READ_WRITE, &allocated);
    uint64_t at =
        outcome == CAPOS_DONE ? capos_virtual_memory_allocate_results_address(allocated) : 0;

    need(&call, outcome);
    for (uint64_t page = 0; page < PAGES; page += 16)
        *(volatile uint64_t *)(uintptr_t)(at + page * CAPOS_PAGE_SIZE) = page;
    need(&call, capos_virtual_memory_protect(&call, capos_ring(), own_memory(), at, bytes,
                                             CAPOS_PROTECTION_READ, &protected));
    need(&call,
         capos_virtual_memory_decommit(&call, capos_ring(), own_memory(), at, bytes / 2, &gone));
    unmap(at, bytes);
}

static void objects(void) {
    const uint64_t bytes = (uint64_t)PAGES * CAPOS_PAGE_SIZE;
    struct capos_memory_object whole = {guest_memory(bytes)}, part;
    struct capos_memory_object_slice_results sliced;
    struct capos_call call;
    int outcome = capos_memory_object_slice(&call, capos_ring(), whole, CAPOS_PAGE_SIZE,
                                            bytes - CAPOS_PAGE_SIZE, &sliced);

    part.id = outcome == CAPOS_DONE ? capos_memory_object_slice_results_object(sliced).id : 0;
    need(&call, outcome);
    capos_release(whole.id);
    uint64_t at = (uint64_t)(uintptr_t)guest_map(part.id, bytes - CAPOS_PAGE_SIZE);
    *(volatile uint64_t *)(uintptr_t)at = 1;
    capos_release(part.id);
    unmap(at, bytes - CAPOS_PAGE_SIZE);
}

static void revoke(void) {
    struct capos_revoker_factory factory = {
        capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID)};
    struct capos_revoker_factory_make_results made;
    struct capos_revoker_revoke_results revoked;
    struct demo_echo_ping_results pinged;
    struct capos_revoker revoker;
    struct demo_echo copy;
    struct capos_call call;

    if (capos_revoker_factory_make(&call, capos_ring(), factory, (struct capos_capability){echo.id},
                                   &made) != CAPOS_DONE)
        capos_exit(71);
    copy.id = capos_revoker_factory_make_results_copy(made).id;
    revoker = capos_revoker_factory_make_results_revoker(made);
    capos_call_release(&call);
    need(&call, demo_echo_ping(&call, capos_ring(), copy, &pinged));
    need(&call, capos_revoker_revoke(&call, capos_ring(), revoker, &revoked));
    capos_release(copy.id);
    capos_release(revoker.id);
}

static void found(void) {
    struct capos_endpoint endpoint = guest_endpoint();
    uint64_t facet = guest_facet(endpoint, DEMO_ECHO_INTERFACE_ID, 1);
    uint64_t receiver = guest_receiver(endpoint);

    capos_release(facet);
    capos_release(receiver);
    capos_release(endpoint.id);
}

// A kid outlives who has started it, so it ends by itself.
static void spawn(void) {
    const struct guest_program kid = {
        .binary = "doer",
        .limits =
            {.slots = 16, .frames = 128, .reserved_pages = 1024, .threads = 1, .kernel_memory = 32},
        .grants = 3,
        .grant = {{"kid", guest_system()->console, GUEST_COPY},
                  {"timer", timer.id, GUEST_COPY},
                  {"echo", echo.id, GUEST_COPY}},
    };

    if (!guest_kill(guest_start(&kid)))
        capos_exit(72);
}

static void (*const doings[DOINGS])(void) = {
    [DO_NOTHING] = nothing, [DO_ASK] = ask,       [DO_SLEEP] = sleep,     [DO_CALL] = call,
    [DO_CANCEL] = cancel,   [DO_PARK] = park,     [DO_THREADS] = threads, [DO_MEMORY] = memory,
    [DO_OBJECTS] = objects, [DO_REVOKE] = revoke, [DO_FOUND] = found,     [DO_SPAWN] = spawn,
};

static int be_kid(void) {
    for (unsigned i = 0; i < KID_ASKS; i++)
        ask();
    return 0;
}

int main(void) {
    timer.id = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    echo.id = capos_need("echo", DEMO_ECHO_INTERFACE_ID);
    if (capos_grant("kid", CAPOS_CONSOLE_INTERFACE_ID) != 0)
        return be_kid();
    if (capos_grant("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID) != 0)
        guest_attach();
    for (unsigned i = 0; i < DOINGS; i++)
        while (capos_grant(doing_names[i], CAPOS_CONSOLE_INTERFACE_ID) != 0)
            doings[i]();
    return 73;
}
