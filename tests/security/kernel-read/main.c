// SPDX-License-Identifier: MIT
//
// Danger: the kernel's memory is mapped in every address space; a page that is user-readable by
// mistake gives all its secrets away. Reads the top 2 GiB, where the kernel's image is. Must crash
// with a page fault.
#include <stdint.h>

int main(void) {
    const volatile uint64_t *kernel = (const uint64_t *)0xffffffff80000000;

    for (uint64_t offset = 0; offset < 0x80000000u / 8; offset += 512)
        if (kernel[offset] != 0)
            return 1;
    return 2;
}
