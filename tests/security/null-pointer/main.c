// SPDX-License-Identifier: MIT
//
// Danger: a program that maps page zero, or is given it, turns other programs' null pointers into
// something worse. Writes through a null pointer with an offset. Must crash with a page fault, a
// write.
#include <stdint.h>

int main(void) {
    volatile uint32_t *null;

    __asm__("xorl %k0, %k0" : "=r"(null));
    null[100] = 1;
    return 1;
}
