// SPDX-License-Identifier: MIT
//
// Danger: data that can be executed turns every overflow into code. Calls a RET that lies in .data.
// Must crash with a page fault, an execution.
#include <stdint.h>

static uint8_t code[16] = {0xc3};

int main(void) {
    __asm__ volatile("call *%0" : : "r"(code) : "memory");
    return 1;
}
