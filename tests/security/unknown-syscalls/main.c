// SPDX-License-Identifier: MIT
//
// Danger: a number that is used as an index before it is compared. Makes system calls that do not
// exist. Each must return CAPOS_SYSCALL_UNKNOWN, keep the registers that it should keep and leave
// nothing in the others.
#include "tests/security/common/hostile.h"

#include "capos/syscall.h"

static uint64_t call(uint64_t number) {
    uint64_t result, left, rdi = 1, rsi = 2, rdx = 3;
    bool kept;
    register uint64_t r12 __asm__("r12") = 12;
    register uint64_t r13 __asm__("r13") = 13;
    register uint64_t r14 __asm__("r14") = 14;
    register uint64_t r15 __asm__("r15") = 15;
    register uint64_t r8 __asm__("r8") = 8;
    register uint64_t r9 __asm__("r9") = 9;
    register uint64_t r10 __asm__("r10") = 10;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r8), "+r"(r9), "+r"(r10),
                       "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
                     : "a"(number)
                     : "rcx", "r11", "memory");
    // A function that is called may use any of these, so they are looked at first.
    kept = r12 == 12 && r13 == 13 && r14 == 14 && r15 == 15;
    left = rdi | rsi | rdx | r8 | r9 | r10;
    hostile_expect(kept, "the registers are as before");
    hostile_expect(left == 0, "the kernel leaves nothing in registers");
    return result;
}

int main(void) {
    static const uint64_t numbers[] = {2,          3,          59,         255,
                                       256,        0x7fffffff, 0x80000000, 0xffffffff,
                                       1ull << 32, 1ull << 63, UINT64_MAX, (1ull << 32) + 1};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        hostile_expect(call(numbers[i]) == CAPOS_SYSCALL_UNKNOWN, "a system call that is none");
    hostile_expect_life();
    return hostile_tally();
}
