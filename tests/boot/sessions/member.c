// SPDX-License-Identifier: MIT
//
// A member of a session that is going to be ended (roles.h). It never ends by itself: who waits for
// it must be told that its session has ended, or that it was killed. What it sees and may not be it
// notes on the page, and crashes.
#include "capos/park.h"
#include "capos/runtime.h"
#include "capos/thread.h"
#include "schemas/console.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/session.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/promises/branch.capos.h"
#include "tests/boot/sessions/roles.h"
#include "tests/guest/guest.h"

enum { HOLDS = 4, PARKED = 2, KIDS = 3 };

static _Atomic uint64_t *page;
static struct test_branch root, silent;

__attribute__((noreturn)) static void complain(uint64_t what) {
    atomic_store(&page[COMPLAINT], what);
    __builtin_trap();
}

static void progress(void) {
    atomic_fetch_add_explicit(&page[COUNT], 1, memory_order_relaxed);
}

static struct capos_virtual_memory own_memory(void) {
    return (struct capos_virtual_memory){
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
}

static int map(uint64_t object, uint64_t bytes, uint64_t *at) {
    struct capos_virtual_memory_map_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_map(&call, capos_ring(), own_memory(),
                                           (struct capos_memory_object){object}, 0, bytes,
                                           CAPOS_PROTECTION_READ_WRITE, &results);

    if (outcome == CAPOS_DONE)
        *at = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return outcome;
}

static void unmap(uint64_t at, uint64_t bytes) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;

    if (capos_virtual_memory_unmap(&call, capos_ring(), own_memory(), at, bytes, &results) !=
        CAPOS_DONE)
        complain(1);
    capos_call_release(&call);
}

// What a use may come to: it works, or the session has ended and this process is about to.
static void judge(int outcome) {
    if (outcome == CAPOS_DONE)
        progress();
    else if (outcome != -CAPOS_STATUS_DISCONNECTED && outcome != CAPOS_DISCONNECTED)
        complain((uint64_t)1000 + (uint64_t)(uint32_t)outcome);
}

static void note(void) {
    struct test_branch_note_results results;
    struct capos_call call;
    int outcome = test_branch_note(&call, capos_ring(), root, &results);

    capos_call_release(&call);
    judge(outcome);
}

__attribute__((noreturn)) static void be_caller(void) {
    for (;;)
        note();
}

__attribute__((noreturn)) static void be_holder(void) {
    struct test_branch_hold_results results;
    struct capos_call call[HOLDS];

    for (unsigned i = 0; i < HOLDS; i++) {
        test_branch_hold_begin(&call[i], capos_ring(), root);
        if (test_branch_hold_send(&call[i]) != CAPOS_DONE)
            complain(2);
    }
    note();
    if (test_branch_hold_wait(&call[0], &results) != -CAPOS_STATUS_DISCONNECTED)
        complain(3);
    be_caller();
}

// A chain of calls on the answer of one that nobody takes, and a release of it.
__attribute__((noreturn)) static void be_climber(void) {
    struct capos_call call[HOLDS], where;
    struct test_branch_where_results results;

    test_branch_child_params_set_name(test_branch_child_begin(&call[0], capos_ring(), silent), 1);
    for (unsigned i = 0; i < HOLDS; i++) {
        if (i > 0)
            test_branch_child_params_set_name(
                test_branch_child_begin_on(&call[i],
                                           test_branch_child_promise_branch(&call[i - 1])),
                1);
        if (test_branch_child_send(&call[i]) != CAPOS_DONE)
            complain(4);
    }
    test_branch_where_begin_on(&where, test_branch_child_promise_branch(&call[HOLDS - 1]));
    if (test_branch_where_send(&where) != CAPOS_DONE)
        complain(5);
    note();
    if (test_branch_where_wait(&where, &results) >= 0)
        complain(6);
    be_caller();
}

static _Atomic uint32_t word;

__attribute__((noreturn)) static int32_t park(void *argument) {
    (void)argument;
    for (;;)
        (void)capos_park(&word, 0, CAPOS_NO_DEADLINE);
}

__attribute__((noreturn)) static int32_t sleep(void *argument) {
    (void)argument;
    for (;;)
        guest_sleep(UINT64_MAX / 4);
}

__attribute__((noreturn)) static void be_parker(void) {
    struct capos_thread *thread[PARKED + 1];

    for (unsigned i = 0; i < PARKED; i++)
        if (capos_thread_create(&thread[i], park, NULL, NULL) != CAPOS_DONE)
            complain(8);
    if (capos_thread_create(&thread[PARKED], sleep, NULL, NULL) != CAPOS_DONE)
        complain(9);
    for (;;) {
        capos_unpark(&word, 1);
        progress();
    }
}

