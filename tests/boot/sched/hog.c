// SPDX-License-Identifier: MIT
//
// hog: uses its processor and asks for nothing, for ever. It pauses now and then, by which an
// emulator that runs one processor after the other goes on to the next (tests/boot/scheduling.tap).
#include "capos/runtime.h"

enum { TURN = 1000 };

int main(void) {
    for (;;) {
        for (unsigned i = 0; i < TURN; i++)
            __asm__ volatile("");
        __builtin_ia32_pause();
    }
}
