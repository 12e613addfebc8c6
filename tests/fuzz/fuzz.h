// SPDX-License-Identifier: MIT
// A fuzz target is a file with LLVMFuzzerTestOneInput. Linked with replay.c it runs over a corpus,
// and over as many deterministic mutations of it as are asked for, in make check; `make fuzz-NAME`
// links it with libFuzzer.
#ifndef CAPOS_TESTS_FUZZ_H
#define CAPOS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What must hold whatever the input is.
#define fuzz_check(holds) ((holds) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #holds))

static inline void fuzz_fail(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    abort();
}

#endif
