// SPDX-License-Identifier: MIT
//
// The memory order of the user's mutex, condition and once (lib/capos/sync): what is done with them
// (locks.h) in every interleaving, three fibers with few preemptions, and with every value that C11
// allows a load to return. Then each place in the code that names an order is made relaxed, one by
// one, and each must be missed: by a data race, a count that is wrong, or threads that all sleep.
#include "capos/park.h"
#include "tests/harness.h"
#include "tests/order/explore.h"
#include "tests/order/locks.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALARM = 300, SITES_MAX = 64 };

// Who is parked on what, in which order; nothing else is known of the kernel.
static const _Atomic uint32_t *parked[MODEL_FIBERS];
static unsigned arrived[MODEL_FIBERS], arrivals;

static uint64_t leave(uint64_t old, uint64_t operand) {
    (void)operand;
    return old;
}

// What the word holds after all that was stored before: as the kernel finds it, which looks with
// the bucket locked. That is no older than anything the fiber sees of it afterwards.
static uint64_t latest(const _Atomic uint32_t *word) {
    const struct model_access access = {.kind = MODEL_CHANGE,
                                        .at = (uintptr_t)word,
                                        .size = sizeof *word,
                                        .order = __ATOMIC_RELAXED};

    return model_change(&access, leave, 0);
}

// Compares and parks in one step.
enum capos_status capos_park(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
    unsigned fiber = explore_running;

    model_require(deadline == CAPOS_NO_DEADLINE, "nothing here has a deadline");
    if (latest(word) != expected)
        return CAPOS_STATUS_CHANGED;
    parked[fiber] = word;
    arrived[fiber] = arrivals++;
    while (parked[fiber] != NULL)
        model_relax();
    return CAPOS_STATUS_OK;
}

static void wake(const _Atomic uint32_t *word, uint32_t count) {
    for (; count > 0; count--) {
        unsigned first = MODEL_FIBERS;

        for (unsigned i = 0; i < MODEL_FIBERS; i++)
            if (parked[i] == word && (first == MODEL_FIBERS || arrived[i] < arrived[first]))
                first = i;
        if (first == MODEL_FIBERS)
            return;
        parked[first] = NULL;
    }
}

void capos_unpark(const _Atomic uint32_t *word, uint32_t count) {
    (void)latest(word);
    wake(word, count);
    explore_stored();
}

enum capos_status capos_hand_over(const _Atomic uint32_t *to, const _Atomic uint32_t *word,
                                  uint32_t expected, uint64_t deadline) {
    capos_unpark(to, 1);
    return capos_park(word, expected, deadline);
}

static struct model_counts explore(const struct locks_plan *plan,
                                   const struct model_mutant *mutant) {
    size_t bytes;
    const void *block = locks_block(&bytes);

    model_watch(block, bytes);
    return model_explore(&plan->scenario, plan->bounds, mutant);
}

START_TEST(every_execution_is_right) {
    struct model_counts counts = explore(&locks_plans[_i], NULL);

    printf("# %s: %lu executions (%lu cut)\n", locks_plans[_i].name, (unsigned long)counts.runs,
           (unsigned long)counts.cut);
    fflush(stdout);
    ck_assert_uint_gt(counts.runs, 5);
}
END_TEST

// Is it missed, in any of the plans, when the orders at this place in the code are relaxed?
static bool is_missed(const void *site) {
    const struct model_mutant mutant = {.loads = true, .stores = true, .site = site};
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        alarm(ALARM);
        for (size_t i = 0; i < locks_count; i++)
            (void)explore(&locks_plans[i], &mutant);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == MODEL_FAILED;
}

START_TEST(each_order_is_missed) {
    const struct model_site *sites;
    struct model_site copy[SITES_MAX];
    size_t count, unmissed = 0;

    for (size_t i = 0; i < locks_count; i++)
        (void)explore(&locks_plans[i], NULL);
    count = model_sites(&sites);
    ck_assert_uint_gt(count, 8);
    ck_assert_uint_le(count, SITES_MAX);
    for (size_t i = 0; i < count; i++)
        copy[i] = sites[i];
    for (size_t i = 0; i < count; i++)
        if (!is_missed(copy[i].site)) {
            printf("# the order (%d) of %p is missed by nobody\n", copy[i].order, copy[i].site);
            unmissed++;
        }
    printf("# %zu places that name an order\n", count);
    fflush(stdout);
    ck_assert_uint_eq(unmissed, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lib/capos/sync: memory order");
    TCase *whole = tcase_create("whole"), *weak = tcase_create("weak");

    tcase_set_timeout(whole, ALARM);
    tcase_add_loop_test(whole, every_execution_is_right, 0, (int)locks_count);
    suite_add_tcase(suite, whole);
    tcase_set_timeout(weak, ALARM);
    tcase_add_test(weak, each_order_is_missed);
    suite_add_tcase(suite, weak);
    return harness_run(suite);
}
