/* SPDX-License-Identifier: MIT */
/* A guest whose instructions are known, to try count.c on: entered like the kernel (PVH, 32 bits), it turns
   paging on, goes to the upper half, spins 1,000 times and then runs in the lower half, which is what the
   plugin takes for user code. From `entry` to `user` it executes COUNT_GUEST_INSTRUCTIONS. */

/* 13 to long mode, 2 to the upper half, 1 + 2 * 1000 + 8 + 9 (REP of 8) + 2 there. */
.set COUNT_GUEST_INSTRUCTIONS, 2035
.globl COUNT_GUEST_INSTRUCTIONS

.set BASE, 0xffffffff80000000
.set HUGE_PAGE, 0x83 /* present, writable, 1 GiB */

    .section .note.pvh, "a", @note
    .long 4, 4, 18
    .asciz "Xen"
    .long entry - BASE

    .text
    .code32
    .globl entry, user
entry:
    mov $(pml4 - BASE), %eax
    mov %eax, %cr3
    mov $0x20, %eax
    mov %eax, %cr4
    mov $0xc0000080, %ecx
    rdmsr
    or $0x100, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80000001, %eax
    mov %eax, %cr0
    lgdt gdt_pointer - BASE
    ljmp $8, $(long_mode - BASE)

    .code64
long_mode:
    movabs $high, %rax
    jmp *%rax
high:
    nopl 0x7e004b4d(%rax) /* the marks of profile.c */
    mov $1000, %ecx
1:  dec %ecx
    jnz 1b
    mov %cr3, %rax
    mov %rax, %cr3
    lea scratch(%rip), %rdi
    xchg %rax, (%rdi)
    mov $8, %ecx
    rep stosb
    nopl 0x7e014b4d(%rax)
    nopl 0x7eff4b4d(%rax)
    mov $(user - BASE), %eax
    jmp *%rax
user:
    mov $0x10, %al /* status 0, through isa-debug-exit */
    out %al, $0xf4
2:  hlt
    jmp 2b

    .balign 8
gdt:
    .quad 0, 0x00af9b000000ffff
gdt_pointer:
    .word 15
    .long gdt - BASE

    .data
scratch:
    .quad 0
    .balign 4096
pml4: /* the first GiB at 0 and at BASE */
    .quad pdpt - BASE + 3
    .fill 510, 8, 0
    .quad pdpt - BASE + 3
pdpt:
    .quad HUGE_PAGE
    .fill 509, 8, 0
    .quad HUGE_PAGE, 0

    .section .note.GNU-stack, "", @progbits
