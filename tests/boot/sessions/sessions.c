// SPDX-License-Identifier: MIT
//
// The init of an image whose sessions are ended under load. Each round starts a session with
// members that do different things without end (member.c), some of which belongs to it, and ends it
// at some moment, or has a member end it; some members are killed meanwhile. When `end` has
// answered nothing of it may be left. Prints TAP.
#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/session.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/promises/branch.capos.h"
#include "tests/boot/sessions/roles.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum { MEMBERS = 4, ROUNDS = 4, TESTS = 8, PASSES_MOST = 8, PATIENCE = 20000 };

static struct capos_session_authority sessions;
static struct capos_endpoint endpoint, silence;
static uint64_t root, silent, memory;
static _Atomic uint64_t *words; // of the memory
static struct capos_process_handle server;
static uint64_t seed = 20260101;

// What has come of each test, over all passes.
static struct {
    const char *name;
    bool ok;
} verdicts[TESTS];
static unsigned verdict_count;

static void check(bool ok, const char *name) {
    unsigned i = 0;

    while (i < verdict_count && verdicts[i].name != name)
        i++;
    if (i == verdict_count) {
        verdicts[i].name = name;
        verdicts[i].ok = true;
        verdict_count++;
    }
    verdicts[i].ok = verdicts[i].ok && ok;
}

static uint64_t below(uint64_t limit) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % limit;
}

// A member, and the page that it shares with us.
struct member {
    uint64_t page;
    _Atomic uint64_t *words;
    struct capos_process_handle process;
    enum role role;
    bool killed;
};

// A session, and what belongs to it of ours.
struct round {
    struct capos_session session;
    uint64_t root, silent, memory;
    unsigned members;
    struct member member[MEMBERS + ROLES];
};

static int bind(struct capos_session session, uint64_t cap, uint64_t *copy) {
    struct capos_session_bind_results results;
    struct capos_call call;

    capos_session_bind_params_set_capability(capos_session_bind_begin(&call, capos_ring(), session),
                                             (struct capos_capability){cap});
    int outcome = capos_session_bind_call(&call, &results);
    if (outcome == CAPOS_DONE)
        *copy = capos_session_bind_results_copy(results).id;
    capos_call_release(&call);
    return outcome;
}

static uint64_t bound(struct capos_session session, uint64_t cap) {
    uint64_t copy = 0;

    if (bind(session, cap, &copy) != CAPOS_DONE)
        capos_panic("nothing can be bound");
    return copy;
}

static bool is_ended(struct capos_session session) {
    struct capos_session_info_results results;
    struct capos_call call;
    bool ended = capos_session_info(&call, capos_ring(), session, &results) == CAPOS_DONE &&
                 capos_session_info_results_ended(results) &&
                 capos_session_info_results_processes(results) == 0;

    capos_call_release(&call);
    return ended;
}

static void end_send(struct capos_call *call, struct capos_session session) {
    capos_session_end_begin(call, capos_ring(), session);
    if (capos_session_end_send(call) != CAPOS_DONE)
        capos_panic("end can't be sent");
    capos_client_flush(capos_client());
}

static bool end_wait(struct capos_call *call) {
    struct capos_session_end_results results;
    bool ended = capos_session_end_wait(call, &results) == CAPOS_DONE;

    capos_call_release(call);
    return ended;
}

// Rounds ------------------------------------------------------------------------------------------

static struct round begin(void) {
    struct round round = {.session = guest_session()};

    round.root = bound(round.session, root);
    round.silent = bound(round.session, silent);
    round.memory = bound(round.session, memory);
    return round;
}

static void release_page(const struct member *member) {
    guest_unmap((void *)member->words, PAGE);
    capos_release(member->page);
}

static void add(struct round *round, enum role role) {
    struct member *member = &round->member[round->members++];

    *member = (struct member){.page = guest_memory(PAGE), .role = role};
    member->words = guest_map(member->page, PAGE);
    atomic_store(&member->words[ROLE], role);
    atomic_store(&member->words[ENOUGH], 1 + below(200));
    struct guest_program program = {.binary = "member",
                                    .session = round->session.id,
                                    .limits = {.frames = 1200,
                                               .threads = 8,
                                               .reserved_pages = 8192,
                                               .slots = 128,
                                               .kernel_memory = 400}};
    guest_grant(&program, "page", member->page);
    guest_grant(&program, "root", round->root);
    guest_grant(&program, "public", root);
    guest_grant(&program, "silent", round->silent);
    guest_grant(&program, "memory", round->memory);
    if (role == ENDER)
        guest_grant(&program, "session", round->session.id);
    else
        guest_grant(&program, "sessions", sessions.id);
    guest_grant_system(&program);
    guest_grant_threads(&program);
    int outcome = guest_spawn(&program, &member->process);
    if (outcome == CAPOS_DONE)
        return;
    if (outcome != CAPOS_DISCONNECTED) // a member has ended it already
        capos_panic("a member can't be started");
    release_page(member);
    round->members--;
}

