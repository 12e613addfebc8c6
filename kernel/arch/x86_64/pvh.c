// SPDX-License-Identifier: MIT
//
// The PVH start information, which QEMU's -kernel gives: a header with the addresses of the memory
// map, the modules and the command line.
#include "arch/x86_64/bootinfo.h"
#include "arch/x86_64/mmu.h"
#include "core/panic.h"

enum { PVH_MAGIC = 0x336ec578, PVH_USABLE = 1 };

struct pvh_start {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, command_line, rsdp;
    // Since version 1.
    uint64_t memory_map;
    uint32_t memory_map_entries, zero;
};

struct pvh_module {
    uint64_t address, size, command_line, zero;
};

struct pvh_range {
    uint64_t base, length;
    uint32_t type, zero;
};

static void pvh_read_modules(struct boot_info *info, const struct pvh_start *start) {
    const struct pvh_module *module = mmu_direct(start->module_list);
    if (start->modules > 1)
        panic("the loader passed more than one module");
    if (start->modules == 1)
        info->archive = (struct boot_range){module->address, module->address + module->size};
}

bool pvh_read(struct boot_info *info, uint64_t information) {
    const struct pvh_start *start = mmu_direct(information);
    if (start->magic != PVH_MAGIC)
        return false;
    info->loader = "PVH";
    if (start->version < 1)
        panic("PVH start information of version %u has no memory map", start->version);
    const struct pvh_range *range = mmu_direct(start->memory_map);
    for (uint32_t i = 0; i < start->memory_map_entries; i++)
        if (range[i].type == PVH_USABLE)
            bootinfo_add_usable(info, range[i].base, range[i].length);
    pvh_read_modules(info, start);
    info->rsdp_address = start->rsdp;
    if (start->command_line != 0)
        bootinfo_set_line(info, mmu_direct(start->command_line));
    return true;
}
