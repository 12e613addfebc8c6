// SPDX-License-Identifier: MIT
//
// Danger: the ring is written by the kernel with bytes that other processes chose. Calls a RET in
// the message area. Must crash with a page fault, an execution.
#include "capos/runtime.h"

int main(void) {
    volatile uint8_t *code = capos_client_at(capos_client(), capos_client()->ring.area);

    *code = 0xc3;
    __asm__ volatile("call *%0" : : "r"(code) : "memory");
    return 1;
}
