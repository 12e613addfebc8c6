// SPDX-License-Identifier: MIT
//
// The first instruction of a process (capos/entry.h): RDI is the ring, RSI the CapSet page, RDX the
// argument, and RSP the top of an empty stack, so that the call leaves it as the C ABI wants it.
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    call capos_start
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
