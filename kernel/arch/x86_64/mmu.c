// SPDX-License-Identifier: MIT
//
// The kernel half of the page tables; see mmu.h.
#include "arch/x86_64/mmu.h"

#include "arch/x86_64/image.h"
#include "arch/x86_64/x86.h"
#include "base/bits.h"
#include "core/panic.h"

#include <stddef.h>

enum { LEVEL_PAGE = 0, LEVEL_LARGE = 1, LEVEL_TOP = 3 };

static struct bootmem *mmu_memory;
static uint64_t *mmu_table;
static uint64_t mmu_next_device = LAYOUT_DEVICES;

static const uint64_t mmu_bits[] = {
    [MMU_READ] = ENTRY_PRESENT | ENTRY_GLOBAL | ENTRY_NO_EXECUTE,
    [MMU_WRITE] = ENTRY_PRESENT | ENTRY_GLOBAL | ENTRY_NO_EXECUTE | ENTRY_WRITE,
    [MMU_EXECUTE] = ENTRY_PRESENT | ENTRY_GLOBAL,
    [MMU_DEVICE] = ENTRY_PRESENT | ENTRY_GLOBAL | ENTRY_NO_EXECUTE | ENTRY_WRITE |
                   ENTRY_WRITE_THROUGH | ENTRY_UNCACHED,
};

// From below 4 GiB: under the boot page tables nothing else can be reached.
uint64_t mmu_take_page(void) {
    return bootmem_take(mmu_memory, MMU_PAGE, MMU_4GIB);
}

// The entry for `address` at `level`, with the tables above it made as needed.
static uint64_t *mmu_entry(uint64_t address, int level) {
    uint64_t *table = mmu_table;
    for (int at = LEVEL_TOP;; at--) {
        uint64_t *entry = &table[address >> (12 + 9 * at) & 511];
        if (at == level)
            return entry;
        if (!(*entry & ENTRY_PRESENT))
            *entry = mmu_take_page() | ENTRY_PRESENT | ENTRY_WRITE;
        if (*entry & ENTRY_LARGE)
            panic("a kernel mapping at %lx would split a large page", (unsigned long)address);
        table = mmu_direct(*entry & ENTRY_ADDRESS);
    }
}

void mmu_map(uint64_t address, uint64_t physical, uint64_t size, enum mmu_access access) {
    for (uint64_t end = address + size; address != end;) {
        bool large =
            ((address | physical) & (MMU_LARGE_PAGE - 1)) == 0 && end - address >= MMU_LARGE_PAGE;
        uint64_t step = large ? MMU_LARGE_PAGE : MMU_PAGE;
        uint64_t *entry = mmu_entry(address, large ? LEVEL_LARGE : LEVEL_PAGE);
        if (*entry & ENTRY_PRESENT)
            panic("kernel address %lx is mapped twice", (unsigned long)address);
        *entry = physical | mmu_bits[access] | (large ? ENTRY_LARGE : 0);
        address += step;
        physical += step;
    }
}

static void mmu_map_image(const struct boot_info *info) {
    const struct {
        const uint8_t *start, *end;
        enum mmu_access access;
    } segments[] = {
        {image_start, image_text_end, MMU_EXECUTE},
        {image_text_end, image_rodata_end, MMU_READ},
        {image_rodata_end, image_end, MMU_WRITE},
    };
    for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++)
        mmu_map((uint64_t)segments[i].start,
                info->image.start + (uint64_t)(segments[i].start - image_start),
                (uint64_t)(segments[i].end - segments[i].start), segments[i].access);
}

// The image itself is not in the direct map, or its text would be writable there.
static void mmu_map_direct(const struct bootmem *free, const struct boot_info *info) {
    for (unsigned i = 0; i < free->count; i++)
        mmu_map(LAYOUT_DIRECT + free->free[i].start, free->free[i].start,
                free->free[i].end - free->free[i].start, MMU_WRITE);
    uint64_t start = align_down(info->archive.start, MMU_PAGE);
    uint64_t end = align_down(info->archive.end + MMU_PAGE - 1, MMU_PAGE);
    mmu_map(LAYOUT_DIRECT + start, start, end - start, MMU_READ);
}

void mmu_init(struct bootmem *memory, const struct boot_info *info) {
    // What is free now is mapped, the tables taken from it meanwhile included.
    struct bootmem free = *memory;
    mmu_memory = memory;
    mmu_table = mmu_direct(mmu_take_page());
    mmu_map_image(info);
    mmu_map_direct(&free, info);
    // Address spaces copy these entries when they are made, so they must exist by then.
    (void)mmu_entry(LAYOUT_STACKS, LEVEL_TOP - 1);
    (void)mmu_entry(LAYOUT_DEVICES, LEVEL_TOP - 1);
    x86_write_cr3(mmu_direct_physical(mmu_table));
}

void mmu_map_new(uint64_t address, uint64_t size) {
    for (uint64_t at = 0; at < size; at += MMU_PAGE)
        mmu_map(address + at, mmu_take_page(), MMU_PAGE, MMU_WRITE);
}

volatile void *mmu_map_device(uint64_t physical, uint64_t size) {
    uint64_t offset = physical & (MMU_PAGE - 1);
    uint64_t whole = align_down(offset + size + MMU_PAGE - 1, MMU_PAGE);
    uint64_t address = mmu_next_device;
    mmu_map(address, physical - offset, whole, MMU_DEVICE);
    mmu_next_device += whole;
    return (volatile void *)(address + offset);
}

uint64_t mmu_top(void) {
    return mmu_direct_physical(mmu_table);
}

bool mmu_is_mapped(uint64_t address) {
    const uint64_t *table = mmu_table;
    if (address < LAYOUT_DIRECT || table == NULL)
        return false;
    for (int level = LEVEL_TOP; level >= LEVEL_PAGE; level--) {
        uint64_t entry = table[address >> (12 + 9 * level) & 511];
        if (!(entry & ENTRY_PRESENT))
            return false;
        if (entry & ENTRY_LARGE)
            return true;
        table = mmu_direct(entry & ENTRY_ADDRESS);
    }
    return true;
}
