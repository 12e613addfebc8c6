// SPDX-License-Identifier: MIT
//
// The kernel half of the page tables: the direct map, the image with one kind of access per
// segment, stacks and device registers. Built once from boot memory; afterwards only CPU start-up
// adds stacks and devices. Every address space shares it by sharing its top-level entries.
#ifndef CAPOS_ARCH_MMU_H
#define CAPOS_ARCH_MMU_H

#include "arch/x86_64/bootmem.h"
#include "arch/x86_64/layout.h"

#define MMU_PAGE       UINT64_C(4096)
#define MMU_LARGE_PAGE UINT64_C(0x200000)
#define MMU_4GIB       UINT64_C(0x100000000)

// Bits of a page table's entry.
#define ENTRY_PRESENT       UINT64_C(1)
#define ENTRY_WRITE         (UINT64_C(1) << 1)
#define ENTRY_USER          (UINT64_C(1) << 2)
#define ENTRY_WRITE_THROUGH (UINT64_C(1) << 3)
#define ENTRY_UNCACHED      (UINT64_C(1) << 4)
#define ENTRY_LARGE         (UINT64_C(1) << 7)
#define ENTRY_GLOBAL        (UINT64_C(1) << 8)
#define ENTRY_NO_EXECUTE    (UINT64_C(1) << 63)
#define ENTRY_ADDRESS       UINT64_C(0x000ffffffffff000)

enum mmu_access {
    MMU_READ,    // no writing, no execution
    MMU_WRITE,   // no execution
    MMU_EXECUTE, // no writing
    MMU_DEVICE,  // as MMU_WRITE, uncached
};

// Where the kernel sees physical memory. Only for what the direct map holds.
static inline void *mmu_direct(uint64_t physical) {
    return (void *)(LAYOUT_DIRECT + physical);
}

static inline uint64_t mmu_direct_physical(const void *address) {
    return (uint64_t)address - LAYOUT_DIRECT;
}

// Builds the tables and switches to them. The boot stack goes on working; low addresses don't.
void mmu_init(struct bootmem *memory, const struct boot_info *info);

// Maps whole pages in the kernel half; uses large pages where both addresses allow it. The range
// must not be mapped yet.
void mmu_map(uint64_t address, uint64_t physical, uint64_t size, enum mmu_access access);

// A zeroed page of boot memory, below 4 GiB.
uint64_t mmu_take_page(void);

// Maps fresh zeroed memory, writable.
void mmu_map_new(uint64_t address, uint64_t size);

// Device registers at `physical`, mapped uncached for good.
volatile void *mmu_map_device(uint64_t physical, uint64_t size);

// Does the kernel half map this address?
bool mmu_is_mapped(uint64_t address);

// Physical address of the kernel's top-level table, whose upper half each address space copies.
uint64_t mmu_top(void);

#endif
