// SPDX-License-Identifier: MIT
//
// What the two loaders' formats have in common; see bootinfo.h.
#include "arch/x86_64/bootinfo.h"

#include "arch/x86_64/image.h"
#include "base/memory.h"
#include "core/panic.h"

void bootinfo_add_usable(struct boot_info *info, uint64_t start, uint64_t size) {
    if (size == 0 || start + size < start)
        return;
    if (info->usable_count == BOOTINFO_RANGES)
        panic("the memory map has more than %d usable ranges", BOOTINFO_RANGES);
    info->usable[info->usable_count++] = (struct boot_range){start, start + size};
}

void bootinfo_set_line(struct boot_info *info, const char *line) {
    unsigned i = 0;
    for (; line[i] && i < BOOTINFO_LINE - 1; i++)
        info->command_line[i] = line[i];
    info->command_line[i] = '\0';
}

void bootinfo_read(struct boot_info *info, uint32_t magic, uint64_t information, uint64_t image) {
    memset(info, 0, sizeof *info);
    info->image = (struct boot_range){image, image + (uint64_t)(image_end - image_start)};
    if (!multiboot2_read(info, magic, information) && !pvh_read(info, information))
        panic("neither Multiboot2 nor PVH: magic %x at entry", magic);
    if (info->usable_count == 0)
        panic("the loader (%s) gave no memory map", info->loader);
}
