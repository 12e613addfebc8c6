// SPDX-License-Identifier: MIT
//
// worker: does a part of the work (tests/bench/work.h): as large a part as it has grants, which are
// of no other use.
#include "capos/runtime.h"
#include "tests/bench/work.h"

int main(void) {
    return work(WORK_ROUNDS / capos_grants()->count) == 0;
}
