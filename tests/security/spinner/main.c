// SPDX-License-Identifier: MIT
//
// Danger: a program that never gives the processor back stops all others where nothing takes it
// away. Loops for ever. The others must go on, and it must be possible to kill it.
int main(void) {
    for (;;)
        __asm__ volatile("");
}
