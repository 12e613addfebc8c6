// SPDX-License-Identifier: MIT
//
// Per-CPU state: stacks, GDT and TSS; see cpu.h. Stacks lie in a window of their own, one slice of
// CPU_SLICE bytes per CPU; in a slice every stack ends at a multiple of CPU_STACK_STEP, and what
// lies between stacks is not mapped.
#include "arch/x86_64/cpu.h"

#include "arch/x86_64/entry.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/x86.h"

#include <stddef.h>

#define CPU_STACK_STEP UINT64_C(0x8000)
#define CPU_SLICE      (CPU_STACK_STEP * (CPU_STACKS + 1))

enum { CPU_KERNEL_STACK_SIZE = 0x4000, CPU_SMALL_STACK_SIZE = 0x2000 };

_Static_assert(offsetof(struct machine_cpu, self) == CPU_SELF, "offset");
_Static_assert(offsetof(struct machine_cpu, user_stack) == CPU_USER_STACK, "offset");
_Static_assert(offsetof(struct machine_cpu, stack) == CPU_STACK, "offset");
_Static_assert(offsetof(struct machine_cpu, context) == CPU_CONTEXT, "offset");
_Static_assert(offsetof(struct machine_cpu, guard) == CPU_GUARD, "offset");
_Static_assert(offsetof(struct machine_context, rax) == CONTEXT_RAX, "offset");
_Static_assert(offsetof(struct machine_context, vector) == CONTEXT_VECTOR, "offset");
_Static_assert(offsetof(struct machine_context, cs) == CONTEXT_CS, "offset");
_Static_assert(offsetof(struct machine_context, rsp) == CONTEXT_RSP, "offset");
_Static_assert(offsetof(struct machine_context, fs_base) == CONTEXT_SIZE, "offset");
_Static_assert(sizeof(struct machine_tss) == 104, "as the CPU has it");

// In the order of the slice: the kernel stack, then enum cpu_stack.
static const char *const cpu_stack_names[] = {"kernel", "double fault", "NMI", "machine check",
                                              "debug"};

// Maps one stack and returns its top.
static uint64_t cpu_map_stack(uint32_t number, unsigned index, uint64_t size) {
    uint64_t top = LAYOUT_STACKS + number * CPU_SLICE + (index + 1) * CPU_STACK_STEP;
    mmu_map_new(top - size, size);
    return top;
}

// An interrupt stack starts with the address of its CPU's state: an NMI can't trust GS.
static uint64_t cpu_map_interrupt_stack(struct machine_cpu *cpu, unsigned index) {
    uint64_t top = cpu_map_stack(cpu->number, index + 1, CPU_SMALL_STACK_SIZE);
    struct machine_cpu **owner = (struct machine_cpu **)(top - 16);
    *owner = cpu;
    return (uint64_t)owner;
}

static void cpu_fill_gdt(struct machine_cpu *cpu) {
    uint64_t tss = (uint64_t)&cpu->tss;
    cpu->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    cpu->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    cpu->gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
    cpu->gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
    cpu->gdt[SELECTOR_TSS / 8] = (sizeof cpu->tss - 1) | (tss & 0xffffff) << 16 |
                                 UINT64_C(0x89) << 40 | (tss >> 24 & 0xff) << 56;
    cpu->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

void cpu_init(struct machine_cpu *cpu, uint32_t number, uint32_t apic_id) {
    cpu->self = cpu;
    cpu->number = number;
    cpu->bit = UINT64_C(1) << number;
    cpu->apic_id = apic_id;
    cpu->stack = cpu_map_stack(number, 0, CPU_KERNEL_STACK_SIZE);
    for (unsigned i = 0; i < CPU_STACKS; i++)
        cpu->tss.interrupt_stack[i] = cpu_map_interrupt_stack(cpu, i);
    // No port is open to users: the map lies beyond the TSS's end.
    cpu->tss.io_map = sizeof cpu->tss;
    cpu_fill_gdt(cpu);
}

static void cpu_load_segments(struct machine_cpu *cpu) {
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) gdt = {sizeof cpu->gdt - 1, (uint64_t)cpu->gdt};
    __asm__ volatile("lgdt %0" ::"m"(gdt));
    __asm__ volatile(
        "pushq %0; lea 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(SELECTOR_KERNEL_CODE)
        : "rax", "memory");
    __asm__ volatile("mov %0, %%ss; mov %1, %%ds; mov %1, %%es" ::"r"(SELECTOR_KERNEL_DATA),
                     "r"(0));
    __asm__ volatile("ltr %0" ::"r"((uint16_t)SELECTOR_TSS));
}

static void cpu_load_syscall(void) {
    x86_write_msr(MSR_STAR, (uint64_t)SELECTOR_SYSRET << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    x86_write_msr(MSR_LSTAR, (uint64_t)entry_syscall);
    x86_write_msr(MSR_SFMASK, FLAGS_TRAP | FLAGS_INTERRUPT | FLAGS_DIRECTION | FLAGS_PORTS |
                                  FLAGS_NESTED | FLAGS_ALIGNMENT);
}

// Caches on, the kernel bound by read-only pages, the FPU there but not to be used yet; users may
// ask for alignment checks.
static void cpu_load_control(void) {
    uint64_t cr0 = x86_read_cr0();
    cr0 &= ~(CR0_EMULATE | CR0_NO_WRITE_BACK | CR0_CACHE_DISABLE);
    cr0 |= CR0_ALIGNMENT_MASK | CR0_MONITOR | CR0_TASK_SWITCHED | CR0_NUMERIC_ERROR |
           CR0_WRITE_PROTECT;
    x86_write_cr0(cr0);
}

void cpu_load(struct machine_cpu *cpu) {
    cpu_load_segments(cpu);
    // After this, FS and GS are not loaded again: that would clear GS's base.
    x86_write_msr(MSR_GS_BASE, (uint64_t)cpu);
    x86_write_msr(MSR_KERNEL_GS_BASE, 0);
    x86_write_msr(MSR_FS_BASE, cpu->fs_base);
    idt_load();
    cpu_load_control();
    cpu_load_syscall();
    features_enable();
}

const char *cpu_stack_guard(uint64_t address, uint32_t *number) {
    if (address - LAYOUT_STACKS >= CPU_SLICE * CAPOS_CPUS_MAX)
        return NULL;
    uint64_t offset = address - LAYOUT_STACKS;
    uint64_t size =
        offset % CPU_SLICE < CPU_STACK_STEP ? CPU_KERNEL_STACK_SIZE : CPU_SMALL_STACK_SIZE;
    if (offset % CPU_STACK_STEP >= CPU_STACK_STEP - size)
        return NULL;
    *number = (uint32_t)(offset / CPU_SLICE);
    return cpu_stack_names[offset % CPU_SLICE / CPU_STACK_STEP];
}
