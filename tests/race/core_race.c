// SPDX-License-Identifier: MIT
//
// Races that the kernel must decide, in every order with few preemptions (explore.h). Each scenario
// is also run with the guard taken out that it is about, and must fail then. RACE_PREEMPTIONS in
// the environment chooses another bound than 2, for those of two fibers.
#include "tests/harness.h"
#include "tests/race/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct race *const files[] = {call_races, cap_races,     direct_races, hand_over_races,
                                           park_races, session_races, thread_races};

enum { FILES = sizeof files / sizeof files[0] };

// The n-th of all, or NULL.
static const struct race *race(int n) {
    for (unsigned i = 0; i < FILES; i++)
        for (const struct race *race = files[i]; race->name != NULL; race++)
            if (n-- == 0)
                return race;
    return NULL;
}

static int race_count(void) {
    int count = 0;

    while (race(count) != NULL)
        count++;
    return count;
}

static bool is_one_of(const struct race *race, const struct race *races) {
    for (; races->name != NULL; races++)
        if (race == races)
            return true;
    return false;
}

// More than two only of two fibers; those of three have too many.
static unsigned bound(const struct race_scenario *scenario) {
    const char *given = getenv("RACE_PREEMPTIONS");

    return given == NULL || scenario->fibers > 2 ? 2 : (unsigned)strtoul(given, NULL, 0);
}

START_TEST(every_order_ends_well) {
    uint64_t runs = race_explore(&race(_i)->scenario, bound(&race(_i)->scenario));

    printf("# %s: %lu schedules of at most %u preemptions\n", race(_i)->name, (unsigned long)runs,
           bound(&race(_i)->scenario));
    fflush(stdout);
    ck_assert_uint_gt(runs, 20);
    ck_assert(!is_one_of(race(_i), direct_races) || direct_passes > 0);
    ck_assert(!is_one_of(race(_i), hand_over_races) || hand_over_passes > 0);
}
END_TEST

// In a process of its own, which must fail; it may hang, too.
START_TEST(without_its_guard_it_fails) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        signal(SIGALRM, SIG_DFL); // not Check's, which would end the test itself
        alarm(20);
        race_broken = (int)race(_i)->broken;
        race_broken_lock = race(_i)->lock;
        (void)race_explore(&race(_i)->scenario, 2);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "%s: nobody misses the guard",
                  race(_i)->name);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: races");
    TCase *whole = tcase_create("whole"), *broken = tcase_create("broken");

    tcase_set_timeout(whole, 1200);
    tcase_add_loop_test(whole, every_order_ends_well, 0, race_count());
    suite_add_tcase(suite, whole);
    tcase_set_timeout(broken, 120);
    tcase_add_loop_test(broken, without_its_guard_it_fails, 0, race_count());
    suite_add_tcase(suite, broken);
    return harness_run(suite);
}
