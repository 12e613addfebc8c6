// SPDX-License-Identifier: MIT
//
// The order of locks (core/lock.h): locks taken in the order of their ranks are fine, in whatever
// order they are dropped; anything else ends the debug kernel.
#include "core/lock.h"
#include "tests/harness.h"

#include <signal.h>

static struct lock pair[2]; // one after the other in memory
static struct lock process, ring, frames;

static void make(enum lock_rank rank) {
    lock_init(&process, LOCK_PROCESS);
    lock_init(&ring, LOCK_RING);
    lock_init(&frames, LOCK_FRAMES);
    lock_init(&pair[0], rank);
    lock_init(&pair[1], rank);
}

static void take_pair(unsigned first) {
    lock_take(&pair[first]);
    lock_take(&pair[1 - first]);
}

START_TEST(outer_locks_come_first) {
    make(LOCK_CAPTABLE);
    lock_take(&process);
    take_pair(0);
    lock_take(&frames);
    ck_assert(lock_is_held(&frames));
    lock_drop(&process);
    lock_drop(&pair[0]);
    lock_drop(&pair[1]);
    lock_drop(&frames);
    lock_take(&process);
    lock_drop(&process);
}
END_TEST

START_TEST(a_borrowers_ledger_comes_before_its_lenders) {
    make(LOCK_LEDGER);
    take_pair(1);
    lock_drop(&pair[0]);
    lock_drop(&pair[1]);
    take_pair(0);
}
END_TEST

START_TEST(an_outer_lock_inside) {
    make(LOCK_VM);
    lock_take(&ring);
    lock_take(&process);
}
END_TEST

START_TEST(two_of_one_rank) {
    make(LOCK_RING);
    take_pair(0);
}
END_TEST

START_TEST(two_tables_the_wrong_way_round) {
    make(LOCK_CAPTABLE);
    take_pair(1);
}
END_TEST

START_TEST(one_twice) {
    make(LOCK_LEDGER);
    lock_take(&pair[0]);
    lock_take(&pair[0]);
}
END_TEST

START_TEST(one_that_was_never_made) {
    static struct lock zero;

    lock_take(&zero);
}
END_TEST

START_TEST(one_that_is_not_held) {
    make(LOCK_VM);
    lock_drop(&ring);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: locks");
    TCase *right = tcase_create("right"), *wrong = tcase_create("wrong");
    const TTest *const panics[] = {
        an_outer_lock_inside,    two_of_one_rank,      two_tables_the_wrong_way_round, one_twice,
        one_that_was_never_made, one_that_is_not_held,
    };

    tcase_add_test(right, outer_locks_come_first);
    tcase_add_test(right, a_borrowers_ledger_comes_before_its_lenders);
    suite_add_tcase(suite, right);
    for (unsigned i = 0; i < sizeof panics / sizeof panics[0]; i++)
        tcase_add_test_raise_signal(wrong, panics[i], SIGABRT);
    suite_add_tcase(suite, wrong);
    return harness_run(suite);
}
