// SPDX-License-Identifier: MIT
//
// The memory model of tests/order against programs whose outcomes are known: each must have all of
// them, and no others.
#include "tests/harness.h"
#include "tests/order/litmus.h"
#include "tests/order/model.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct model_bounds all = {MODEL_ALL, MODEL_ALL};
static unsigned seen[64], seen_count;

static void remember(void) {
    unsigned outcome = litmus_outcome();

    for (unsigned i = 0; i < seen_count; i++)
        if (seen[i] == outcome)
            return;
    ck_assert_uint_lt(seen_count, 64);
    seen[seen_count++] = outcome;
}

static bool is_expected(const struct litmus *program, unsigned outcome) {
    for (unsigned i = 0; i < LITMUS_OUTCOMES; i++)
        if (program->outcomes[i] == outcome)
            return true;
    return false;
}

static unsigned expected_count(const struct litmus *program) {
    unsigned count = 1;

    while (count < LITMUS_OUTCOMES && program->outcomes[count] != 0)
        count++;
    return count;
}

static struct model_counts explore(const struct litmus *program) {
    const struct model_scenario scenario = {program->fibers, litmus_setup, program->fiber,
                                            remember};

    seen_count = 0;
    return model_explore(&scenario, all, NULL);
}

static void check_race(const struct litmus *program) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        (void)explore(program);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == MODEL_FAILED,
                  "%s: the race is not found", program->name);
}

START_TEST(outcomes_are_those_of_c11) {
    const struct litmus *program = &litmus[_i];
    struct model_counts counts;

    if (program->race) {
        check_race(program);
        return;
    }
    counts = explore(program);
    printf("# %s: %u outcomes in %lu executions\n", program->name, seen_count,
           (unsigned long)counts.runs);
    fflush(stdout);
    for (unsigned i = 0; i < seen_count; i++)
        ck_assert_msg(is_expected(program, seen[i]), "%s: %04u may not be", program->name, seen[i]);
    ck_assert_msg(seen_count == expected_count(program), "%s: an outcome is never seen",
                  program->name);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tests/order: the model");
    TCase *tcase = tcase_create("litmus");

    tcase_add_loop_test(tcase, outcomes_are_those_of_c11, 0, (int)litmus_count);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
