// SPDX-License-Identifier: MIT
//
// The work that the speed-up rows divide among processors: arithmetic that no compiler can shorten,
// without memory. The same source in capOS and in Linux.
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

enum { WORK_ROUNDS = 100000000 };

// Never 0.
static inline uint64_t work(unsigned rounds) {
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

    for (unsigned i = 0; i < rounds; i++) { // xorshift
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

#endif
