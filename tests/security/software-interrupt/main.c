// SPDX-License-Identifier: MIT
//
// Danger: an interrupt gate that ring 3 may call by number lets a program feign a page fault, with
// an error code that the processor never pushed: the kernel's stack would be read shifted. Must
// crash with a general protection fault.
int main(void) {
    __asm__ volatile("int $14");
    return 1;
}
