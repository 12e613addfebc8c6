// SPDX-License-Identifier: MIT
//
// Panic, the machine's part; see backtrace.h and machine/panic.h.
#include "arch/x86_64/backtrace.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/x86.h"
#include "core/log.h"
#include "machine/panic.h"
#include "platform/pc/power.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { BACKTRACE_DEPTH = 32 };

enum { PANIC_NOBODY = -1 };

// The number of the CPU that panics.
static atomic_int panicking = PANIC_NOBODY;
static bool panic_alone = true;

static void backtrace_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void backtrace_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_vline(cpu_current(), "panic: ", format, arguments);
    va_end(arguments);
}

void backtrace_not_alone(void) {
    panic_alone = false;
}

bool backtrace_is_panicking(void) {
    return atomic_load(&panicking) != PANIC_NOBODY;
}

struct cpu *machine_panic_enter(void) {
    int nobody = PANIC_NOBODY, self = (int)machine_self()->number;
    x86_interrupts_off();
    if (!atomic_compare_exchange_strong(&panicking, &nobody, self)) {
        if (nobody == self)
            power_off(POWER_PANIC);
        power_halt();
    }
    if (!panic_alone)
        apic_send_nmi_to_others();
    return cpu_current();
}

static bool backtrace_in_text(uint64_t address) {
    return address - (uint64_t)image_start < (uint64_t)(image_text_end - image_start);
}

// Both words of a frame must be mapped.
static bool backtrace_readable(uint64_t frame) {
    return (frame & 7) == 0 && mmu_is_mapped(frame) && mmu_is_mapped(frame + 8);
}

static void backtrace_log_caller(uint64_t address) {
    backtrace_line("  by kernel+0x%lx", (unsigned long)(address - (uint64_t)image_start));
}

void backtrace_log_place(const struct machine_context *context) {
    if (backtrace_in_text(context->rip)) {
        backtrace_line("  at kernel+0x%lx", (unsigned long)(context->rip - (uint64_t)image_start));
        return;
    }
    backtrace_line("  at %016lx, which is not the kernel's", (unsigned long)context->rip);
    // After a call of nonsense its caller is still on the stack.
    if (backtrace_readable(context->rsp) && backtrace_in_text(*(const uint64_t *)context->rsp))
        backtrace_log_caller(*(const uint64_t *)context->rsp);
}

void backtrace_log(uint64_t frame) {
    for (int depth = 0; depth < BACKTRACE_DEPTH && backtrace_readable(frame); depth++) {
        const uint64_t *words = (const uint64_t *)frame;
        if (!backtrace_in_text(words[1]))
            return;
        backtrace_log_caller(words[1]);
        if (words[0] <= frame)
            return;
        frame = words[0];
    }
}

void backtrace_log_registers(const struct machine_context *c) {
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        {"rax", c->rax},         {"rbx", c->rbx},         {"rcx", c->rcx},   {"rdx", c->rdx},
        {"rsi", c->rsi},         {"rdi", c->rdi},         {"rbp", c->rbp},   {"rsp", c->rsp},
        {"r8 ", c->r8},          {"r9 ", c->r9},          {"r10", c->r10},   {"r11", c->r11},
        {"r12", c->r12},         {"r13", c->r13},         {"r14", c->r14},   {"r15", c->r15},
        {"cr2", x86_read_cr2()}, {"cr3", x86_read_cr3()}, {"rfl", c->flags}, {"cs ", c->cs},
    };
    for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i += 4)
        backtrace_line("  %s %016lx  %s %016lx  %s %016lx  %s %016lx", registers[i].name,
                       (unsigned long)registers[i].value, registers[i + 1].name,
                       (unsigned long)registers[i + 1].value, registers[i + 2].name,
                       (unsigned long)registers[i + 2].value, registers[i + 3].name,
                       (unsigned long)registers[i + 3].value);
}

void backtrace_end(void) {
    backtrace_line("the end (CPU %u, build %s)", machine_self()->number, boot_facts.build);
    power_off(POWER_PANIC);
}

void machine_panic_end(struct cpu *cpu) {
    (void)cpu;
    backtrace_log((uint64_t)__builtin_frame_address(0));
    backtrace_end();
}
