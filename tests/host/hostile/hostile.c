// SPDX-License-Identifier: MIT
//
// See ring/shared.h beside this file.
#include "ring/shared.h"

uint64_t hostile_index_loads;
uint64_t hostile_bytes_changed;

// Never zero, so that every byte changes; different each time.
static uint8_t next_change(void) {
    static uint32_t state = 1;

    state = state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint8_t)(state >> 24 | 1);
}

void hostile_load(void *to, const void *from, size_t size) {
    const uint8_t *source = from;
    uint8_t *target = to;

    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
        ((uint8_t *)(uintptr_t)source)[i] ^= next_change();
    }
    hostile_bytes_changed += size;
}
