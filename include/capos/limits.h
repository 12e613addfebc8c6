// SPDX-License-Identifier: MIT
// The compile-time limits that both sides of the kernel's boundary know. No logic here.
#ifndef CAPOS_LIMITS_H
#define CAPOS_LIMITS_H

#define CAPOS_PAGE_SIZE 4096

// Rings. A small one has 1 page, 16 SQEs, 32 CQEs and 16 slots; a standard one 4, 64, 128 and 64.
#define CAPOS_RING_PAGES_MAX      64
#define CAPOS_RING_SMALL_PAGES    1
#define CAPOS_RING_SMALL_SQES     16
#define CAPOS_RING_STANDARD_PAGES 4
#define CAPOS_RING_STANDARD_SQES  64
#define CAPOS_RING_SLOTS_MAX      64

// Messages.
#define CAPOS_TRANSFER_MAX      15   // capabilities in one direction of one call
#define CAPOS_KERNEL_PARAMS_MAX 4096 // bytes of params, and of results, of a kernel object's method
#define CAPOS_MESSAGE_BYTES_MAX (65535u * 8u)
#define CAPOS_SEVERAL_MAX       16 // calls that one RECV takes

// Processes.
#define CAPOS_NAME_MAX       31     // bytes of a grant's name, its NUL excluded
#define CAPOS_GRANTS_MAX     84     // grants of a process: what the CapSet page holds
#define CAPOS_SLOTS_MAX      131072 // of one capability table, slot 0 (never used) included
#define CAPOS_CALLS_HELD_MAX 4096   // tokens of one process
#define CAPOS_REVOKERS_DEEP  4      // revocable copies of revocable copies
#define CAPOS_SESSIONS_DEEP  4      // sessions started by members of sessions
#define CAPOS_CPUS_MAX       64

#endif
