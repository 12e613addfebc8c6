// SPDX-License-Identifier: MIT
// The debug kernel's injector and commit assertion (debug.h). The counters are per kernel and not
// exact when several CPUs allocate at once, which only tests with one CPU rely on.
#include "core/debug.h"

#include "core/kernel.h"
#include "core/panic.h"

void debug_fail_nth(struct kernel *kernel, uint64_t n) {
    kernel->fail_nth = n;
    kernel->fail_count = 0;
}

bool debug_failed(const struct kernel *kernel) {
    return kernel->fail_nth != 0 && kernel->fail_count >= kernel->fail_nth;
}

bool debug_should_fail(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;

    kassert(cpu->commit_depth == 0);
    if (kernel->fail_nth == 0)
        return false;
    kernel->fail_count++;
    return kernel->fail_count == kernel->fail_nth;
}

void debug_commit_begin(struct cpu *cpu) {
    cpu->commit_depth++;
}

void debug_commit_end(struct cpu *cpu) {
    kassert(cpu->commit_depth > 0);
    cpu->commit_depth--;
}

void debug_section_begin(struct cpu *cpu) {
    cpu->counters.section_began = machine_cycles();
}

void debug_section_end(struct cpu *cpu) {
    uint64_t cycles = machine_cycles() - cpu->counters.section_began;

    if (cpu->counters.section_began != 0 && cycles > cpu->counters.section_longest)
        cpu->counters.section_longest = cycles;
}
