// SPDX-License-Identifier: MIT
//
// Not hostile: what the runner starts between the others, to see that programs still run. Must end
// with status 7.
#include "tests/security/common/hostile.h"

int main(void) {
    hostile_expect_life();
    return hostile_tally() == 0 ? 7 : 1;
}
