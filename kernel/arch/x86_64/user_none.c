// SPDX-License-Identifier: MIT
//
// Until the kernel is linked with frames and address spaces it has no user mode, so nothing can
// come from there. In place of user.c, context.c, space.c and boot_kernel.c.
#include "arch/x86_64/boot_kernel.h"
#include "arch/x86_64/trap.h"
#include "arch/x86_64/user.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/panic.h"
#include "platform/pc/power.h"

struct cpu boot_cpu;

void trap_user(struct machine_context *context) {
    trap_panic(context);
}

void user_syscall(uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
    panic("system call %lu (%lu, %lu, %lu) from nowhere", (unsigned long)number, (unsigned long)a,
          (unsigned long)b, (unsigned long)c);
}

void boot_kernel_prepare(struct bootmem *memory, const struct acpi_machine *machine) {
    (void)memory;
    log_line(&boot_cpu, "CPUs: %u found, 1 used", machine->cpu_count);
}

void boot_kernel_start(struct bootmem *memory, const struct boot_info *info) {
    (void)memory;
    (void)info;
    log_line(&boot_cpu, "boot: nothing to run yet");
    power_off(POWER_STATUS);
}
