// SPDX-License-Identifier: MIT
//
// The init of promises.tap: calls on answers to come, calls after others, and cancelling, as a
// program uses them, through generated code (branch.capnp, served by grower); then programs that
// tangle them up (tangler). Prints TAP.
#include "base/text.h"
#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/promises/branch.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum { TESTS = 19, ROUNDS = 100, LONGEST = 60, TANGLERS = 3, RESULTS = 64 };

static struct capos_endpoint endpoint;
static struct test_branch root;
static struct capos_process_handle grower;

// The Receiver is asked for, and the program that it is for is started with it.
static void start_grower(void) {
    // A held call keeps the slots of the table that its RECV had reserved.
    struct guest_program program = {.binary = "grower",
                                    .limits = {.slots = 2048, .calls_held = 256, .facets = 1024}};

    program.grant[program.grants++] =
        (struct guest_grant){"receiver", guest_receiver(endpoint), GUEST_MOVE};
    program.grant[program.grants++] =
        (struct guest_grant){"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN};
    grower = guest_start(&program);
}

// Sends a call for the branch `name` of what `from` brings, or of the root if that is NULL.
static bool send_child(struct capos_call *call, struct capos_call *from, uint32_t name) {
    struct test_branch_child_params_builder params;

    capos_expect_results(capos_client(), RESULTS);
    if (from == NULL)
        params = test_branch_child_begin(call, capos_ring(), root);
    else
        params = test_branch_child_begin_on(call, test_branch_child_promise_branch(from));
    test_branch_child_params_set_name(params, name);
    return test_branch_child_send(call) == CAPOS_DONE;
}

static int wait_where(struct capos_call *call, uint64_t *path) {
    struct test_branch_where_results results;
    int outcome = test_branch_where_wait(call, &results);

    *path =
        test_branch_where_results_path(results) * 100 + test_branch_where_results_depth(results);
    capos_call_release(call);
    return outcome;
}

static int where(struct test_branch_promise at, uint64_t *path) {
    struct capos_call call;

    test_branch_where_begin_on(&call, at);
    return test_branch_where_send(&call) == CAPOS_DONE ? wait_where(&call, path) : -1;
}

struct counts {
    uint64_t live;
    uint32_t held, cancelled;
};

static struct counts counts(void) {
    struct test_branch_counts_results results;
    struct counts now = {UINT64_MAX, 0, 0};
    struct capos_call call;

    if (test_branch_counts(&call, capos_ring(), root, &results) == CAPOS_DONE)
        now = (struct counts){test_branch_counts_results_live(results),
                              test_branch_counts_results_held(results),
                              test_branch_counts_results_cancelled(results)};
    capos_call_release(&call);
    return now;
}

// The server learns of what was given up by a notice, soon.
static bool nothing_is_held(void) {
    for (int i = 0; i < 200; i++) {
        if (counts().live == 0)
            return true;
        guest_sleep(GUEST_MS);
    }
    return false;
}

// Why not even one step can be made now.
static void tell_why(void) {
    struct test_branch_child_results results;
    struct capos_call call;

    if (send_child(&call, NULL, 1) && test_branch_child_wait(&call, &results) == CAPOS_DONE)
        capos_release(test_branch_child_results_branch(results).id);
    guest_note(call.reason, (uint64_t)(call.status + 100));
    capos_call_release(&call);
}

// Each on the answer of the one before, and what the calls bring given up as soon as the next one
// was sent; nobody waits but for the last.
static bool climb_lightly(unsigned steps) {
    struct capos_call calls[LONGEST];
    uint64_t path = 0, expected = 0;
    bool right = true;

    for (unsigned i = 0; i < steps; i++) {
        right = send_child(&calls[i], i == 0 ? NULL : &calls[i - 1], i % 3 + 1) && right;
        expected = expected * 10 + i % 3 + 1;
        if (i > 0)
            capos_call_release(&calls[i - 1]);
    }
    struct capos_call last;
    test_branch_where_begin_on(&last, test_branch_child_promise_branch(&calls[steps - 1]));
    right = test_branch_where_send(&last) == CAPOS_DONE && right;
    capos_call_release(&calls[steps - 1]);
    int outcome = wait_where(&last, &path);
    if (outcome != CAPOS_DONE)
        tell_why();
    return outcome == CAPOS_DONE && path == expected * 100 + steps && right;
}

static bool climb_often(void) {
    bool right = true;

    for (unsigned i = 0; i < ROUNDS; i++)
        right = climb_lightly(i % 20 + 1) && right;
    return right;
}

static bool notes_in_order(void) {
    struct capos_call first, notes[20];
    struct test_branch_note_results results;
    uint32_t before[20];
    bool right = send_child(&first, NULL, 5);

    for (unsigned i = 0; i < 20; i++) {
        test_branch_note_begin_on(&notes[i], test_branch_child_promise_branch(&first));
        right = test_branch_note_send(&notes[i]) == CAPOS_DONE && right;
    }
    capos_call_release(&first);
    for (unsigned i = 0; i < 20; i++) {
        right = test_branch_note_wait(&notes[i], &results) == CAPOS_DONE && right;
        before[i] = test_branch_note_results_before(results);
        right = before[i] == before[0] + i && right;
        capos_call_release(&notes[i]);
    }
    return right;
}

// The third is of a name that there is none of: it says why, those behind it that it failed.
static bool failure_in_the_middle(void) {
    struct test_branch_child_results results;
    struct capos_call calls[6];
    int outcome[6];
    bool right = true, told;

    for (unsigned i = 0; i < 6; i++)
        right = send_child(&calls[i], i == 0 ? NULL : &calls[i - 1], i == 2 ? 0 : 4) && right;
    for (unsigned i = 0; i < 6; i++)
        outcome[i] = test_branch_child_wait(&calls[i], &results);
    told = text_is(calls[2].reason, text_length(calls[2].reason, 64), "no such branch");
    for (unsigned i = 0; i < 2; i++)
        capos_release(calls[i].results.descriptors[0].cap);
    for (unsigned i = 0; i < 6; i++)
        capos_call_release(&calls[i]);
    return right && told && outcome[0] == CAPOS_DONE && outcome[1] == CAPOS_DONE &&
           outcome[2] == CAPOS_FAILED && outcome[3] == -CAPOS_STATUS_SOURCE_FAILED &&
           outcome[4] == -CAPOS_STATUS_SOURCE_FAILED && outcome[5] == -CAPOS_STATUS_SOURCE_FAILED;
}

// Two capabilities of one answer, of which the first may be missing.
static bool places(uint32_t name) {
    struct test_branch_pair_params_builder params;
    struct capos_call call;
    uint64_t left = 0, right = 0;
    int outcome[2];
    bool ok;

    params = test_branch_pair_begin(&call, capos_ring(), root);
    test_branch_pair_params_set_name(params, name);
    ok = test_branch_pair_send(&call) == CAPOS_DONE;
    outcome[0] = where(test_branch_pair_promise_left(&call), &left);
    outcome[1] = where(test_branch_pair_promise_right(&call), &right);
    ok = capos_promise_release(test_branch_pair_promise_right(&call).promise) == CAPOS_DONE && ok;
    if (name != 0)
        ok =
            capos_promise_release(test_branch_pair_promise_left(&call).promise) == CAPOS_DONE && ok;
    capos_client_flush(capos_client());
    capos_call_release(&call);
    return ok && outcome[1] == CAPOS_DONE && right == (name + 1) * 100 + 1 &&
           (name == 0 ? outcome[0] == -CAPOS_STATUS_REFUSED
                      : outcome[0] == CAPOS_DONE && left == name * 100 + 1);
}

// On what the kernel returns: a slice of a slice of memory, and its size.
static bool kernel_objects(void) {
    struct capos_frame_allocator frames = {
        capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_params_builder allocate;
    struct capos_memory_object_slice_params_builder slice;
    struct capos_memory_object_info_results info;
    struct capos_call calls[3];
    bool right;

    allocate = capos_frame_allocator_allocate_begin(&calls[0], capos_ring(), frames);
    capos_frame_allocator_allocate_params_set_bytes(allocate, 4 * CAPOS_PAGE_BYTES);
    right = capos_frame_allocator_allocate_send(&calls[0]) == CAPOS_DONE;
    slice = capos_memory_object_slice_begin_on(
        &calls[1], capos_frame_allocator_allocate_promise_object(&calls[0]));
    capos_memory_object_slice_params_set_offset(slice, CAPOS_PAGE_BYTES);
    capos_memory_object_slice_params_set_bytes(slice, 2 * CAPOS_PAGE_BYTES);
    right = capos_memory_object_slice_send(&calls[1]) == CAPOS_DONE && right;
    capos_memory_object_info_begin_on(&calls[2],
                                      capos_memory_object_slice_promise_object(&calls[1]));
    right = capos_memory_object_info_send(&calls[2]) == CAPOS_DONE && right;
    capos_call_release(&calls[0]);
    capos_call_release(&calls[1]);
    right = capos_memory_object_info_wait(&calls[2], &info) == CAPOS_DONE &&
            capos_memory_object_info_results_bytes(info) == 2 * CAPOS_PAGE_BYTES && right;
    capos_call_release(&calls[2]);
    return right;
}

static bool send_sleep(struct capos_call *call, uint64_t until) {
    struct capos_timer timer = {guest_system()->timer};

    capos_timer_sleep_until_params_set_deadline(
        capos_timer_sleep_until_begin(call, capos_ring(), timer), until);
    return capos_timer_sleep_until_send(call) == CAPOS_DONE;
}

// A call to the server, and one to the kernel, that start when it is time.
static bool after_a_sleep(void) {
    struct capos_timer timer = {guest_system()->timer};
    struct capos_timer_now_results now;
    uint64_t until = guest_now() + 5 * GUEST_MS, path;
    struct capos_call sleep, there, then;
    bool right = send_sleep(&sleep, until);

    test_branch_where_begin(&there, capos_ring(), root);
    right = capos_call_after(&there, &sleep) == CAPOS_DONE &&
            test_branch_where_send(&there) == CAPOS_DONE && right;
    capos_timer_now_begin(&then, capos_ring(), timer);
    right = capos_call_after(&then, &there) == CAPOS_DONE &&
            capos_timer_now_send(&then) == CAPOS_DONE && right;
    right = capos_timer_now_wait(&then, &now) == CAPOS_DONE &&
            capos_timer_now_results_nanoseconds(now) >= until && right;
    right = wait_where(&there, &path) == CAPOS_DONE && path == 0 && right;
    capos_call_release(&then);
    capos_call_release(&sleep);
    return right;
}

static bool cancelled_in_the_server(void) {
    struct test_branch_hold_results results;
    struct counts before = counts(), now;
    struct capos_call call, after;
    uint64_t path;
    bool right;

    test_branch_hold_begin(&call, capos_ring(), root);
    right = test_branch_hold_send(&call) == CAPOS_DONE;
    test_branch_where_begin(&after, capos_ring(), root);
    right = capos_call_after(&after, &call) == CAPOS_DONE &&
            test_branch_where_send(&after) == CAPOS_DONE && right;
    right = counts().held == before.held + 1 && right;
    right = capos_call_cancel(&call) == CAPOS_DONE && right;
    right = test_branch_hold_wait(&call, &results) == -CAPOS_STATUS_CANCELLED && right;
    right = wait_where(&after, &path) == -CAPOS_STATUS_SOURCE_FAILED && right;
    capos_call_release(&call);
    now = counts(); // the notice came before this call
    return right && now.held == before.held && now.cancelled == before.cancelled + 1;
}

static bool cancelled_in_the_kernel(void) {
    struct capos_timer_sleep_until_results results;
    uint64_t start = guest_now();
    struct capos_call call;
    bool right = send_sleep(&call, start + UINT64_C(3600000) * GUEST_MS);

    capos_client_flush(capos_client());
    right = capos_call_cancel(&call) == CAPOS_DONE && right;
    right = capos_timer_sleep_until_wait(&call, &results) == -CAPOS_STATUS_CANCELLED && right;
    capos_call_release(&call);
    return right;
}

// What has been answered can't be cancelled: its answer comes.
static bool cancelled_too_late(void) {
    struct capos_call calls[8];
    uint64_t path;
    bool right = true;

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < 8; i++) {
            test_branch_where_begin(&calls[i], capos_ring(), root);
            right = test_branch_where_send(&calls[i]) == CAPOS_DONE && right;
        }
        if (round % 4 != 0)
            capos_client_flush(capos_client());
        for (unsigned i = 0; i < 8; i++)
            right = capos_call_cancel(&calls[i]) == CAPOS_DONE && right;
        for (unsigned i = 0; i < 8; i++) {
            int outcome = wait_where(&calls[i], &path);

            right = ((outcome == CAPOS_DONE && path == 0) || outcome == -CAPOS_STATUS_CANCELLED) &&
                    right;
        }
    }
    return right;
}

