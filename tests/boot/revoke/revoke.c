// SPDX-License-Identifier: MIT
//
// The init of an image that tries to use what has been revoked. Programs (holder.c) hold revocable
// copies of an Echo's facet, of a Timer and of memory, on all processors, and use them as fast as
// they can while this one revokes; when revoke() has answered, none of them succeeds any more.
// Prints TAP.
#include "capos/runtime.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/time.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum { ROUNDS = 8, CALLERS = 3, DEEP = 4, PAGES = 64, PAGE = 4096, TESTS = 2 * 11 + 1 };
enum { OVER, COUNT };

static struct capos_revoker_factory revokers;
static struct capos_endpoint endpoint, silent;
static uint64_t echo;
static struct capos_process_handle server;

struct copy {
    uint64_t cap;
    struct capos_revoker revoker;
};

// A holder, and the page that it shares with us.
struct holder {
    uint64_t page;
    _Atomic uint64_t *words;
    struct capos_process_handle process;
};

static int try_copy(uint64_t cap, struct copy *copy) {
    struct capos_revoker_factory_make_results results;
    struct capos_call call;

    int outcome = capos_revoker_factory_make(&call, capos_ring(), revokers,
                                             (struct capos_capability){cap}, &results);
    if (outcome == CAPOS_DONE) {
        copy->cap = capos_revoker_factory_make_results_copy(results).id;
        copy->revoker = capos_revoker_factory_make_results_revoker(results);
    }
    capos_call_release(&call);
    return outcome;
}

static struct copy copy_of(uint64_t cap) {
    struct copy copy;

    if (try_copy(cap, &copy) != CAPOS_DONE)
        capos_panic("no revocable copy");
    return copy;
}

static void revoke(const struct copy *copy) {
    struct capos_revoker_revoke_results results;
    struct capos_call call;

    if (capos_revoker_revoke(&call, capos_ring(), copy->revoker, &results) != CAPOS_DONE)
        capos_panic("revoke fails");
    capos_call_release(&call);
}

static void drop(const struct copy *copy) {
    capos_release(copy->cap);
    capos_release(copy->revoker.id);
}

// Holders -----------------------------------------------------------------------------------------

