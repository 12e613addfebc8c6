// SPDX-License-Identifier: MIT
//
// Danger: the direct map of all physical memory is the largest prize. Its beginning is a secret,
// but not an unguessable one: writes to where kernels usually have it. Must crash with a page
// fault.
#include <stdint.h>

int main(void) {
    *(volatile uint64_t *)0xffff800000001000 = 0;
    *(volatile uint64_t *)0xffff888000001000 = 0;
    *(volatile uint64_t *)0xffffc00000001000 = 0;
    return 1;
}