// The server dies while it holds the first; the chain behind it ends with it.
static bool a_server_that_dies(void) {
    struct test_branch_hold_results held;
    struct test_branch_child_results results;
    struct capos_call hold, child, grandchild;
    bool right;

    test_branch_hold_begin(&hold, capos_ring(), root);
    right = test_branch_hold_send(&hold) == CAPOS_DONE;
    test_branch_child_params_set_name(test_branch_child_begin(&child, capos_ring(), root), 1);
    right = capos_call_after(&child, &hold) == CAPOS_DONE &&
            test_branch_child_send(&child) == CAPOS_DONE && right;
    right = send_child(&grandchild, &child, 2) && right;
    right = counts().held == 1 && right;
    right = guest_kill(grower) && right;
    right = test_branch_hold_wait(&hold, &held) == -CAPOS_STATUS_DISCONNECTED &&
            test_branch_child_wait(&child, &results) == -CAPOS_STATUS_SOURCE_FAILED &&
            test_branch_child_wait(&grandchild, &results) == -CAPOS_STATUS_SOURCE_FAILED && right;
    capos_call_release(&grandchild);
    capos_call_release(&child);
    capos_call_release(&hold);
    return right;
}

static bool an_object_that_is_gone(void) {
    struct capos_call call;
    uint64_t path;
    bool right;

    start_grower();
    right = send_child(&call, NULL, 1);
    right = where(test_branch_child_promise_branch(&call), &path) == CAPOS_DONE && right;
    right = guest_kill(grower) && right;
    right = where(test_branch_child_promise_branch(&call), &path) == -CAPOS_STATUS_DISCONNECTED &&
            right;
    right = capos_promise_release(test_branch_child_promise_branch(&call).promise) == CAPOS_DONE &&
            right;
    capos_client_flush(capos_client());
    capos_call_release(&call);
    return right;
}

