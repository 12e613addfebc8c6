// SPDX-License-Identifier: MIT
//
// Danger: TF set when SYSCALL is executed raises a debug exception in the kernel's first
// instruction, on whatever stack there is then. Must crash with a debug trap.
#include "capos/syscall.h"

int main(void) {
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tsyscall\n\tnop\n\tnop"
                     :
                     : "a"(CAPOS_SYSCALL_CAP_ENTER), "D"(0), "S"(0), "d"(0)
                     : "rcx", "r11", "memory", "cc");
    return 1;
}
