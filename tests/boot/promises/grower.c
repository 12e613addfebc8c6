// SPDX-License-Identifier: MIT
//
// grower: the server of promises.tap (branch.capnp). A branch is made when it is first asked for
// and stays; what is counted is what clients hold of it.
#include "capos/server.h"

#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "tests/boot/promises/branch.capos.h"

enum { BRANCHES = 512, HELD = 64, BASE = 10 };

struct branch {
    struct capos_object object; // its id: the number in the array
    uint64_t path;
    uint32_t depth;
};

static struct capos_server server;
static struct branch branches[BRANCHES];
static uint32_t used;
static uint64_t live;
static uint32_t notes, held, cancelled;
static struct capos_answer answers[HELD];

static int dispatch(void *self, struct capos_invocation *inv);

static void released(void *self) {
    (void)self;
    live--;
}

static struct branch *find(uint64_t path, uint32_t depth) {
    struct branch *branch = branches;

    while (branch < branches + used && (branch->path != path || branch->depth != depth))
        branch++;
    if (branch == branches + BRANCHES)
        return NULL;
    if (branch == branches + used) {
        *branch = (struct branch){{.id = used,
                                   .interface = TEST_BRANCH_INTERFACE_ID,
                                   .dispatch = dispatch,
                                   .self = branch,
                                   .released = released},
                                  path,
                                  depth};
        capos_server_add(&server, &branch->object);
        used++;
    }
    return branch;
}

static struct capos_descriptor mint(const struct branch *branch) {
    live++;
    return capos_descriptor_mint(server.receiver, branch->object.id, TEST_BRANCH_INTERFACE_ID,
                                 CAPOS_SCOPE_ANY);
}

static struct branch *below(struct branch *branch, uint32_t name) {
    return find(branch->path * BASE + name % BASE, branch->depth + 1);
}

static int child(void *self, struct capos_invocation *inv, struct test_branch_child_params params,
                 struct test_branch_child_results_builder results) {
    uint32_t name = test_branch_child_params_name(params);
    struct branch *branch;

    if (name == 0)
        return capos_fail(inv, CAPOS_FAILED, "no such branch");
    branch = below(self, name);
    if (branch == NULL)
        return capos_fail(inv, CAPOS_OVERLOADED, "the tree is full");
    test_branch_child_results_give_branch(results, mint(branch));
    return CAPOS_DONE;
}

static int two(void *self, struct capos_invocation *inv, struct test_branch_pair_params params,
               struct test_branch_pair_results_builder results) {
    uint32_t name = test_branch_pair_params_name(params);
    struct branch *left = below(self, name), *right = below(self, name + 1);

    if (left == NULL || right == NULL)
        return capos_fail(inv, CAPOS_OVERLOADED, "the tree is full");
    test_branch_pair_results_give_right(results, mint(right));
    if (name != 0)
        test_branch_pair_results_give_left(results, mint(left));
    return CAPOS_DONE;
}

static int where(void *self, struct capos_invocation *inv, struct test_branch_where_params params,
                 struct test_branch_where_results_builder results) {
    const struct branch *branch = self;

    (void)inv, (void)params;
    test_branch_where_results_set_path(results, branch->path);
    test_branch_where_results_set_depth(results, branch->depth);
    return CAPOS_DONE;
}

static int note(void *self, struct capos_invocation *inv, struct test_branch_note_params params,
                struct test_branch_note_results_builder results) {
    (void)self, (void)inv, (void)params;
    test_branch_note_results_set_before(results, notes++);
    return CAPOS_DONE;
}

static int hold(void *self, struct capos_invocation *inv, struct test_branch_hold_params params,
                struct test_branch_hold_results_builder results) {
    (void)self, (void)params, (void)results;
    if (held == HELD)
        return capos_fail(inv, CAPOS_OVERLOADED, "too many are held");
    answers[held++] = capos_server_hold(inv);
    return CAPOS_PENDING;
}

// The kernel's notice: the caller is gone, or has cancelled.
static void forget(void *context, uint64_t token) {
    (void)context;
    for (uint32_t i = 0; i < held; i++) {
        if (answers[i].token != token)
            continue;
        capos_answer_fail(&answers[i], CAPOS_FAILED, "cancelled");
        answers[i] = answers[--held];
        cancelled++;
        return;
    }
}

static int counts(void *self, struct capos_invocation *inv, struct test_branch_counts_params params,
                  struct test_branch_counts_results_builder results) {
    (void)self, (void)inv, (void)params;
    test_branch_counts_results_set_live(results, live);
    test_branch_counts_results_set_held(results, held);
    test_branch_counts_results_set_cancelled(results, cancelled);
    return CAPOS_DONE;
}

static const struct test_branch_server handlers = {
    .child = child,
    .pair = two,
    .where = where,
    .note = note,
    .hold = hold,
    .counts = counts,
};

static int dispatch(void *self, struct capos_invocation *inv) {
    return test_branch_dispatch(&handlers, self, inv);
}

int main(void) {
    static const struct capos_server_sizes sizes = {.params_bytes = 256, .results_bytes = 256};
    static struct capos_object *buckets[64];
    uint64_t receiver = capos_need("receiver", CAPOS_RECEIVER_INTERFACE_ID);

    if (capos_server_init(&server, capos_client(), receiver, &sizes) != CAPOS_DONE)
        capos_panic("the message area is too small to serve");
    capos_server_use_buckets(&server, buckets, 64);
    server.cancelled = forget;
    (void)find(0, 0);
    capos_server_run(&server);
    return 1; // only without a Receiver
}
