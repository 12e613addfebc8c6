// SPDX-License-Identifier: MIT
//
// The two system calls (capos/entry.h).
#ifndef CAPOS_LIB_SYSCALL_H
#define CAPOS_LIB_SYSCALL_H

#include <capos/entry.h>
#include <stdint.h>

// Submits, and waits: capos/ring.h says what the arguments and the result mean.
static inline uint64_t capos_syscall_enter(uint32_t to_submit, uint32_t wait, uint64_t deadline) {
    uint64_t result, a = to_submit, b = wait;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(deadline)
                     : "a"(CAPOS_SYSCALL_CAP_ENTER)
                     : "rcx", "r8", "r9", "r10", "r11", "memory");
    return result;
}

// Ends the process.
__attribute__((noreturn)) static inline void capos_syscall_exit(int32_t status) {
    for (;;)
        __asm__ volatile("syscall"
                         :
                         : "a"(CAPOS_SYSCALL_EXIT), "D"(status)
                         : "rcx", "r11", "memory");
}

#endif