static void tangle(void) {
    struct capos_process_handle tanglers[TANGLERS];
    struct guest_outcome outcome = {0};
    bool right;

    right = climb_lightly(8); // so that there are these branches, when the tree is full
    for (unsigned i = 0; i < TANGLERS; i++) {
        const struct guest_program program = {
            .binary = "tangler",
            .limits = {.slots = 128},
            .grants = 3,
            .grant = {{"console", guest_system()->console, GUEST_COPY},
                      {"timer", guest_system()->timer, GUEST_COPY},
                      {"branch", root.id, GUEST_COPY}},
        };
        tanglers[i] = guest_start(&program);
    }
    for (unsigned i = 0; i < ROUNDS; i++)
        right = climb_lightly(i % 8 + 1) && right;
    for (unsigned i = 0; i < TANGLERS; i++) {
        bool ok = guest_wait(tanglers[i], &outcome) &&
                  outcome.how == CAPOS_PROCESS_END_WHICH_EXITED && outcome.status == 0;

        format_text(guest_line(ok, "a program that tangles: "), outcome.text);
        guest_line_end();
    }
    guest_check(right, "chains beside them");
    if (!right && guest_wait(grower, &outcome)) {
        guest_note(outcome.text, 0);
        start_grower();
    }
}

// Everything once, so that what is made once is made.
static void rehearse(void) {
    start_grower();
    (void)climb_lightly(LONGEST);
    (void)guest_kill(grower);
}

