// SPDX-License-Identifier: MIT
//
// Danger: a processor exception in user mode that the kernel takes for its own stops the machine.
// Divides by zero. Must crash with a divide error.
int main(void) {
    __asm__ volatile("xorl %%ecx, %%ecx\n\tdivl %%ecx" : : : "eax", "ecx", "edx", "cc");
    return 1;
}
