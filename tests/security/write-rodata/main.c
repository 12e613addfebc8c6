// SPDX-License-Identifier: MIT
//
// Danger: as with text, since constants are mapped from the archive too. Must crash with a page
// fault, a write.
#include <stdint.h>

static const uint32_t constant[1024] = {1};

int main(void) {
    volatile uint32_t *writable;

    __asm__("" : "=r"(writable) : "0"(constant));
    writable[0] = 2;
    return 1;
}