int main(void) {
    guest_begin(TESTS);
    endpoint = guest_endpoint();
    root.id = guest_facet(endpoint, TEST_BRANCH_INTERFACE_ID, 0);
    rehearse();
    (void)guest_baseline();
    start_grower();
    guest_check(climb_lightly(1), "a call on an answer to come");
    guest_check(climb_lightly(8), "a chain of eight");
    guest_check(climb_lightly(LONGEST), "a chain of sixty, in one submission after the other");
    guest_check(climb_often(), "chains, many times");
    guest_check(notes_in_order(), "twenty on one answer, in their order");
    guest_check(failure_in_the_middle(), "a failure in the middle of a chain");
    guest_check(places(7), "the second capability of an answer");
    guest_check(places(0), "a capability that is missing keeps its place");
    guest_check(nothing_is_held(), "the server holds nothing for us any more");
    guest_check(kernel_objects(), "calls on objects that the kernel returns");
    guest_check(after_a_sleep(), "calls after others");
    guest_check(cancelled_in_the_server(), "a cancelled call, and what waited for it");
    guest_check(cancelled_in_the_kernel() && cancelled_too_late(), "cancelled or answered");
    guest_check(a_server_that_dies() && an_object_that_is_gone(), "a server that dies");
    start_grower();
    tangle();
    (void)guest_kill(grower);
    guest_check_memory();
    guest_end();
}
