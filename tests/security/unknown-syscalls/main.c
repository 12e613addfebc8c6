// SPDX-License-Identifier: MIT
//
// Danger: a number that is used as an index before it is compared. Makes system calls that do not
// exist. Each must return CAPOS_SYSCALL_UNKNOWN and change no register but the documented ones.
#include "tests/security/common/hostile.h"

#include "capos/syscall.h"

static uint64_t call(uint64_t number) {
    uint64_t result, rdi = 1, rsi = 2, rdx = 3;
    register uint64_t r8 __asm__("r8") = 8;
    register uint64_t r9 __asm__("r9") = 9;
    register uint64_t r10 __asm__("r10") = 10;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r8), "+r"(r9), "+r"(r10)
                     : "a"(number)
                     : "rcx", "r11", "memory");
    hostile_expect(rdi == 1 && rsi == 2 && rdx == 3 && r8 == 8 && r9 == 9 && r10 == 10,
                   "the registers are as before");
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
