// SPDX-License-Identifier: MIT
//
// What the loader told us, in one form whatever the loader was. Filled once, while the boot page
// tables are on; all addresses are physical.
#ifndef CAPOS_ARCH_BOOTINFO_H
#define CAPOS_ARCH_BOOTINFO_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

// Bytes from start up to, and without, end.
struct boot_range {
    uint64_t start, end;
};

enum { BOOTINFO_RANGES = 64, BOOTINFO_LINE = 128, BOOTINFO_RSDP = 36 };

struct boot_info {
    const char *loader;
    struct boot_range image;   // the kernel
    struct boot_range archive; // the boot archive, empty when there is none
    unsigned usable_count;
    struct boot_range usable[BOOTINFO_RANGES]; // as reported: unsorted, may hold the two above
    uint64_t rsdp_address;                     // ACPI's root, 0 when only its copy is known
    uint8_t rsdp[BOOTINFO_RSDP];               // ACPI's root, valid when rsdp_size is not 0
    uint32_t rsdp_size;
    char command_line[BOOTINFO_LINE];
};

// Reads what the loader left at `information`; nothing of that is needed afterwards. `magic` is EAX
// at entry, `image` where the image was loaded. Anything that can't be understood is a panic: there
// is nobody to refuse to.
void bootinfo_read(struct boot_info *info, uint32_t magic, uint64_t information, uint64_t image);

// For the readers of each format: adds one usable range, remembers the command line.
void bootinfo_add_usable(struct boot_info *info, uint64_t start, uint64_t size);
void bootinfo_set_line(struct boot_info *info, const char *line);

// The two formats. Each returns false when `information` is not of its kind.
bool multiboot2_read(struct boot_info *info, uint32_t magic, uint64_t information) must_use;
bool pvh_read(struct boot_info *info, uint64_t information) must_use;

#endif
