// SPDX-License-Identifier: MIT
//
// Danger: a stack that grows into what lies below it overwrites that without a fault. Recurses
// without end. Must crash with a page fault, a write, at the guard below the stack.
#pragma GCC diagnostic ignored "-Winfinite-recursion"

static int deeper(volatile char *above) {
    volatile char frame[512];

    frame[0] = above[0];
    return deeper(frame) + frame[0];
}

int main(void) {
    volatile char bottom[1] = {0};

    return deeper(bottom);
}
