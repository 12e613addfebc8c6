// SPDX-License-Identifier: MIT
//
// Panic: the cause here, what only the machine knows by the machine contract.
#include "core/panic.h"

#include "core/log.h"
#include "machine/panic.h"

#include <stdarg.h>

void panic(const char *format, ...) {
    va_list arguments;
    struct cpu *cpu = machine_panic_enter();
    va_start(arguments, format);
    log_vline(cpu, "panic: ", format, arguments);
    va_end(arguments);
    machine_panic_end(cpu);
}

// What the compiler calls when a function's guard was overwritten; so late that a link of the whole
// kernel would have dropped it by then.
__attribute__((used)) _Noreturn void __stack_chk_fail(void);

void __stack_chk_fail(void) {
    panic("a kernel stack frame was overwritten");
}
