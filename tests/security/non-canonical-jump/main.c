// SPDX-License-Identifier: MIT
//
// Danger: returning to a non-canonical address by SYSRET faults in ring 0 with the user's stack on
// Intel's processors. Here the jump is the program's own. Must crash with a general protection
// fault.
int main(void) {
    __asm__ volatile("jmp *%0" : : "r"(0x8000000000000000));
    return 1;
}
