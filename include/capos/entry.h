// SPDX-License-Identifier: MIT
// How a process begins, and its two system calls. No logic here.
//
// Entry: a thread starts with RDI = address of its ring, RSI = address of the CapSet page, RDX =
// argument, RSP = its stack and FS base as it was told, and zero in all other registers; interrupts
// are on, DF is clear. A process's first thread starts at its ELF's entry point with argument 0.
// Its stack has nothing on it; RSP and its FS base are the same multiple of 64, and the
// CAPOS_THREAD_AREA bytes from there to the end of the stack are for what the program finds through
// FS.
//
// System calls: the `syscall` instruction, RAX = number, arguments in RDI, RSI and RDX, result in
// RAX. As a function does, it keeps RBX, RBP, RSP and R12 to R15; RDI, RSI, RDX and R8 to R10 are
// zero afterwards, RCX and R11 are lost, and all of the FPU's are kept. An unknown number returns
// CAPOS_SYSCALL_UNKNOWN and does nothing.
#ifndef CAPOS_ENTRY_H
#define CAPOS_ENTRY_H

#include <capos/limits.h>
#include <stdint.h>

enum capos_syscall {
    CAPOS_SYSCALL_CAP_ENTER = 0, // to_submit u32, wait u32, deadline u64: see ring.h
    CAPOS_SYSCALL_EXIT = 1,      // status i32: ends the process, doesn't return
};
#define CAPOS_SYSCALL_UNKNOWN UINT64_MAX

#define CAPOS_THREAD_AREA 64

#define CAPOS_CAPSET_MAGIC     0x73706163u // "caps"
#define CAPOS_CAPSET_ABI_MAJOR 1
#define CAPOS_CAPSET_ABI_MINOR 0

// The CapSet page, read-only: exactly what the process was granted. Names are unique, padded with
// NULs, and end with at least one.
struct capos_grant {
    uint64_t cap;
    uint64_t interface;
    char name[CAPOS_NAME_MAX + 1];
};

struct capos_capset {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t count;
    uint32_t zero;
    uint64_t process_id;
    uint8_t reserved[40];
    struct capos_grant grants[CAPOS_GRANTS_MAX];
};

#ifdef __cplusplus
static_assert(sizeof(struct capos_grant) == 48, "a grant's layout is fixed");
static_assert(sizeof(struct capos_capset) <= CAPOS_PAGE_SIZE, "the CapSet is one page");
#else
_Static_assert(sizeof(struct capos_grant) == 48, "a grant's layout is fixed");
_Static_assert(sizeof(struct capos_capset) <= CAPOS_PAGE_SIZE, "the CapSet is one page");
#endif

#endif
