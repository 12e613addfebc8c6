// SPDX-License-Identifier: MIT
//
// Entries to the kernel from interrupts and exceptions, and the way back.
//
// From user mode the CPU pushes straight into the running thread's context (the TSS's stack for ring 0
// is the end of that context), the rest is pushed after it, and C runs on the CPU's own stack; it never
// returns here but resumes some context. A system call saves the same in the same place. From kernel mode all
// is on the kernel's stack and C returns. Debug, NMI, double fault and machine check come on stacks of their own, where GS is not trusted.
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

    // Makes what was interrupted look like the caller, for backtraces. RBX is the saved registers.
    .macro enter_frame
    and $-16, %rsp
    push CONTEXT_RIP(%rbx)
    push %rbp
    mov %rsp, %rbp
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
    mov %rsp, %rbx
    enter_frame
    call trap_kernel
    mov %rbx, %rsp
    pop_registers
    add $16, %rsp
    iretq
entry_user:
    swapgs
    mov %rsp, %rdi
entry_saved:
    mov %gs:CPU_STACK, %rsp
    // Not only DF: with AC set, SMAP would let the kernel at user memory.
    pushq $2
    popfq
    clear_registers
    call trap_user
    ud2

    // GS may be the user's even in kernel mode here (the first instructions of a system call), so
    // what this stack's owner is stands at its top.
    .type entry_special, @function
entry_special:
    push_registers
    cld
    // A debug exception of a user is an exception as any other, once it is where those are.
    testb $3, CONTEXT_CS(%rsp)
    jz entry_distrust
    cmpl $VECTOR_DEBUG, CONTEXT_VECTOR(%rsp)
    jne entry_distrust
    swapgs
    mov %rsp, %rsi
    mov %gs:CPU_CONTEXT, %rdi
    mov $(CONTEXT_SIZE / 8), %ecx
    rep movsq
    mov %gs:CPU_CONTEXT, %rdi
    jmp entry_saved
entry_distrust:
    pushq $2
    popfq
    mov $0xc0000101, %ecx
    rdmsr
    mov %eax, %r12d
    mov %edx, %r13d
    mov CONTEXT_SIZE(%rsp), %rax
    mov %rax, %rdx
    shr $32, %rdx
    wrmsr
    mov %rsp, %rdi
    mov %rsp, %rbx
    enter_frame
    call trap_special
    mov %rbx, %rsp
    mov $0xc0000101, %ecx
    mov %r12d, %eax
    mov %r13d, %edx
    wrmsr
    pop_registers
    add $16, %rsp
    iretq

    // RAX is the number, RDI, RSI and RDX the arguments; RCX the return address, R11 the flags. Interrupts
    // are off (the SYSCALL mask), so nothing can push on a stack pointer that is no stack's. To the user this is
    // a function call: saved is what a function keeps, and the rest is zero afterwards.
    .globl entry_syscall
    .type entry_syscall, @function
entry_syscall:
    swapgs
    mov %rsp, %gs:CPU_USER_STACK
    mov %gs:CPU_CONTEXT, %rsp
    mov %r15, CONTEXT_R15(%rsp)
    mov %r14, CONTEXT_R14(%rsp)
    mov %r13, CONTEXT_R13(%rsp)
    mov %r12, CONTEXT_R12(%rsp)
    mov %rbp, CONTEXT_RBP(%rsp)
    mov %rbx, CONTEXT_RBX(%rsp)
    movq $VECTOR_SYSCALL, CONTEXT_VECTOR(%rsp)
    mov %rcx, CONTEXT_RIP(%rsp)
    mov %r11, CONTEXT_FLAGS(%rsp)
    mov %gs:CPU_USER_STACK, %rcx
    mov %rcx, CONTEXT_RSP(%rsp)
    mov %gs:CPU_STACK, %rsp
    mov %rax, %rcx
    xor %ebp, %ebp
    xor %ebx, %ebx
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r11d, %r11d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    call user_syscall
    ud2

    // On with the context in RDI. One that came by SYSCALL leaves by SYSRET, which must not see an address
    // outside of the user's half: some CPUs would fault on it in kernel mode, on the user's stack.
    .globl entry_resume
    .type entry_resume, @function
entry_resume:
    cmpl $VECTOR_SYSCALL, CONTEXT_VECTOR(%rdi)
    jne entry_return
    mov CONTEXT_RIP(%rdi), %rcx
    bt $47, %rcx
    jc entry_outside
    mov CONTEXT_FLAGS(%rdi), %r11
    mov CONTEXT_R15(%rdi), %r15
    mov CONTEXT_R14(%rdi), %r14
    mov CONTEXT_R13(%rdi), %r13
    mov CONTEXT_R12(%rdi), %r12
    mov CONTEXT_RBP(%rdi), %rbp
    mov CONTEXT_RBX(%rdi), %rbx
    mov CONTEXT_RAX(%rdi), %rax
    mov CONTEXT_RSP(%rdi), %rsp
    xor %edi, %edi
    xor %esi, %esi
    xor %edx, %edx
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    swapgs
    sysretq
entry_return:
    mov %rdi, %rsp
    pop_registers
    add $16, %rsp
    swapgs
    iretq
entry_outside:
    ud2

    .section .note.GNU-stack, "", @progbits
