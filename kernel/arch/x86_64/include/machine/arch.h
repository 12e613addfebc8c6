// SPDX-License-Identifier: MIT
//
// x86_64's part of the machine contract: the structs whose insides only the machine knows, and what
// has to be inline. Assembly knows the structs' offsets from arch/x86_64/offsets.h.
#ifndef CAPOS_MACHINE_ARCH_H
#define CAPOS_MACHINE_ARCH_H

#include "machine/types.h"

#include <stdint.h>

// Registers as they are saved at an entry to the kernel: of a user thread in its own context, of
// the kernel on the kernel's stack.
struct machine_context {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    // As the CPU pushes them.
    uint64_t rip, cs, flags, rsp, ss;
} __attribute__((aligned(16)));

// The task state segment: the stacks that the CPU switches to by itself.
struct machine_tss {
    uint32_t reserved0;
    uint64_t stack[3]; // for entry to rings 0 to 2
    uint64_t reserved1;
    uint64_t interrupt_stack[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

// What x86_64 keeps per CPU, at GS while in the kernel.
struct machine_cpu {
    struct machine_cpu *self;
    uint64_t user_stack; // the user's stack pointer, during the first instructions of a system call
    uint64_t stack;      // top of this CPU's kernel stack
    struct machine_context *context; // where user registers are saved at entry
    uint64_t reserved;
    uint64_t guard;   // the stack protector's
    uint32_t number;  // 0 is the CPU that booted
    uint32_t apic_id; // its local APIC
    uint64_t gdt[8];
    struct machine_tss tss;
};

#endif
