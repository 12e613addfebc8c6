// SPDX-License-Identifier: MIT
//
// Entries to the kernel from interrupts and exceptions, and the way back.
//
// From user mode the CPU pushes straight into the running thread's context (the TSS's stack for ring 0
// is the end of that context), the rest is pushed after it, and C runs on the CPU's own stack; it never
// returns here but resumes some context. From kernel mode all is on the kernel's stack and C returns.
// Debug, NMI, double fault and machine check come on stacks of their own, where GS is not trusted.
#include "arch/x86_64/offsets.h"

    .text
    .macro push_registers
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

    .macro pop_registers
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    .endm

    // What users left in registers is of no use to the kernel, nor to a speculating CPU.
    .macro clear_registers
    xor %eax, %eax
    xor %ebx, %ebx
    xor %ecx, %ecx
    xor %edx, %edx
    xor %esi, %esi
    xor %ebp, %ebp
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r11d, %r11d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    .endm

    // 256 stubs of 16 bytes; a zero stands in for the error code where the CPU pushes none.
    .balign 16
    .globl entry_stubs
    .type entry_stubs, @object
entry_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    .else
    pushq $0
    .endif
    pushq $vector
    .if vector == VECTOR_DEBUG || vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK
    jmp entry_special
    .else
    jmp entry_common
    .endif
    .set vector, vector + 1
    .endr
    .balign 16

    .type entry_common, @function
entry_common:
    push_registers
    cld
    testb $3, CONTEXT_CS(%rsp)
    jnz entry_user
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call trap_kernel
    mov %rbp, %rsp
    pop_registers
    add $16, %rsp
    iretq
entry_user:
    swapgs
    mov %rsp, %rdi
    mov %gs:CPU_STACK, %rsp
    clear_registers
    call trap_user
    ud2

    // GS may be the user's even in kernel mode here (the first instructions of a system call), so
    // what this stack's owner is stands at its top.
    .type entry_special, @function
entry_special:
    push_registers
    cld
    mov $0xc0000101, %ecx
    rdmsr
    mov %eax, %r12d
    mov %edx, %r13d
    mov CONTEXT_SIZE(%rsp), %rax
    mov %rax, %rdx
    shr $32, %rdx
    wrmsr
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call trap_special
    mov %rbp, %rsp
    mov $0xc0000101, %ecx
    mov %r12d, %eax
    mov %r13d, %edx
    wrmsr
    pop_registers
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
