// SPDX-License-Identifier: MIT
//
// Danger: kernel code that user code can run, even without its privileges, is a box of tools for an
// attacker. Jumps to the kernel's image. Must crash with a page fault.
int main(void) {
    __asm__ volatile("jmp *%0" : : "r"(0xffffffff80000000));
    return 1;
}
