// SPDX-License-Identifier: MIT
//
// The words that smp.c fills in at the end of the trampoline, for C and assembly.
#ifndef CAPOS_ARCH_SMP_TRAMPOLINE_H
#define CAPOS_ARCH_SMP_TRAMPOLINE_H

#define TRAMPOLINE_STACK      0
#define TRAMPOLINE_CPU        8
#define TRAMPOLINE_ENTRY      16
#define TRAMPOLINE_TOP        24
#define TRAMPOLINE_FAR        28
#define TRAMPOLINE_GDT_LIMIT  38
#define TRAMPOLINE_GDT_BASE   40
#define TRAMPOLINE_WORDS_SIZE 48

#ifndef __ASSEMBLER__
#include <stdint.h>

struct trampoline_words {
    uint64_t stack, cpu, entry;
    uint32_t top;
    uint32_t far_offset;
    uint16_t far_selector;
    uint16_t zero[2];
    uint16_t gdt_limit;
    uint32_t gdt_base, end;
};

extern const uint8_t trampoline[], trampoline_end[], trampoline_words[], trampoline_long[],
    trampoline_gdt[];

#endif
#endif
