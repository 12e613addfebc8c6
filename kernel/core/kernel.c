// SPDX-License-Identifier: MIT
// Making a kernel and its CPUs (kernel.h), and the way in and out of the kernel.
#include "core/kernel.h"

#include "core/debug.h"
#include "core/dispatch.h"
#include "core/frame.h"
#include "machine/cpu.h"

void kernel_init(struct kernel *kernel, struct frames *frames, const struct ledger_limits *limits) {
    kernel->frames = frames;
    kmem_init(&kernel->kmem);
    ledger_init_root(&kernel->root, limits);
    atomic_store(&kernel->epoch, 1);
    atomic_store(&kernel->next_id, 1);
    lock_init(&kernel->processes_lock, LOCK_PROCESSES);
    lock_init(&kernel->ledgers_lock, LOCK_LEDGERS);
    lock_init(&kernel->work_lock, LOCK_WORK);
    list_init(&kernel->ledgers);
    list_init(&kernel->processes);
    lock_init(&kernel->revokers_lock, LOCK_REVOKERS);
    list_init(&kernel->revokers);
    list_init(&kernel->work);
}

// The CPU's scratch is the kernel's own memory.
static enum capos_status make_scratch(struct cpu *cpu) {
    struct ledger *root = &cpu->kernel->root;
    void *block;
    enum capos_status status;

    for (unsigned i = 0; i < CPU_DISPATCHES; i++) {
        status = kmem_alloc(cpu, root, sizeof(struct dispatch), &block);
        if (status != CAPOS_STATUS_OK)
            return status;
        cpu->dispatch[i] = block;
        dispatch_init(cpu, cpu->dispatch[i]);
    }
    status = kmem_alloc(cpu, root, sizeof(struct transfer), &block);
    if (status == CAPOS_STATUS_OK)
        cpu->transfer = block;
    return status;
}

enum capos_status kernel_add_cpu(struct kernel *kernel, struct cpu *cpu) {
    struct frame_counts frames;

    if (kernel->cpu_count == CAPOS_CPUS_MAX)
        return CAPOS_STATUS_OVERLOADED;
    cpu->kernel = kernel;
    frames = frame_count(cpu);
    if (kernel->cpu_count == 0)
        kernel->frames_own = frames.total - frames.free;
    cpu->index = kernel->cpu_count;
    atomic_store(&cpu->idle, 1);
    run_queue_init(&cpu->queue);
    timers_init(&cpu->timers);
    kernel->cpus[cpu->index] = cpu;
    kernel->cpu_count++;
    if (kernel->secret.low == 0 && kernel->secret.high == 0)
        kernel->secret = (struct siphash_key){machine_random(cpu), machine_random(cpu)};
    return make_scratch(cpu);
}

static void free_scratch(struct cpu *cpu) {
    struct ledger *root = &cpu->kernel->root;

    for (unsigned i = 0; i < CPU_DISPATCHES; i++)
        kmem_free(cpu, root, cpu->dispatch[i], sizeof(struct dispatch));
    kmem_free(cpu, root, cpu->transfer, sizeof(struct transfer));
}

void kernel_fini(struct kernel *kernel) {
    for (uint32_t i = 0; i < kernel->cpu_count; i++)
        free_scratch(kernel->cpus[i]);
}

void kernel_enter(struct cpu *cpu) {
    debug_section_begin(cpu);
    reclaim_enter(cpu);
    debug_entered(cpu);
    if (UNLIKELY(reclaim_is_pending(&cpu->reclaim)))
        reclaim_run(cpu);
}

void kernel_leave(struct cpu *cpu) {
    reclaim_leave(cpu);
    debug_section_end(cpu);
    debug_left(cpu);
}
