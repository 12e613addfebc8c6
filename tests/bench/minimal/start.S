// SPDX-License-Identifier: MIT
//
// minimal: the least that a process can do. It ends, with status 0.
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xorl %edi, %edi
    movl $1, %eax // CAPOS_SYSCALL_EXIT
    syscall
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
