// SPDX-License-Identifier: MIT
//
// Physical memory until core/frame has it; see bootmem.h.
#include "arch/x86_64/bootmem.h"

#include "arch/x86_64/mmu.h"
#include "base/bits.h"
#include "base/memory.h"
#include "core/panic.h"

static void bootmem_insert(struct bootmem *memory, unsigned at, struct boot_range range) {
    if (memory->count == BOOTMEM_RANGES)
        panic("physical memory is in more than %d pieces", BOOTMEM_RANGES);
    for (unsigned i = memory->count++; i > at; i--)
        memory->free[i] = memory->free[i - 1];
    memory->free[at] = range;
}

static void bootmem_delete(struct bootmem *memory, unsigned at) {
    memory->count--;
    for (unsigned i = at; i < memory->count; i++)
        memory->free[i] = memory->free[i + 1];
}

// Takes what overlaps or touches `range` out of the list and returns the union.
static struct boot_range bootmem_absorb(struct bootmem *memory, struct boot_range range) {
    for (unsigned i = 0; i < memory->count;) {
        struct boot_range other = memory->free[i];
        if (other.end < range.start || range.end < other.start) {
            i++;
            continue;
        }
        range.start = min_u64(range.start, other.start);
        range.end = max_u64(range.end, other.end);
        bootmem_delete(memory, i);
    }
    return range;
}

static void bootmem_add(struct bootmem *memory, struct boot_range range) {
    range.start = align_down(range.start + MMU_PAGE - 1, MMU_PAGE);
    range.end = align_down(range.end, MMU_PAGE);
    if (range.start >= range.end)
        return;
    range = bootmem_absorb(memory, range);
    unsigned at = 0;
    while (at < memory->count && memory->free[at].start < range.start)
        at++;
    bootmem_insert(memory, at, range);
}

static void bootmem_remove(struct bootmem *memory, struct boot_range range) {
    range.start = align_down(range.start, MMU_PAGE);
    range.end = align_down(range.end + MMU_PAGE - 1, MMU_PAGE);
    for (unsigned i = 0; i < memory->count;) {
        struct boot_range *free = &memory->free[i];
        struct boot_range above = {max_u64(range.end, free->start), free->end};
        if (free->end <= range.start || range.end <= free->start) {
            i++;
            continue;
        }
        free->end = max_u64(min_u64(free->end, range.start), free->start);
        bool below = free->start < free->end;
        if (!below)
            bootmem_delete(memory, i);
        if (above.start < above.end)
            bootmem_insert(memory, i + below, above);
        i += below + (above.start < above.end);
    }
}

void bootmem_init(struct bootmem *memory, const struct boot_info *info) {
    memset(memory, 0, sizeof *memory);
    for (unsigned i = 0; i < info->usable_count; i++)
        bootmem_add(memory, info->usable[i]);
    // Address 0 means none.
    bootmem_remove(memory, (struct boot_range){0, MMU_PAGE});
    bootmem_remove(memory, info->image);
    if (info->archive.end != 0)
        bootmem_remove(memory, info->archive);
}

uint64_t bootmem_take(struct bootmem *memory, uint64_t size, uint64_t limit) {
    for (unsigned i = memory->count; i-- > 0;) {
        struct boot_range *free = &memory->free[i];
        uint64_t end = min_u64(free->end, limit);
        if (end <= free->start || end - free->start < size)
            continue;
        struct boot_range taken = {end - size, end};
        bootmem_remove(memory, taken);
        memory->taken += size;
        memset(mmu_direct(taken.start), 0, size);
        return taken.start;
    }
    panic("no %lu bytes of memory left while booting", (unsigned long)size);
}

uint64_t bootmem_bytes(const struct bootmem *memory) {
    uint64_t bytes = 0;
    for (unsigned i = 0; i < memory->count; i++)
        bytes += memory->free[i].end - memory->free[i].start;
    return bytes;
}
