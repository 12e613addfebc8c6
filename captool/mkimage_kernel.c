// SPDX-License-Identifier: MIT
// The kernel's boot copy; see mkimage_kernel.h.
#include "mkimage_kernel.h"

#include "mkimage_elf.h"

#include <string.h>

enum { MULTIBOOT2_SEARCH = 32768 };
#define MULTIBOOT2_HEADER 0xe85250d6u

static bool kernel_has_multiboot2(const uint8_t *elf, size_t size) {
    uint32_t word;
    for (size_t at = 0; at + 8 <= size && at < MULTIBOOT2_SEARCH; at += 8) {
        memcpy(&word, elf + at, sizeof word);
        if (word == MULTIBOOT2_HEADER)
            return true;
    }
    return false;
}

size_t mkimage_kernel_strip(uint8_t *file, size_t size, const char **why) {
    struct mkimage_elf elf;
    *why = mkimage_elf_open(&elf, file, size);
    if (*why == NULL && !kernel_has_multiboot2(file, size))
        *why = "it has no Multiboot2 header";
    return *why == NULL ? mkimage_elf_strip(&elf, file) : 0;
}