static struct holder start(const char *name, uint64_t cap, bool moved) {
    struct holder holder = {.page = guest_memory(PAGE)};
    const struct guest_program program = {
        .binary = "holder",
        .limits = {.reserved_pages = 1024, .calls_held = 4},
        .grants = 5,
        .grant = {{name, cap, moved ? GUEST_MOVE : GUEST_COPY},
                  {"page", holder.page, GUEST_COPY},
                  {"revokers", revokers.id, GUEST_COPY},
                  {"other", echo, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    holder.words = guest_map(holder.page, PAGE);
    holder.process = guest_start(&program);
    return holder;
}

static void tell(struct holder *holder) {
    atomic_store_explicit(&holder->words[OVER], 1, memory_order_release);
}

static void await(const struct holder *holder, uint64_t more) {
    uint64_t until = atomic_load(&holder->words[COUNT]) + more;

    for (unsigned i = 0; i < 20000 && atomic_load(&holder->words[COUNT]) < until; i++)
        guest_sleep(GUEST_MS / 10);
}

static bool end(struct holder *holder) {
    struct guest_outcome outcome = {0};
    bool ok = guest_wait(holder->process, &outcome) &&
              outcome.how == CAPOS_PROCESS_END_WHICH_EXITED && outcome.status == 0;

    if (!ok)
        guest_note(outcome.text, (uint64_t)outcome.status);
    guest_unmap((void *)holder->words, PAGE);
    capos_release(holder->page);
    return ok;
}

static void start_echo(void) {
    const struct guest_program program = {
        .binary = "echo",
        .limits = {.calls_held = 16, .reserved_pages = 1024},
        .grants = 2,
        .grant = {{"receiver", guest_receiver(endpoint), GUEST_MOVE},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    server = guest_start(&program);
}

// Tests -------------------------------------------------------------------------------------------

// Each holder calls without end; the first answers have come when the copy is revoked.
static bool round_of_calls(unsigned round) {
    struct copy copy = copy_of(echo);
    struct holder holder[CALLERS];
    bool ok = true;

    for (unsigned i = 0; i < CALLERS; i++)
        holder[i] = start("echo", copy.cap, false);
    for (unsigned i = 0; i < CALLERS; i++)
        await(&holder[i], 1 + round * 7 % 20);
    revoke(&copy);
    for (unsigned i = 0; i < CALLERS; i++)
        tell(&holder[i]);
    for (unsigned i = 0; i < CALLERS; i++)
        ok &= end(&holder[i]);
    drop(&copy);
    return ok;
}

static void test_calls(void) {
    bool ok = true;

    for (unsigned round = 0; round < ROUNDS; round++)
        ok &= round_of_calls(round);
    guest_check(ok, "no call succeeds after revoke, on no processor");
}

static void test_held_by_a_server(void) {
    uint64_t facet;
    struct copy copy;
    struct holder holder, caller;

    silent = guest_endpoint();
    facet = guest_facet(silent, DEMO_ECHO_INTERFACE_ID, 0);
    copy = copy_of(facet);
    holder = start("receiver", guest_receiver(silent), true);
    caller = start("echo", copy.cap, false);
    await(&holder, 1);
    revoke(&copy);
    tell(&caller);
    guest_check(end(&caller), "a call that a server holds ends");
    guest_check(end(&holder), "and the server is told");
    drop(&copy);
    capos_release(facet);
    capos_release(silent.id);
}

static void test_held_by_the_kernel(void) {
    struct copy copy = copy_of(guest_system()->timer);
    struct holder holder = start("sleeper", copy.cap, false);

    await(&holder, 1);
    guest_sleep(GUEST_MS);
    revoke(&copy);
    guest_check(end(&holder), "a call that the kernel holds ends");
    drop(&copy);
}

static bool is_still(const _Atomic uint64_t *words) {
    static uint64_t seen[PAGES * PAGE / 8];

    for (unsigned i = 0; i < PAGES * PAGE / 8; i++)
        seen[i] = atomic_load_explicit(&words[i], memory_order_relaxed);
    guest_sleep((uint64_t)10 * GUEST_MS);
    for (unsigned i = 0; i < PAGES * PAGE / 8; i++)
        if (seen[i] != atomic_load_explicit(&words[i], memory_order_relaxed))
            return false;
    return true;
}

static void test_memory(void) {
    uint64_t memory = guest_memory(PAGES * PAGE);
    _Atomic uint64_t *words = guest_map(memory, PAGES * PAGE);
    struct copy copy = copy_of(memory);
    struct holder holder = start("memory", copy.cap, false);
    struct guest_outcome outcome = {0};

    while (atomic_load(&words[PAGES * 512 - 1]) == 0)
        guest_sleep(GUEST_MS / 10);
    revoke(&copy);
    guest_check(is_still(words), "memory is not written after revoke");
    guest_check(guest_wait(holder.process, &outcome) &&
                    outcome.how == CAPOS_PROCESS_END_WHICH_CRASHED &&
                    outcome.cause == CAPOS_CRASH_CAUSE_PAGE_FAULT,
                "whoever wrote to it has crashed");
    atomic_store(&words[0], 1);
    guest_unmap((void *)holder.words, PAGE);
    capos_release(holder.page);
    guest_unmap((void *)words, PAGES * PAGE);
    capos_release(memory);
    drop(&copy);
}

static void test_nesting(void) {
    struct copy copy[DEEP + 1] = {{.cap = echo}}, fifth;
    struct holder holder[DEEP + 1];
    bool ok = true;

    for (unsigned i = 1; i <= DEEP; i++) {
        copy[i] = copy_of(copy[i - 1].cap);
        holder[i] = start("echo", copy[i].cap, false);
    }
    guest_check(try_copy(copy[DEEP].cap, &fifth) == CAPOS_FAILED, "four deep and no deeper");
    for (unsigned i = 1; i <= DEEP; i++)
        await(&holder[i], 1);
    revoke(&copy[2]);
    for (unsigned i = 2; i <= DEEP; i++)
        tell(&holder[i]);
    for (unsigned i = 2; i <= DEEP; i++)
        ok &= end(&holder[i]);
    guest_check(ok, "a revoker takes those below with it");
    uint64_t before = atomic_load(&holder[1].words[COUNT]);
    await(&holder[1], 10);
    guest_check(atomic_load(&holder[1].words[COUNT]) > before, "and leaves the one above");
    revoke(&copy[1]);
    tell(&holder[1]);
    guest_check(end(&holder[1]), "until that is revoked");
    for (unsigned i = 1; i <= DEEP; i++)
        drop(&copy[i]);
}

static void test_example(void) {
    const struct guest_program program = {
        .binary = "lend",
        .grants = 3,
        .grant = {{"console", guest_system()->console, GUEST_COPY},
                  {"timer", guest_system()->timer, GUEST_COPY},
                  {"revokers", revokers.id, GUEST_COPY}},
    };

    guest_run(&program, "the manual's example");
}

int main(void) {
    guest_begin(TESTS);
    revokers.id = capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID);
    endpoint = guest_endpoint();
    echo = guest_facet(endpoint, DEMO_ECHO_INTERFACE_ID, 0);
    start_echo();
    for (unsigned pass = 0; pass < 2; pass++) {
        if (pass == 1) // what is made once is made
            (void)guest_baseline();
        test_calls();
        test_held_by_a_server();
        test_held_by_the_kernel();
        test_memory();
        test_nesting();
        test_example();
    }
    guest_check_memory();
    (void)guest_kill(server);
    guest_end();
}
