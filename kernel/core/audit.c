// SPDX-License-Identifier: MIT
// The audit (audit.h): one function per kind of thing, each answering with the first rule that it
// finds broken. References are counted without memory of our own: a first walk over all that refers
// takes one off each object, a second looks at what is left, a third puts them back.
#include "core/audit.h"

#include "core/audit_parts.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/vm.h"

static const char *audit_ledger(const struct kernel *kernel, const struct ledger *ledger) {
    const struct ledger *other;
    uint64_t lent[LEDGER_CLASSES] = {0};
    uint32_t borrowers = 0;

    for (struct list_node *node = list_first(&kernel->ledgers); node != NULL;
         node = list_next(&kernel->ledgers, node)) {
        other = list_entry(node, struct ledger, all);
        if (other->lender != ledger)
            continue;
        borrowers++;
        for (unsigned i = 0; i < LEDGER_CLASSES; i++)
            lent[i] += other->limit[i];
    }
    if (borrowers != ledger->borrowers)
        return "ledger: its borrowers are as many as it counts";
    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        if (lent[i] != ledger->lent[i])
            return "ledger: what is lent is the borrowers' limits";
        if (ledger->used[i] > ledger->limit[i] ||
            ledger->lent[i] > ledger->limit[i] - ledger->used[i])
            return "ledger: used and lent are within the limit";
        if (ledger->closed && ledger->limit[i] != ledger->used[i] + ledger->lent[i])
            return "ledger: a closed one has no more than is used";
    }
    return NULL;
}

// Everything that the machine's memory is used for is in some ledger.
static const char *audit_sums(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;
    uint64_t bytes = kernel->root.used[LEDGER_KERNEL_MEMORY];
    uint64_t frames = kernel->root.used[LEDGER_FRAMES];
    struct frame_counts counts = frame_count(cpu);
    const struct ledger *ledger;

    for (struct list_node *node = list_first(&kernel->ledgers); node != NULL;
         node = list_next(&kernel->ledgers, node)) {
        ledger = list_entry(node, struct ledger, all);
        bytes += ledger->used[LEDGER_KERNEL_MEMORY];
        frames += ledger->used[LEDGER_FRAMES];
    }
    if (bytes != kernel->kmem.used_bytes)
        return "ledgers: their kernel memory is what the allocator has given out";
    if (frames + kernel->kmem.frames + kernel->frames_own != counts.total - counts.free)
        return "ledgers: their frames and the kernel's are those in use";
    return NULL;
}

static const char *audit_ledgers(struct cpu *cpu) {
    const struct kernel *kernel = cpu->kernel;
    const char *broken = audit_ledger(kernel, &kernel->root);

    for (struct list_node *node = list_first(&kernel->ledgers); broken == NULL && node != NULL;
         node = list_next(&kernel->ledgers, node))
        broken = audit_ledger(kernel, list_entry(node, struct ledger, all));
    return broken == NULL ? audit_sums(cpu) : broken;
}

static const char *audit_cpu(const struct cpu *cpu) {
    if (heap_audit(&cpu->timers.heap) == SIZE_MAX)
        return "timers: they are in order";
    if (cpu->commit_depth != 0)
        return "cpu: no commit is under way";
    if (cpu->current != NULL && cpu->current->ring.phase != RING_OUTSIDE)
        return "cpu: the current thread is outside cap_enter";
    return NULL;
}

static const char *audit_cpus(struct cpu *cpu) {
    const struct kernel *kernel = cpu->kernel;
    const char *broken = NULL;

    for (uint32_t i = 0; i < kernel->cpu_count && broken == NULL; i++)
        broken = audit_cpu(kernel->cpus[i]);
    return broken;
}

static const char *audit_processes(struct cpu *cpu) {
    const struct list *processes = &cpu->kernel->processes;
    const char *broken = NULL;
    uint32_t count = 0;

    for (struct list_node *node = list_first(processes); broken == NULL && node != NULL;
         node = list_next(processes, node), count++) {
        const struct process *process = list_entry(node, struct process, sibling);

        broken = audit_process(process);
        if (broken == NULL && process->vm != NULL)
            broken = vm_audit(cpu, process->vm);
    }
    if (broken == NULL && count != cpu->kernel->process_count)
        return "processes: they are as many as the kernel counts";
    return broken;
}

static void take_off(struct object *object, void *context) {
    (void)context;
    atomic_fetch_sub_explicit(&object->references, 1, memory_order_relaxed);
}

static void put_back(struct object *object, void *context) {
    (void)context;
    atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

// Of facets, Receivers and revokers the walk sees every reference; others may have more, never
// fewer.
static void look_at(struct object *object, void *context) {
    const char **broken = context;
    uint32_t left = atomic_load_explicit(&object->references, memory_order_relaxed);

    if (left > UINT32_MAX / 2)
        *broken = "object: it has at least the references that are seen";
    else if (left != 0 && (object->type->kind != OBJECT_KERNEL || object->type->walked))
        *broken = "object: a facet, Receiver, revoker or session has just the references seen";
}

static const char *audit_revokers(struct cpu *cpu) {
    const struct list *revokers = &cpu->kernel->revokers;
    const char *broken = NULL;

    for (struct list_node *node = list_first(revokers); node != NULL && broken == NULL;
         node = list_next(revokers, node)) {
        const struct revoker *revoker = list_entry(node, struct revoker, all);

        broken = revoker_audit(revoker);
        if (broken == NULL && revoker->depth == 0)
            broken = session_audit((const struct session_object *)(const void *)revoker);
    }
    return broken;
}

static const char *audit_references(struct cpu *cpu) {
    const char *broken = NULL;

    audit_walk(cpu, take_off, NULL);
    audit_walk(cpu, look_at, &broken);
    audit_walk(cpu, put_back, NULL);
    return broken;
}

const char *audit(struct cpu *cpu) {
    static const char *(*const parts[])(struct cpu * cpu) = {
        audit_ledgers,   frame_audit,    audit_cpus,       sched_audit,
        audit_processes, audit_revokers, audit_references,
    };
    const char *broken = NULL;

    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]) && broken == NULL; i++)
        broken = parts[i](cpu);
    return broken;
}