__attribute__((noreturn)) static void be_writer(uint64_t memory) {
    uint64_t at;

    if (map(memory, (uint64_t)MEMORY_PAGES * PAGE, &at) != CAPOS_DONE)
        be_caller(); // it has ended
    _Atomic uint64_t *words = (void *)(uintptr_t)at;

    for (uint64_t n = 1;; n++) {
        for (unsigned i = 0; i < MEMORY_PAGES; i++)
            atomic_store_explicit(&words[i * 512 + n % 512], n, memory_order_relaxed);
        progress();
    }
}

__attribute__((noreturn)) static void be_mapper(uint64_t memory) {
    uint64_t at;

    for (;;) {
        int outcome = map(memory, (uint64_t)MEMORY_PAGES * PAGE, &at);

        judge(outcome);
        if (outcome == CAPOS_DONE)
            unmap(at, (uint64_t)MEMORY_PAGES * PAGE);
    }
}

// A process that does what a CALLER does.
static int start_kid(uint64_t session, struct capos_process_handle *kid) {
    const struct guest_program program = {
        .binary = "member",
        .session = session,
        .limits =
            {.slots = 16, .frames = 128, .reserved_pages = 1024, .threads = 1, .kernel_memory = 32},
        .grants = 4,
        .grant = {{"page", capos_need("page", CAPOS_MEMORY_OBJECT_INTERFACE_ID), GUEST_COPY},
                  {"root", root.id, GUEST_COPY},
                  {"kid", guest_system()->console, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    return guest_spawn(&program, kid);
}

__attribute__((noreturn)) static void be_breeder(void) {
    struct capos_process_handle kid[KIDS];
    unsigned count = 0;

    for (;;) {
        while (count < KIDS && start_kid(0, &kid[count]) == CAPOS_DONE)
            count++;
        progress();
        if (count > 0)
            (void)guest_kill(kid[--count]);
    }
}

// What belongs to the outer session can't be passed to the inner one.
__attribute__((noreturn)) static void be_nester(void) {
    struct capos_session_authority sessions = {
        capos_need("sessions", CAPOS_SESSION_AUTHORITY_INTERFACE_ID)};
    struct capos_session_authority_start_results results;
    struct capos_process_handle kid;
    struct capos_call call;
    int outcome = capos_session_authority_start(&call, capos_ring(), sessions, &results);

    if (outcome == CAPOS_DISCONNECTED)
        be_caller();
    if (outcome != CAPOS_DONE)
        complain(10);
    uint64_t session = capos_session_authority_start_results_session(results).id;
    capos_call_release(&call);
    outcome = start_kid(session, &kid);
    if (outcome != CAPOS_INVALID_ARGUMENT && outcome != CAPOS_DISCONNECTED)
        complain(11);
    root.id = capos_need("public", TEST_BRANCH_INTERFACE_ID); // this can
    outcome = start_kid(session, &kid);
    if (outcome != CAPOS_DONE && outcome != CAPOS_DISCONNECTED)
        complain(12);
    for (;;)
        progress();
}

__attribute__((noreturn)) static void be_ender(void) {
    struct capos_session session = {capos_need("session", CAPOS_SESSION_INTERFACE_ID)};
    struct capos_session_end_results results;
    struct capos_call call;

    while (atomic_load(&page[COUNT]) < atomic_load(&page[ENOUGH]))
        note();
    (void)capos_session_end(&call, capos_ring(), session, &results);
    complain(13);
}

int main(void) {
    uint64_t at, memory = capos_grant("memory", CAPOS_MEMORY_OBJECT_INTERFACE_ID);

    if (map(capos_need("page", CAPOS_MEMORY_OBJECT_INTERFACE_ID), PAGE, &at) != CAPOS_DONE)
        __builtin_trap();
    page = (void *)(uintptr_t)at;
    root.id = capos_need("root", TEST_BRANCH_INTERFACE_ID);
    if (capos_grant("kid", CAPOS_CONSOLE_INTERFACE_ID) != 0)
        be_caller();
    guest_attach();
    silent.id = capos_need("silent", TEST_BRANCH_INTERFACE_ID);
    switch ((enum role)atomic_load(&page[ROLE])) {
    case CALLER:
        be_caller();
    case HOLDER:
        be_holder();
    case CLIMBER:
        be_climber();
    case PARKER:
        be_parker();
    case WRITER:
        be_writer(memory);
    case MAPPER:
        be_mapper(memory);
    case BREEDER:
        be_breeder();
    case NESTER:
        be_nester();
    case ENDER:
        be_ender();
    case ROLES:
        break;
    }
    complain(14);
}
