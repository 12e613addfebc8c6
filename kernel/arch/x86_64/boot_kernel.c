// SPDX-License-Identifier: MIT
//
// From a machine that is set up to a running kernel; see boot_kernel.h. A CPU that does not start
// is left out with all that come after it, so that the core's CPU numbers have no holes.
#include "arch/x86_64/boot_kernel.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/backtrace.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/provoke.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/user.h"
#include "base/bits.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/log.h"
#include "core/panic.h"
#include "machine/cpu.h"
#include "object/start.h"
#include "platform/pc/power.h"

// What the host reads as the machine's status when init can't be started.
enum { BOOT_FAILED = 1 };

struct cpu boot_cpu;

static struct kernel boot_kernel;
static struct frames boot_frames;

static uint32_t boot_other_count;
static struct cpu *boot_others[CAPOS_CPUS_MAX];

void boot_kernel_prepare(struct bootmem *memory, const struct acpi_machine *machine) {
    uint64_t size = align_down(sizeof(struct cpu) + MMU_PAGE - 1, MMU_PAGE);
    uint32_t self = boot_cpu.machine.apic_id;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (machine->apic_ids[i] == self || boot_other_count == CAPOS_CPUS_MAX - 1)
            continue;
        struct cpu *cpu = mmu_direct(bootmem_take(memory, size, MMU_4GIB));
        cpu_init(&cpu->machine, boot_other_count + 1, machine->apic_ids[i]);
        cpu->machine.guard = machine_random(&boot_cpu) << 8;
        boot_others[boot_other_count++] = cpu;
    }
    if (boot_other_count != 0)
        smp_prepare(memory);
}

static void boot_give_memory(const struct bootmem *memory) {
    frames_init(&boot_frames);
    for (unsigned i = 0; i < memory->count; i++) {
        struct boot_range range = memory->free[i];
        if (!frames_add(&boot_frames, (struct paddr){range.start}, range.end - range.start))
            log_line(&boot_cpu, "memory: %lu bytes at %lx are not used",
                     (unsigned long)(range.end - range.start), (unsigned long)range.start);
    }
}

// The root ledger: all that there is. What is no memory has no limit of its own; its records are
// paid for.
static struct ledger_limits boot_limits(const struct bootmem *memory) {
    uint64_t bytes = bootmem_bytes(memory);
    struct ledger_limits limits;
    for (unsigned i = 0; i < LEDGER_CLASSES; i++)
        limits.limit[i] = UINT32_MAX;
    limits.limit[LEDGER_FRAMES] = bytes / FRAME_SIZE;
    limits.limit[LEDGER_RESERVED_PAGES] = UINT64_C(1) << 40;
    limits.limit[LEDGER_KERNEL_MEMORY] = bytes;
    return limits;
}

static void boot_add_cpu(struct cpu *cpu) {
    if (kernel_add_cpu(&boot_kernel, cpu) != CAPOS_STATUS_OK)
        panic("no memory for CPU %u", cpu->machine.number);
}

static void boot_start_others(void) {
    uint32_t running = 0;
    if (boot_other_count != 0)
        backtrace_not_alone();
    while (running < boot_other_count && smp_start(boot_others[running]))
        boot_add_cpu(boot_others[running++]);
    if (running < boot_other_count)
        smp_close();
    for (uint32_t i = 0; i < running; i++)
        smp_release(boot_others[i]);
    log_line(&boot_cpu, "CPUs: %u", running + 1);
}

// A kernel that can't start its first process has nothing else to do. That is a failure, but no
// broken invariant: the archive comes from outside.
static void boot_start_init(const struct boot_info *info) {
    struct paddr archive = {info->archive.start};
    kernel_enter(&boot_cpu);
    const char *wrong = start_init(&boot_cpu, archive, info->archive.end - info->archive.start);
    kernel_leave(&boot_cpu);
    if (wrong == NULL)
        return;
    log_line(&boot_cpu, "boot: init can't be started: %s", wrong);
    power_off(POWER_STATUS + BOOT_FAILED);
}

void boot_kernel_start(struct bootmem *memory, const struct boot_info *info) {
    struct ledger_limits limits = boot_limits(memory);
    boot_give_memory(memory);
    kernel_init(&boot_kernel, &boot_frames, &limits);
    boot_add_cpu(&boot_cpu);
    boot_start_others();
    provoke(info->command_line, true);
    if (info->archive.end == info->archive.start) {
        log_line(&boot_cpu, "boot: there is no boot archive, so there is nothing to run");
        power_off(POWER_STATUS);
    }
    debug_audit_self(&boot_kernel);
    boot_start_init(info);
    log_line(&boot_cpu, "boot: %lu thousand cycles since the kernel's first instruction",
             (unsigned long)((machine_cycles() - boot_entry_tsc) / 1000));
    user_go_on(&boot_cpu, NULL);
}
