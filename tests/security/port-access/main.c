// SPDX-License-Identifier: MIT
//
// Danger: an I/O permission bitmap that lies beyond its segment's limit, or is not there, lets
// everybody talk to devices. Writes to the debug-exit port that would end the machine. Must crash
// with a general protection fault.
int main(void) {
    __asm__ volatile("outl %0, %1" : : "a"(0), "Nd"((unsigned short)0xf4));
    return 1;
}
