// SPDX-License-Identifier: MIT
//
// From the loader to C. Multiboot2 and PVH both enter at boot_entry: 32-bit protected mode, flat
// segments, paging off, EBX the physical address of the loader's information, no stack. The image lies
// wherever the loader put it (2 MiB-aligned); this file finds out, checks that the CPU can be used,
// picks the virtual address at random, maps low memory twice (as itself and at the direct map) and the
// image once, enters long mode, relocates the image and calls boot_main.
#include "arch/x86_64/image.h"
#include "arch/x86_64/layout.h"

#define REFER(symbol) (symbol - boot_here)(%ebp)

    .section .boot.text, "ax", @progbits
    .code32
    .globl boot_entry
    .type boot_entry, @function
boot_entry:
    cli
    cld
    mov %eax, %esi
    // The only memory known to be writable is the loader's information: its second word is our
    // stack for one call, which tells where we are.
    mov 4(%ebx), %edi
    lea 8(%ebx), %esp
    call boot_here
boot_here:
    pop %ebp
    mov %edi, 4(%ebx)
    lea REFER(boot_stack_end), %esp
    rdtsc
    mov %eax, REFER(boot_entry_tsc)
    mov %edx, REFER(boot_entry_tsc + 4)
    mov %esi, REFER(boot_magic)
    mov %ebx, REFER(boot_information)

    // Long mode and no-execute, or nothing.
    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb boot_refuse_cpu
    mov $0x80000001, %eax
    cpuid
    bt $29, %edx
    jnc boot_refuse_cpu
    bt $20, %edx
    jnc boot_refuse_nx

    // Boot page tables: four directories of 2 MiB pages for the first 4 GiB.
    lea REFER(boot_directories), %edi
    mov $0x83, %eax
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x200000, %eax
    loop 1b
    lea REFER(boot_directories + 3), %eax
    lea REFER(boot_low), %edi
    mov $4, %ecx
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x1000, %eax
    loop 1b
    lea REFER(boot_low + 3), %eax
    mov %eax, REFER(boot_top)
    mov %eax, REFER(boot_top + 8 * LAYOUT_SLOT(LAYOUT_DIRECT))
    lea REFER(boot_high + 3), %eax
    mov %eax, REFER(boot_top + 8 * 511)

    // The image's place: one of 1024 in the top 2 GiB, less what would run over an end.
    mov $1, %eax
    cpuid
    xor %edi, %edi
    bt $30, %ecx
    jnc 1f
    rdrand %edi
1:  rdtsc
    xor %eax, %edi
    imul $0x9e3779b1, %edi, %edi
    shr $22, %edi
    mov %edi, %eax
    and $511, %eax
    cmp $LAYOUT_IMAGE_LAST_SLOT, %eax
    jbe 1f
    sub $(512 - LAYOUT_IMAGE_LAST_SLOT), %edi
1:  mov %edi, REFER(boot_slot)
    mov %edi, %edx
    shr $9, %edx
    lea REFER(boot_image_directory + 3), %eax
    lea REFER(boot_high + 8 * 510), %ecx
    mov %eax, (%ecx, %edx, 8)
    and $511, %edi
    lea REFER(boot_image_directory), %ecx
    lea (%ecx, %edi, 8), %ecx
    lea REFER(image_start), %eax
    mov %eax, REFER(boot_physical)
    add $0x83, %eax
    mov %eax, (%ecx)
    add $0x200000, %eax
    mov %eax, 8(%ecx)

    // PAE and global pages; long mode and NX; paging and write protection.
    mov %cr4, %eax
    or $0xa0, %eax
    mov %eax, %cr4
    lea REFER(boot_top), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x900, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80010001, %eax
    mov %eax, %cr0

    // A 64-bit code segment, then the high address.
    lea REFER(boot_gdt), %eax
    push %eax
    pushw $(boot_gdt_end - boot_gdt - 1)
    lgdt (%esp)
    lea REFER(boot_long), %eax
    push $8
    push %eax
    lret

    .code64
boot_long:
    mov %ebp, %ebp
    mov (boot_slot - boot_here)(%rbp), %eax
    shl $21, %rax
    movabs $LAYOUT_IMAGE, %rcx
    add %rcx, %rax
    lea (boot_high_address - boot_here)(%rbp), %rcx
    mov (boot_physical - boot_here)(%rbp), %edx
    sub %rdx, %rcx
    add %rcx, %rax
    jmp *%rax
boot_high_address:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    lea boot_stack_end(%rip), %rsp
    // The stack protector's guard is at GS.
    mov $0xc0000101, %ecx
    lea boot_cpu(%rip), %rax
    mov %rax, %rdx
    shr $32, %rdx
    wrmsr

    // Add to every relocated word how far the image is from where it was linked.
    lea image_start(%rip), %rdx
    mov $IMAGE_LINKED_AT, %rax
    sub %rax, %rdx
    lea image_rela(%rip), %rcx
    lea image_rela_end(%rip), %rsi
1:  cmp %rsi, %rcx
    jae 2f
    cmpl $8, 8(%rcx)
    jne boot_bad_relocation
    mov (%rcx), %rdi
    mov 16(%rcx), %rax
    add %rdx, %rax
    mov %rax, (%rdi, %rdx)
    add $24, %rcx
    jmp 1b
2:  xor %ebp, %ebp
    mov boot_magic(%rip), %edi
    mov boot_information(%rip), %esi
    mov boot_physical(%rip), %edx
    call boot_main
    ud2
boot_bad_relocation:
    ud2

    .code32
boot_refuse_cpu:
    lea REFER(boot_no_long_mode), %esi
    jmp boot_refuse
boot_refuse_nx:
    lea REFER(boot_no_nx), %esi
boot_refuse:
    mov $0x3fd, %dx
1:  in %dx, %al
    test $0x20, %al
    jz 1b
    lodsb
    test %al, %al
    jz 2f
    mov $0x3f8, %dx
    out %al, %dx
    jmp boot_refuse
2:  mov $LAYOUT_EXIT_PANIC, %al
    mov $LAYOUT_EXIT_PORT, %dx
    out %al, %dx
3:  hlt
    jmp 3b

boot_no_long_mode:
    .asciz "capos: panic: this CPU has no 64-bit mode\r\n"
boot_no_nx:
    .asciz "capos: panic: this CPU has no NX (no-execute pages); refusing to boot\r\n"
    .balign 8
boot_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_end:

    .data
    .balign 8
    .globl boot_entry_tsc
boot_entry_tsc: .quad 0
boot_magic: .long 0
boot_information: .long 0
boot_physical: .long 0
boot_slot: .long 0

    .bss
    .balign 4096
boot_top: .skip 4096
boot_low: .skip 4096
boot_high: .skip 4096
boot_image_directory: .skip 4096
boot_directories: .skip 4 * 4096
    // Used until each CPU has its own stack with a guard page.
boot_stack: .skip 16384
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
