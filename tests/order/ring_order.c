// SPDX-License-Identifier: MIT
//
// The memory order of lib/ring: both ends of small rings (ends.h) in every interleaving, with every
// value that C11 allows a load to return, around the wrap of rings and indices. Then each of the
// orders is taken away, one by one, and each must be missed. ORDER_DEEP in the environment runs the
// larger plans.
#include "tests/harness.h"
#include "tests/order/ends.h"
#include "tests/order/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct model_bounds all = {MODEL_ALL, MODEL_ALL};
static const struct model_scenario scenario = {2, ends_setup, ends_fiber, ends_check};

// entries, user's rounds and burst, kernel's rounds and burst, first index
static const struct ends_plan plans[] = {
    {1, 3, 1, 3, 1, 0},
    {2, 3, 1, 3, 1, 0},
    {2, 3, 1, 3, 1, UINT32_MAX},
    {2, 2, 2, 3, 2, UINT32_MAX - 1},
    {4, 2, 3, 2, 4, UINT32_MAX - 2},
};
static const struct ends_plan deep_plans[] = {
    {1, 4, 1, 4, 1, UINT32_MAX}, {2, 4, 1, 4, 1, UINT32_MAX},     {2, 3, 2, 3, 2, UINT32_MAX - 1},
    {2, 4, 1, 4, 2, UINT32_MAX}, {4, 3, 3, 2, 4, UINT32_MAX - 2},
};

enum {
    PLANS = sizeof plans / sizeof plans[0],
    DEEP_PLANS = sizeof deep_plans / sizeof deep_plans[0],
    ALARM = 300,
};

static struct model_counts explore(const struct ends_plan *plan,
                                   const struct model_mutant *mutant) {
    struct model_counts counts;
    const void *block;
    size_t bytes;

    ends_create(plan);
    block = ends_block(&bytes);
    model_watch(block, bytes);
    counts = model_explore(&scenario, all, mutant);
    ends_destroy();
    return counts;
}

static void tell(const struct ends_plan *plan, struct model_counts counts) {
    printf("# %u entries, %u x %u submitted, %u x %u taken, from %#x: %lu executions (%lu cut)\n",
           plan->entries, plan->user_rounds, plan->burst, plan->kernel_rounds, plan->take,
           plan->start, (unsigned long)counts.runs, (unsigned long)counts.cut);
    fflush(stdout);
}

START_TEST(every_execution_is_right) {
    struct model_counts counts = explore(&plans[_i], NULL);

    tell(&plans[_i], counts);
    ck_assert_uint_gt(counts.runs, 10);
}
END_TEST

START_TEST(every_long_execution_is_right) {
    tell(&deep_plans[_i], explore(&deep_plans[_i], NULL));
}
END_TEST

// All orders that there are: of the loads and of the stores of each index.
static const struct {
    const char *name;
    enum ends_index index;
    bool loads;
} orders[] = {
    {"the kernel's load of sq_tail", ENDS_SQ_TAIL, true},
    {"the program's store of sq_tail", ENDS_SQ_TAIL, false},
    {"the program's load of sq_head", ENDS_SQ_HEAD, true},
    {"the kernel's store of sq_head", ENDS_SQ_HEAD, false},
    {"the program's load of cq_tail", ENDS_CQ_TAIL, true},
    {"the kernel's store of cq_tail", ENDS_CQ_TAIL, false},
    {"the kernel's load of cq_head", ENDS_CQ_HEAD, true},
    {"the program's store of cq_head", ENDS_CQ_HEAD, false},
};

enum { ORDERS = sizeof orders / sizeof orders[0] };

static void explore_without(unsigned number) {
    for (unsigned i = 0; i < PLANS; i++) {
        struct model_mutant mutant = {.loads = orders[number].loads,
                                      .stores = !orders[number].loads};

        ends_create(&plans[i]); // to learn where the index is
        mutant.at = (uintptr_t)ends_index(orders[number].index);
        ends_destroy();
        (void)explore(&plans[i], &mutant);
    }
}

START_TEST(without_this_order_it_fails) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        alarm(ALARM);
        explore_without((unsigned)_i);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == MODEL_FAILED,
                  "%s is relaxed, and nobody misses it", orders[_i].name);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lib/ring: memory order");
    TCase *whole = tcase_create("whole"), *weak = tcase_create("weak");

    if (getenv("ORDER_DEEP") == NULL) {
        tcase_set_timeout(whole, ALARM);
        tcase_add_loop_test(whole, every_execution_is_right, 0, PLANS);
        tcase_set_timeout(weak, ALARM);
        tcase_add_loop_test(weak, without_this_order_it_fails, 0, ORDERS);
    } else {
        tcase_set_timeout(whole, 0);
        tcase_add_loop_test(whole, every_long_execution_is_right, 0, DEEP_PLANS);
    }
    suite_add_tcase(suite, whole);
    suite_add_tcase(suite, weak);
    return harness_run(suite);
}
