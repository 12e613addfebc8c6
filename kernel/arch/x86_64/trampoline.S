// SPDX-License-Identifier: MIT
//
// Where other CPUs start: a copy of this lies in a page below 1 MiB. From real mode straight to long mode, on
// page tables that map that page as itself, then to C on the CPU's own stack. smp.c fills in the words at
// the end.
#include "arch/x86_64/smp_trampoline.h"

#define HERE(label) (label - trampoline)

    .section .rodata
    .globl trampoline, trampoline_end, trampoline_words, trampoline_long
    .balign 16
    .code16
trampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl HERE(trampoline_words) + TRAMPOLINE_GDT_LIMIT
    mov $0xa0, %eax
    mov %eax, %cr4
    mov HERE(trampoline_words) + TRAMPOLINE_TOP, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x900, %eax
    wrmsr
    mov $0x80010033, %eax
    mov %eax, %cr0
    ljmpl *(HERE(trampoline_words) + TRAMPOLINE_FAR)

    .code64
trampoline_long:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov trampoline_words + TRAMPOLINE_STACK(%rip), %rsp
    mov trampoline_words + TRAMPOLINE_CPU(%rip), %rdi
    // The stack protector's guard is at GS.
    mov $0xc0000101, %ecx
    mov %rdi, %rax
    mov %rdi, %rdx
    shr $32, %rdx
    wrmsr
    xor %ebp, %ebp
    call *trampoline_words + TRAMPOLINE_ENTRY(%rip)
    ud2

    .balign 8
trampoline_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
    .globl trampoline_gdt
    .balign 8
trampoline_words:
    .skip TRAMPOLINE_WORDS_SIZE
trampoline_end:

    .section .note.GNU-stack, "", @progbits
