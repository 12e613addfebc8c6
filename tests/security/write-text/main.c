// SPDX-License-Identifier: MIT
//
// Danger: text that is mapped from the boot archive is shared by every process of the same program;
// one that could write it would own the others. Writes to its own code. Must crash with a page
// fault, a write.
#include <stdint.h>

int main(void) {
    *(volatile uint8_t *)(uintptr_t)main = 0xc3;
    return 1;
}
