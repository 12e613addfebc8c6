// SPDX-License-Identifier: MIT
//
// The first instructions of a process and of its other threads (capos/entry.h): RDI is the ring,
// RSI the CapSet page, RDX the argument, and RSP a multiple of 16, so that the call leaves it as
// the C ABI wants it.
    .section .text.start, "ax", @progbits
    // RSP is also where the thread's own area begins. Thread-local storage goes below it.
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    movq %rsp, %rcx
    subq $capos_local_bytes, %rsp
    call capos_start
    ud2
    .size _start, . - _start

    .section .text.capos_thread_entry, "ax", @progbits
    .globl capos_thread_entry
    .type capos_thread_entry, @function
capos_thread_entry:
    xorl %ebp, %ebp
    call capos_thread_start
    ud2
    .size capos_thread_entry, . - capos_thread_entry

    .section .note.GNU-stack, "", @progbits
