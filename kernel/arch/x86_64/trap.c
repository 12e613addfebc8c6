// SPDX-License-Identifier: MIT
//
// Traps; see trap.h. A trap from kernel mode that is no interrupt is a broken kernel: it says which
// trap, and in which words of ours, before it ends.
#include "arch/x86_64/trap.h"

#include "arch/x86_64/backtrace.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/entry.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/x86.h"
#include "core/log.h"
#include "core/panic.h"
#include "machine/panic.h"
#include "platform/pc/power.h"

#include <stdarg.h>
#include <stddef.h>

static const char *const trap_names[32] = {
    [0] = "divide error",
    [1] = "debug exception",
    [2] = "NMI",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "invalid instruction",
    [7] = "FPU not available",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack segment fault",
    [13] = "general protection fault",
    [14] = "page fault",
    [16] = "x87 error",
    [17] = "misaligned access",
    [18] = "machine check",
    [19] = "SIMD error",
    [20] = "virtualization exception",
    [21] = "control protection fault",
};

enum {
    PAGE_FAULT_PRESENT = 1,
    PAGE_FAULT_WRITE = 2,
    PAGE_FAULT_RESERVED = 8,
    PAGE_FAULT_FETCH = 16
};

static void trap_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void trap_log(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_vline(cpu_current(), "panic: ", format, arguments);
    va_end(arguments);
}

// What the kernel did; it has no business in the lower half at all.
static const char *trap_page_fault_kind(uint64_t error, uint64_t address) {
    if (error & PAGE_FAULT_PRESENT && address < LAYOUT_DIRECT)
        return error & PAGE_FAULT_FETCH   ? "the kernel executed user memory"
               : error & PAGE_FAULT_WRITE ? "the kernel wrote user memory"
                                          : "the kernel read user memory";
    if (error & PAGE_FAULT_RESERVED)
        return "reserved bits in the page tables, reading";
    if (error & PAGE_FAULT_FETCH)
        return error & PAGE_FAULT_PRESENT ? "execution of data" : "execution of nothing";
    if (error & PAGE_FAULT_PRESENT)
        return error & PAGE_FAULT_WRITE ? "write to read-only memory" : "forbidden read";
    return error & PAGE_FAULT_WRITE ? "write to nothing" : "read of nothing";
}

static void trap_log_page_fault(const struct machine_context *context, uint64_t address) {
    uint32_t number;
    const char *stack = cpu_stack_guard(address, &number);
    if (stack)
        trap_log("page fault: the %s stack of CPU %u overflowed, at %016lx", stack, number,
                 (unsigned long)address);
    else
        trap_log("page fault: %s at %016lx", trap_page_fault_kind(context->error, address),
                 (unsigned long)address);
}

static void trap_log_cause(const struct machine_context *context) {
    const char *name = context->vector < 32 ? trap_names[context->vector] : NULL;
    uint64_t address = x86_read_cr2();
    uint32_t number;
    if (context->vector == VECTOR_PAGE_FAULT)
        trap_log_page_fault(context, address);
    else if (context->vector == VECTOR_DOUBLE_FAULT && cpu_stack_guard(address, &number))
        trap_log("double fault: the %s stack of CPU %u overflowed, at %016lx",
                 cpu_stack_guard(address, &number), number, (unsigned long)address);
    else if (name)
        trap_log("%s, error code %lx", name, (unsigned long)context->error);
    else
        trap_log("interrupt %lu that nobody asked for", (unsigned long)context->vector);
}

void trap_panic(const struct machine_context *context) {
    machine_panic_enter();
    trap_log_cause(context);
    backtrace_log_registers(context);
    backtrace_log_place(context);
    backtrace_log(context->rbp);
    backtrace_end();
}

void trap_kernel(struct machine_context *context) {
    if (context->vector < IRQ_FIRST)
        trap_panic(context);
    irq_handle(cpu_current(), (unsigned)context->vector);
}

void trap_special(struct machine_context *context) {
    // A CPU that panics stops the others by NMI.
    if (context->vector == VECTOR_NMI && backtrace_is_panicking())
        power_halt();
    // A user can make this one wait until the first instruction of a system call.
    if (context->vector == VECTOR_DEBUG && context->rip == (uint64_t)entry_syscall)
        return;
    trap_panic(context);
}
