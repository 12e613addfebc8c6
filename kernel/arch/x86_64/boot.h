// SPDX-License-Identifier: MIT
//
// The way from the loader to the first process.
#ifndef CAPOS_ARCH_BOOT_H
#define CAPOS_ARCH_BOOT_H

#include <stdint.h>

// The time-stamp counter at the kernel's first instructions.
extern uint64_t boot_entry_tsc;

// Bytes of the build id that are shown: enough to tell builds apart.
enum { BOOT_BUILD_ID_SIZE = 8 };

// Writes the build id's first bytes as hexadecimal digits and a NUL.
void boot_build_id(char text[static 2 * BOOT_BUILD_ID_SIZE + 1]);

// Called by start.S on the boot stack, with interrupts off and the boot page tables: EAX and EBX at
// entry, and where the image was loaded.
_Noreturn void boot_main(uint32_t magic, uint32_t information, uint32_t image);

#endif
