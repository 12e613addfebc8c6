// SPDX-License-Identifier: MIT
//
// hog: uses its processor and asks for nothing, for ever.
#include "capos/runtime.h"

int main(void) {
    for (;;)
        __asm__ volatile(""); // no pause, which an emulator would stop for
}
