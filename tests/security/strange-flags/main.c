// SPDX-License-Identifier: MIT
//
// Danger: flags of the user's that stay in force in the kernel: DF turns its copies around, AC
// switches SMAP off, NT makes IRET fault. Enters the kernel with all three set, then uses the ring.
// Must end with status 0.
#include "tests/security/common/hostile.h"

#include "capos/syscall.h"

int main(void) {
    uint64_t result, flags;

    __asm__ volatile(
        "pushfq\n\torq $0x44400, (%%rsp)\n\tpopfq\n\tsyscall\n\tpushfq\n\tpopq %1\n\tcld\n\t"
        "pushfq\n\tandq $~0x44400, (%%rsp)\n\tpopfq"
        : "=a"(result), "=r"(flags)
        : "a"(CAPOS_SYSCALL_CAP_ENTER), "D"(0), "S"(0), "d"(0)
        : "rcx", "r11", "memory", "cc");
    hostile_expect(result == 0, "an entry that submits nothing returns 0");
    hostile_expect((flags & 0x44400) == 0x44400, "the flags are the program's own again");
    hostile_expect_life();
    return hostile_tally();
}
