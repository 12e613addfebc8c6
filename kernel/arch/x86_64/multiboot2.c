// SPDX-License-Identifier: MIT
//
// The Multiboot2 information (as GRUB gives it on BIOS and UEFI): tags, each 8-aligned.
#include "arch/x86_64/bootinfo.h"
#include "arch/x86_64/mmu.h"
#include "base/memory.h"
#include "core/panic.h"

enum {
    MULTIBOOT2_MAGIC = 0x36d76289,

    MULTIBOOT2_END = 0,
    MULTIBOOT2_COMMAND_LINE = 1,
    MULTIBOOT2_MODULE = 3,
    MULTIBOOT2_MEMORY_MAP = 6,
    MULTIBOOT2_RSDP_1 = 14,
    MULTIBOOT2_RSDP_2 = 15,

    MULTIBOOT2_USABLE = 1,
};

struct multiboot2_tag {
    uint32_t type, size;
};

struct multiboot2_module {
    struct multiboot2_tag tag;
    uint32_t start, end;
};

struct multiboot2_memory_map {
    struct multiboot2_tag tag;
    uint32_t entry_size, entry_version;
    uint8_t entries[];
};

struct multiboot2_range {
    uint64_t base, length;
    uint32_t type, zero;
};

static void multiboot2_read_map(struct boot_info *info, const struct multiboot2_memory_map *map) {
    if (map->entry_size < sizeof(struct multiboot2_range))
        panic("Multiboot2 memory map with entries of %u bytes", map->entry_size);
    for (uint32_t at = sizeof *map; at + map->entry_size <= map->tag.size; at += map->entry_size) {
        const struct multiboot2_range *range = (const void *)((const uint8_t *)map + at);
        if (range->type == MULTIBOOT2_USABLE)
            bootinfo_add_usable(info, range->base, range->length);
    }
}

static void multiboot2_read_rsdp(struct boot_info *info, const struct multiboot2_tag *tag) {
    uint32_t size = tag->size - (uint32_t)sizeof *tag;
    if (size > sizeof info->rsdp)
        size = sizeof info->rsdp;
    // The newer tag wins, whichever comes first.
    if (size <= info->rsdp_size)
        return;
    memcpy(info->rsdp, tag + 1, size);
    info->rsdp_size = size;
}

static void multiboot2_read_module(struct boot_info *info, const struct multiboot2_module *module) {
    if (info->archive.end != 0)
        panic("the loader passed more than one module");
    info->archive = (struct boot_range){module->start, module->end};
}

static void multiboot2_read_tag(struct boot_info *info, const struct multiboot2_tag *tag) {
    switch (tag->type) {
    case MULTIBOOT2_COMMAND_LINE:
        bootinfo_set_line(info, (const char *)(tag + 1));
        break;
    case MULTIBOOT2_MODULE:
        multiboot2_read_module(info, (const void *)tag);
        break;
    case MULTIBOOT2_MEMORY_MAP:
        multiboot2_read_map(info, (const void *)tag);
        break;
    case MULTIBOOT2_RSDP_1:
    case MULTIBOOT2_RSDP_2:
        multiboot2_read_rsdp(info, tag);
        break;
    }
}

bool multiboot2_read(struct boot_info *info, uint32_t magic, uint64_t information) {
    if (magic != MULTIBOOT2_MAGIC)
        return false;
    const uint8_t *start = mmu_direct(information);
    uint32_t total = *(const uint32_t *)start;
    info->loader = "Multiboot2";
    for (uint32_t at = 8; at + sizeof(struct multiboot2_tag) <= total;) {
        const struct multiboot2_tag *tag = (const void *)(start + at);
        if (tag->type == MULTIBOOT2_END)
            return true;
        if (tag->size < sizeof *tag || tag->size > total - at)
            break;
        multiboot2_read_tag(info, tag);
        at += (tag->size + 7) & ~7u;
    }
    panic("the Multiboot2 information has no end");
}
