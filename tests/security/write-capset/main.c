// SPDX-License-Identifier: MIT
//
// Danger: a CapSet page that its process can write lets a library that was fooled once lie to all
// others about what was granted. Must crash with a page fault, a write.
#include "capos/runtime.h"

int main(void) {
    ((volatile struct capos_capset *)(uintptr_t)capos_grants())->count = 0;
    return 1;
}
