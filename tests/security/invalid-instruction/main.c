// SPDX-License-Identifier: MIT
//
// Danger: as with the divide error, and this one is also how compilers mark what can't happen. Must
// crash with an invalid instruction.
int main(void) {
    __asm__ volatile("ud2");
    return 1;
}
