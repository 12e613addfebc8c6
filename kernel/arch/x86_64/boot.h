// SPDX-License-Identifier: MIT
//
// The way from the loader to the first process.
#ifndef CAPOS_ARCH_BOOT_H
#define CAPOS_ARCH_BOOT_H

#include <stdint.h>

// The time-stamp counter at the kernel's first instructions.
extern uint64_t boot_entry_tsc;

enum { BOOT_BUILD_DIGITS = 16 };

// What is known of this kernel and its machine once the log has begun.
struct boot_facts {
    char build[BOOT_BUILD_DIGITS + 1]; // the build id's first bytes as hexadecimal digits
    uint64_t memory;                   // bytes that the loader says can be used
};

extern struct boot_facts boot_facts;

// Called by start.S on the boot stack, with interrupts off and the boot page tables: EAX and EBX at
// entry, and where the image was loaded.
_Noreturn void boot_main(uint32_t magic, uint32_t information, uint32_t image);

#endif
