// SPDX-License-Identifier: MIT
// The debug kernel's injector, commit assertion and audit of itself (debug.h). The counters are per
// kernel and not exact when several CPUs allocate at once, which only tests with one CPU rely on.
#include "core/debug.h"

#include "core/audit.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/reclaim.h"
#include "core/work.h"
#include "machine/cpu.h"

#include <stddef.h>

enum { AUDIT_PATIENCE = 10000 };

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

void debug_audit_self(struct kernel *kernel) {
    kernel->audits = true;
}

void debug_process_ended(struct kernel *kernel) {
    if (kernel->audits)
        atomic_store(&kernel->audit_due, 1);
}

// Waits outside while another CPU audits.
void debug_entered(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;

    while (cpu->reclaim.nested == 0 && atomic_load(&kernel->auditing) != 0) {
        reclaim_leave(cpu);
        while (atomic_load(&kernel->auditing) != 0)
            machine_relax();
        reclaim_enter(cpu);
    }
}

static bool others_are_outside(const struct cpu *cpu) {
    const struct kernel *kernel = cpu->kernel;

    for (uint32_t i = 0; i < kernel->cpu_count; i++)
        if (kernel->cpus[i] != cpu && atomic_load(&kernel->cpus[i]->reclaim.inside) != 0)
            return false;
    return true;
}

void debug_left(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;
    uint32_t nobody = 0;
    const char *broken;

    // Memory that is on its way back is charged until it is there, so work must be over.
    if (atomic_load_explicit(&kernel->audit_due, memory_order_relaxed) == 0 ||
        reclaim_is_inside(&cpu->reclaim) || work_is_pending(cpu))
        return;
    if (!atomic_compare_exchange_strong(&kernel->auditing, &nobody, 1))
        return;
    // Who has come in before waits for nobody that is outside, and leaves soon; if not, then later.
    for (unsigned i = 0; i < AUDIT_PATIENCE && !others_are_outside(cpu); i++)
        machine_relax();
    if (others_are_outside(cpu) && !work_is_pending(cpu)) {
        atomic_store(&kernel->audit_due, 0);
        broken = audit(cpu);
        if (broken != NULL)
            panic("audit: %s", broken);
    }
    atomic_store(&kernel->auditing, 0);
}
