// SPDX-License-Identifier: MIT
//
// Danger: the stack is where overflows are. Calls a RET that lies on it. Must crash with a page
// fault, an execution.
#include <stdint.h>

int main(void) {
    volatile uint8_t code[16] = {0xc3};

    __asm__ volatile("call *%0" : : "r"(code) : "memory");
    return 1;
}
