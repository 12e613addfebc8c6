// SPDX-License-Identifier: MIT
//
// What every Check program needs: a runner that speaks TAP, and random numbers that can be
// repeated. A test prints its seed when it fails (HARNESS_SEED=N in the environment runs it again
// with that seed).
#ifndef CAPOS_TESTS_HARNESS_H
#define CAPOS_TESTS_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Runs the suite, prints TAP on standard output, frees the suite. Returns main's exit status.
int harness_run(Suite *suite);

// Adds one case with one test, the shortest way to put `test` on the list.
void harness_add(Suite *suite, const char *name, const TTest *test);

// Are all bytes `byte`? One assertion about many bytes: each of Check's own writes to a pipe, so an
// assertion per byte takes minutes.
bool harness_filled(const void *data, size_t size, unsigned char byte);

// A stream of random numbers (the SplitMix64 generator). Not for secrets.
struct harness_random {
    uint64_t state;
};

// Starts a stream from HARNESS_SEED, or from a fixed number, and prints the seed as a TAP comment.
struct harness_random harness_random_start(void);

uint64_t harness_random_u64(struct harness_random *random);

// A number below `limit`, which must not be 0.
uint64_t harness_random_below(struct harness_random *random, uint64_t limit);

// A number whose size in bits is itself random, so that small and huge ones are equally likely:
// what arithmetic is best tested with.
uint64_t harness_random_sized(struct harness_random *random);

void harness_random_fill(struct harness_random *random, void *data, size_t size);

#endif