static uint64_t count_of(const struct member *member) {
    return atomic_load(&member->words[COUNT]);
}

static void await(const struct member *member, uint64_t count) {
    for (unsigned i = 0; i < PATIENCE && count_of(member) < count; i++)
        guest_sleep(GUEST_MS / 10);
}

// How a member may end: with its session, by our hand, or because what it wrote to was taken away.
static bool ended_right(const struct member *member, const struct guest_outcome *outcome) {
    switch (outcome->how) {
    case CAPOS_PROCESS_END_WHICH_SESSION_ENDED:
        return true;
    case CAPOS_PROCESS_END_WHICH_KILLED:
        return member->killed;
    case CAPOS_PROCESS_END_WHICH_CRASHED:
        return member->role == WRITER && outcome->cause == CAPOS_CRASH_CAUSE_PAGE_FAULT;
    default:
        return false;
    }
}

static bool bury(struct member *member) {
    struct guest_outcome outcome = {0};
    bool right = guest_wait(member->process, &outcome) && ended_right(member, &outcome) &&
                 atomic_load(&member->words[COMPLAINT]) == 0;

    if (!right) {
        guest_note("role ", member->role);
        guest_note("complaint ", atomic_load(&member->words[COMPLAINT]));
        guest_note(outcome.text, (uint64_t)outcome.status);
    }
    release_page(member);
    return right;
}

static bool is_still(const struct round *round) {
    static uint64_t seen[MEMORY_PAGES * PAGE / 8];
    uint64_t counts[MEMBERS + ROLES];

    for (unsigned i = 0; i < MEMORY_PAGES * PAGE / 8; i++)
        seen[i] = atomic_load_explicit(&words[i], memory_order_relaxed);
    for (unsigned i = 0; i < round->members; i++)
        counts[i] = count_of(&round->member[i]);
    guest_sleep((uint64_t)3 * GUEST_MS);
    for (unsigned i = 0; i < round->members; i++)
        if (counts[i] != count_of(&round->member[i]))
            return false;
    for (unsigned i = 0; i < MEMORY_PAGES * PAGE / 8; i++)
        if (seen[i] != atomic_load_explicit(&words[i], memory_order_relaxed))
            return false;
    return true;
}

static int note(uint64_t through) {
    struct test_branch_note_results results;
    struct capos_call call;
    int outcome = test_branch_note(&call, capos_ring(), (struct test_branch){through}, &results);

    capos_call_release(&call);
    return outcome;
}

// After `end` has answered: nothing goes on, nothing works, all has ended as it should.
static bool finish(struct round *round) {
    bool right = is_still(round) && is_ended(round->session) &&
                 note(round->root) == -CAPOS_STATUS_DISCONNECTED && note(root) == CAPOS_DONE;
    uint64_t other;

    right = right && bind(round->session, root, &other) == CAPOS_DISCONNECTED;
    for (unsigned i = 0; i < round->members; i++)
        right = bury(&round->member[i]) && right;
    right = guest_end_session(round->session) && right; // once more, at once
    capos_release(round->root);
    capos_release(round->silent);
    capos_release(round->memory);
    capos_release(round->session.id);
    return right;
}

// The server has nothing of them left: it was told of each call, and of each branch.
static bool server_is_clean(void) {
    struct test_branch_counts_results results;
    struct capos_call call;
    bool clean = false;

    for (unsigned i = 0; i < PATIENCE && !clean; i++) {
        clean = test_branch_counts(&call, capos_ring(), (struct test_branch){root}, &results) ==
                    CAPOS_DONE &&
                test_branch_counts_results_held(results) == 0 &&
                test_branch_counts_results_live(results) == 0;
        capos_call_release(&call);
        if (!clean)
            guest_sleep(GUEST_MS / 10);
    }
    return clean;
}

// Tests -------------------------------------------------------------------------------------------

static void test_roles(void) {
    bool right = true;

    for (unsigned role = 0; role < ROLES; role++) {
        struct round round = begin();

        add(&round, (enum role)role);
        await(&round.member[0], 1);
        right = (role == ENDER || guest_end_session(round.session)) && right;
        right = guest_end_session(round.session) && right;
        if (!finish(&round)) {
            guest_note("role ", role);
            right = false;
        }
    }
    check(right, "whatever a member does, it ends with its session");
}

static void kill_some(struct round *round) {
    for (unsigned i = 0; i < round->members; i++) {
        struct capos_process_handle_kill_results results;
        struct capos_call call;

        if (below(4) != 0)
            continue;
        round->member[i].killed = true;
        (void)capos_process_handle_kill(&call, capos_ring(), round->member[i].process, &results);
        capos_call_release(&call);
    }
}

