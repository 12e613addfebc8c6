// SPDX-License-Identifier: MIT
//
// The harness of the Check programs: see harness.h.
#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

// Without one from outside every run is the same run: a test that fails on Tuesdays helps nobody.
static const uint64_t default_seed = 20260101;

// Seconds that one test may take: only a hang needs so many, and busy machines are no hang.
static const double patience = 120;

int harness_run(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void harness_add(Suite *suite, const char *name, const TTest *test) {
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, patience);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

bool harness_filled(const void *data, size_t size, unsigned char byte) {
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte)
            return false;
    return true;
}

struct harness_random harness_random_start(void) {
    const char *given = getenv("HARNESS_SEED");
    struct harness_random random = {given ? strtoull(given, NULL, 0) : default_seed};

    printf("# seed %" PRIu64 "\n", random.state);
    fflush(stdout);
    return random;
}

uint64_t harness_random_u64(struct harness_random *random) {
    uint64_t v = random->state += 0x9e3779b97f4a7c15u;

    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
    v = (v ^ v >> 27) * 0x94d049bb133111ebu;
    return v ^ v >> 31;
}

uint64_t harness_random_below(struct harness_random *random, uint64_t limit) {
    return harness_random_u64(random) % limit;
}

uint64_t harness_random_sized(struct harness_random *random) {
    return harness_random_u64(random) >> harness_random_below(random, 64);
}

void harness_random_fill(struct harness_random *random, void *data, size_t size) {
    unsigned char *byte = data;

    for (size_t i = 0; i < size; i++)
        byte[i] = (unsigned char)harness_random_u64(random);
}
