/* SPDX-License-Identifier: MIT */
/* The program that spawn_wait starts: exit(0). */
    .globl _start
_start:
    xor %edi, %edi
    mov $60, %eax
    syscall
    .section .note.GNU-stack, "", @progbits
