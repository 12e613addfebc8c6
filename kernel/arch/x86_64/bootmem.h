// SPDX-License-Identifier: MIT
//
// Physical memory until core/frame has it: the loader's usable ranges less the kernel, the boot
// archive and what this file hands out, in whole pages. Nothing handed out here is ever given back.
#ifndef CAPOS_ARCH_BOOTMEM_H
#define CAPOS_ARCH_BOOTMEM_H

#include "arch/x86_64/bootinfo.h"

enum { BOOTMEM_RANGES = BOOTINFO_RANGES + 4 };

struct bootmem {
    unsigned count;
    struct boot_range free[BOOTMEM_RANGES]; // sorted, whole pages, no two touch
    uint64_t taken;                         // bytes handed out
};

void bootmem_init(struct bootmem *memory, const struct boot_info *info);

// Takes `size` bytes (whole pages) under `limit`, as high as possible so that the first megabyte
// stays for those who need it; returns their address, zeroed. Panics when there are none.
uint64_t bootmem_take(struct bootmem *memory, uint64_t size, uint64_t limit);

uint64_t bootmem_bytes(const struct bootmem *memory);

#endif
