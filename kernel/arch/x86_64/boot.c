// SPDX-License-Identifier: MIT
//
// From the first line of C to the kernel's own stack and tables, each step once; see boot.h.
#include "arch/x86_64/boot.h"

#include "arch/x86_64/bootinfo.h"
#include "arch/x86_64/bootmem.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/provoke.h"
#include "arch/x86_64/x86.h"
#include "base/format.h"
#include "core/log.h"
#include "core/panic.h"
#include "platform/pc/console.h"
#include "platform/pc/power.h"

static struct boot_info boot_info;
static struct bootmem boot_memory;

// The name field of the ELF note takes 16 bytes with its header: "GNU".
enum { BUILD_ID_NOTE_HEADER = 16 };

void boot_build_id(char text[static 2 * BOOT_BUILD_ID_SIZE + 1]) {
    const uint8_t *id = image_build_id + BUILD_ID_NOTE_HEADER;
    struct format format;
    format_init(&format, text, 2 * BOOT_BUILD_ID_SIZE + 1);
    for (unsigned i = 0; i < BOOT_BUILD_ID_SIZE && id + i < image_build_id_end; i++)
        format_hex_padded(&format, id[i], 2);
}

static void boot_log(void) {
    char id[2 * BOOT_BUILD_ID_SIZE + 1];
    boot_build_id(id);
    log_line(cpu_current(), "capOS %s, build %s, %s kernel, loaded by %s", CAPOS_VERSION, id,
             CAPOS_KERNEL, boot_info.loader);
    log_line(cpu_current(), "memory: %lu KiB free",
             (unsigned long)bootmem_bytes(&boot_memory) / 1024);
    features_log();
}

static _Noreturn void boot_on_own_stack(void) {
    provoke(boot_info.command_line);
    log_line(cpu_current(), "boot: nothing to run yet");
    power_off(POWER_STATUS);
}

static _Noreturn void boot_switch_stack(uint64_t top, void (*next)(void)) {
    __asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1; ud2" ::"r"(top), "r"(next)
                     : "memory");
    __builtin_unreachable();
}

// The guard changes under this function's feet, so it has none itself.
__attribute__((no_stack_protector)) void boot_main(uint32_t magic, uint32_t information,
                                                   uint32_t image) {
    cpu_boot.guard = (x86_read_tsc() ^ (uint64_t)image_start) * 0x9e3779b97f4a7c15 << 8;
    console_init();
    features_detect();
    bootinfo_read(&boot_info, magic, information, image);
    bootmem_init(&boot_memory, &boot_info);
    boot_log();
    mmu_init(&boot_memory, &boot_info);
    idt_init();
    cpu_init(&cpu_boot, 0, 0);
    cpu_load(&cpu_boot);
    boot_switch_stack(cpu_boot.stack, boot_on_own_stack);
}
