// SPDX-License-Identifier: MIT
//
// From the first line of C to the first process, each step once; see boot.h. Before mmu_init() the
// boot page tables are on, and low memory is where it says; after it the kernel's own are. Boot
// memory serves until the core's frame allocator gets what is left of it.
#include "arch/x86_64/boot.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/backtrace.h"
#include "arch/x86_64/boot_kernel.h"
#include "arch/x86_64/bootinfo.h"
#include "arch/x86_64/bootmem.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/halt.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/provoke.h"
#include "arch/x86_64/random.h"
#include "arch/x86_64/shootdown.h"
#include "arch/x86_64/x86.h"
#include "base/format.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/panic.h"
#include "platform/pc/acpi.h"
#include "platform/pc/console.h"
#include "platform/pc/ioapic.h"
#include "platform/pc/pic.h"
#include "platform/pc/power.h"
#include "platform/pc/serial.h"

static struct boot_info boot_info;
static struct bootmem boot_memory;
static struct acpi_machine boot_acpi;
struct boot_facts boot_facts;

// The ELF note's header and its name, "GNU".
enum { BUILD_ID_NOTE_HEADER = 16 };

static void boot_find_facts(void) {
    const uint8_t *id = image_build_id + BUILD_ID_NOTE_HEADER;
    struct format format;
    format_init(&format, boot_facts.build, sizeof boot_facts.build);
    for (unsigned i = 0; i < BOOT_BUILD_DIGITS / 2 && id + i < image_build_id_end; i++)
        format_hex_padded(&format, id[i], 2);
    boot_facts.memory = bootmem_bytes(&boot_memory);
}

static void boot_log(void) {
    struct cpu *cpu = cpu_current();
    log_line(cpu, "capOS %s, build %s, %s kernel, loaded by %s", CAPOS_VERSION, boot_facts.build,
             CAPOS_KERNEL, boot_info.loader);
    log_line(cpu, "memory: %lu KiB free", (unsigned long)boot_facts.memory / 1024);
    features_log();
}

// Interrupts and time.
static void boot_platform(void) {
    acpi_read(&boot_acpi, boot_info.rsdp_address, boot_info.rsdp_size ? boot_info.rsdp : NULL);
    power_init(boot_acpi.power_port);
    pic_mask();
    apic_init();
    apic_enable();
    boot_cpu.machine.apic_id = apic_id();
    ioapic_init(&boot_acpi);
    halt_init();
    shootdown_init();
    clock_init();
    serial_init(&boot_acpi, boot_cpu.machine.apic_id);
    log_line(cpu_current(), "clock: TSC at %lu kHz", (unsigned long)clock_tsc_khz());
}

static _Noreturn void boot_on_own_stack(void) {
    provoke(boot_info.command_line, false);
    boot_platform();
    boot_kernel_prepare(&boot_memory, &boot_acpi);
    boot_kernel_start(&boot_memory, &boot_info);
}

static _Noreturn void boot_switch_stack(uint64_t top, void (*next)(void)) {
    __asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1; ud2" ::"r"(top), "r"(next)
                     : "memory");
    __builtin_unreachable();
}

// The guard changes under this function's feet, so it has none itself.
__attribute__((no_stack_protector)) void boot_main(uint32_t magic, uint32_t information,
                                                   uint32_t image) {
    boot_cpu.machine.guard = (x86_read_tsc() ^ (uint64_t)image_start) * 0x9e3779b97f4a7c15 << 8;
    console_init();
    features_detect();
    random_seed(&boot_cpu.machine);
    bootinfo_read(&boot_info, magic, information, image);
    bootmem_init(&boot_memory, &boot_info);
    boot_find_facts();
    boot_log();
    mmu_init(&boot_memory, &boot_info);
    idt_init();
    cpu_init(&boot_cpu.machine, 0, 0);
    cpu_load(&boot_cpu.machine);
    boot_switch_stack(boot_cpu.machine.stack, boot_on_own_stack);
}
