// SPDX-License-Identifier: MIT
//
// Danger: code in ring 3 with an I/O privilege level, or in ring 0 by a wrong selector, owns the
// machine. Turns interrupts off. Must crash with a general protection fault.
int main(void) {
    __asm__ volatile("cli");
    return 1;
}
