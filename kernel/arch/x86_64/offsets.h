// SPDX-License-Identifier: MIT
//
// Where assembly finds things: fields of struct machine_cpu (by GS) and of struct machine_context,
// segment selectors, stacks. cpu.c asserts that C agrees.
#ifndef CAPOS_ARCH_OFFSETS_H
#define CAPOS_ARCH_OFFSETS_H

#define CPU_SELF       0
#define CPU_USER_STACK 8
#define CPU_STACK      16
#define CPU_CONTEXT    24
#define CPU_GUARD      40

// SYSRET wants user data and user code in this order after the selector in STAR.
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_SYSRET      0x18
#define SELECTOR_USER_DATA   0x23
#define SELECTOR_USER_CODE   0x2b
#define SELECTOR_TSS         0x30

// struct machine_context, in the order in which it is pushed, the last push first.
#define CONTEXT_R15    0
#define CONTEXT_R14    8
#define CONTEXT_R13    16
#define CONTEXT_R12    24
#define CONTEXT_R11    32
#define CONTEXT_R10    40
#define CONTEXT_R9     48
#define CONTEXT_R8     56
#define CONTEXT_RBP    64
#define CONTEXT_RDI    72
#define CONTEXT_RSI    80
#define CONTEXT_RDX    88
#define CONTEXT_RCX    96
#define CONTEXT_RBX    104
#define CONTEXT_RAX    112
#define CONTEXT_VECTOR 120
#define CONTEXT_ERROR  128
#define CONTEXT_RIP    136
#define CONTEXT_CS     144
#define CONTEXT_FLAGS  152
#define CONTEXT_RSP    160
#define CONTEXT_SS     168
#define CONTEXT_SIZE   176

#define VECTOR_DEBUG         1
#define VECTOR_NMI           2
#define VECTOR_NO_FPU        7
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18

// One more than any vector: a context that entered by SYSCALL.
#define VECTOR_SYSCALL 256

#endif