static void test_rounds(void) {
    bool right = true;

    for (unsigned n = 0; n < ROUNDS; n++) {
        struct round round = begin();
        struct capos_call call;

        for (unsigned i = 0; i < MEMBERS; i++)
            add(&round, (enum role)below(n % 2 == 0 ? ENDER : ROLES));
        guest_sleep(below((uint64_t)20 * GUEST_MS));
        if (n % 4 < 2)
            kill_some(&round);
        end_send(&call, round.session);
        if (n % 4 == 2)
            kill_some(&round);
        right = end_wait(&call) && right;
        if (!finish(&round)) {
            guest_note("round ", n);
            right = false;
        }
    }
    check(right, "so do many, some of which are killed or end it themselves");
    check(server_is_clean(), "their server outside was told of all");
}

// A server in the session: those outside who call it.
static void test_server_inside(void) {
    struct capos_endpoint inside = guest_endpoint();
    uint64_t facet = guest_facet(inside, TEST_BRANCH_INTERFACE_ID, 0);
    struct capos_session session = guest_session();
    const struct guest_program program = {
        .binary = "grower",
        .session = session.id,
        .limits = {.calls_held = 64, .facets = 64, .reserved_pages = 1024},
        .grants = 2,
        .grant = {{"receiver", guest_receiver(inside), GUEST_MOVE},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };
    struct capos_process_handle process = guest_start(&program);
    struct test_branch_hold_results held;
    struct test_branch_child_results child;
    struct guest_outcome outcome = {0};
    struct capos_call hold, first;
    uint64_t branch = 0;

    if (test_branch_child(&first, capos_ring(), (struct test_branch){facet}, 1, &child) ==
        CAPOS_DONE)
        branch = test_branch_child_results_branch(child).id;
    capos_call_release(&first);
    test_branch_hold_begin(&hold, capos_ring(), (struct test_branch){branch});
    check(test_branch_hold_send(&hold) == CAPOS_DONE && note(branch) == CAPOS_DONE,
          "a server in a session");
    check(guest_end_session(session) && note(branch) == -CAPOS_STATUS_DISCONNECTED &&
              note(facet) == -CAPOS_STATUS_DISCONNECTED,
          "when it ends, those outside are disconnected");
    check(test_branch_hold_wait(&hold, &held) == -CAPOS_STATUS_DISCONNECTED,
          "a call that it held ends");
    capos_call_release(&hold);
    check(guest_wait(process, &outcome) && outcome.how == CAPOS_PROCESS_END_WHICH_SESSION_ENDED,
          "the server's end is told");
    capos_release(branch);
    capos_release(facet);
    capos_release(session.id);
    capos_release(inside.id);
}

// Of two sessions that use the same, one goes on.
static void test_neighbours(void) {
    struct round one = begin(), other = begin();
    const struct guest_program stranger = {
        .binary = "member",
        .session = other.session.id,
        .grants = 1,
        .grant = {{"root", one.root, GUEST_COPY}},
    };
    struct capos_process_handle none;

    add(&one, CALLER);
    add(&one, MAPPER);
    add(&other, CALLER);
    add(&other, MAPPER);
    await(&one.member[0], 10);
    bool right = guest_spawn(&stranger, &none) == CAPOS_INVALID_ARGUMENT;
    right = guest_end_session(one.session) && right;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t before = count_of(&other.member[i]);

        await(&other.member[i], before + 20);
        right = right && count_of(&other.member[i]) >= before + 20;
    }
    right = finish(&one) && right;
    right = guest_end_session(other.session) && right;
    check(finish(&other) && right, "another session goes on, and can't get what is the one's");
}

int main(void) {
    guest_begin(TESTS + 1);
    sessions.id = capos_need("sessions", CAPOS_SESSION_AUTHORITY_INTERFACE_ID);
    endpoint = guest_endpoint();
    root = guest_facet(endpoint, TEST_BRANCH_INTERFACE_ID, 0);
    silence = guest_endpoint();
    silent = guest_facet(silence, TEST_BRANCH_INTERFACE_ID, 0);
    (void)guest_receiver(silence); // held, and that is all
    memory = guest_memory((uint64_t)MEMORY_PAGES * PAGE);
    words = guest_map(memory, (uint64_t)MEMORY_PAGES * PAGE);
    const struct guest_program program = {
        .binary = "grower",
        .limits = {.calls_held = 256, .facets = 600, .reserved_pages = 1024},
        .grants = 2,
        .grant = {{"receiver", guest_receiver(endpoint), GUEST_MOVE},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };
    server = guest_start(&program);
    // Tables grow with what the members happen to do; a leak would go on in each pass.
    uint64_t before, now = 0;
    unsigned passes = 0;
    do {
        before = now;
        test_roles();
        test_rounds();
        test_server_inside();
        test_neighbours();
        now = guest_baseline();
        passes++;
    } while (now != before && passes < PASSES_MOST);
    for (unsigned i = 0; i < verdict_count; i++)
        guest_check(verdicts[i].ok, verdicts[i].name);
    guest_check_value(now == before, "a pass leaves as much memory free as the one before", now);
    (void)guest_kill(server);
    guest_end();
}
