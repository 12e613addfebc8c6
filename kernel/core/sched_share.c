// SPDX-License-Identifier: MIT
// The scheduler's part that evens out between CPUs (sched_parts.h). CPUs are compared by common
// time: one whose thread runs alone gets ahead of one whose threads take turns, and when it is two
// slices ahead it is given the thread that has waited longest, at its place in common time, so that
// this runs until it has made up for it. Then the next CPU gets ahead. So three threads on two CPUs
// have two thirds each, and weights hold for the machine as a whole.
//
// Common times mean something only among CPUs that are busy side by side. When they are far apart,
// because one was idle or has a thread that deserves more than a CPU, this CPU's offset is moved,
// so that what counts is what happens from now on.
#include "base/bits.h"
#include "core/kernel.h"
#include "core/sched_parts.h"
#include "core/thread.h"
#include "machine/time.h"

#define GAP_SHARE (2 * SCHED_SLICE_NS) // ahead by so much: a thread is given to it
#define RUN_MAX   (UINT64_C(1) << 36)  // ns that are looked at; longer runs are no different
#define GAP_MAX   (4 * SCHED_SLICE_NS) // by more: the times can't be compared
#define GAP_FAR   SCHED_LEAD_MAX       // behind by more: it is brought as near as GAP_SHARE

static uint64_t offset_of(const struct cpu *cpu) {
    return atomic_load_explicit(&cpu->queue.offset, memory_order_relaxed);
}

// What a queue's clocks will be when the thread that now runs there is charged.
struct clocks {
    uint64_t time, offset;
};

static struct clocks clocks_of(struct cpu *cpu, const struct cpu *other) {
    struct clocks clocks = {run_queue_time(&other->queue), offset_of(other)};
    uint64_t pace = atomic_load_explicit(&other->queue.pace, memory_order_relaxed);
    uint64_t since = atomic_load_explicit(&other->switched, memory_order_relaxed);
    uint64_t now = machine_cycles(), ns;

    if (atomic_load_explicit(&other->queue.count, memory_order_relaxed) != 0 || now < since)
        return clocks;
    ns = min_u64(machine_cycles_ns(cpu, now - since), RUN_MAX);
    clocks.time += min_u64(ns, SCHED_CHARGE_MAX) * pace >> 22;
    if (ns > SCHED_CHARGE_MAX)
        clocks.offset += (ns - SCHED_CHARGE_MAX) * pace >> 22;
    return clocks;
}

// How far a CPU has come, in common time.
static uint64_t progress(struct cpu *cpu, const struct cpu *other) {
    struct clocks clocks = clocks_of(cpu, other);

    return clocks.time + clocks.offset;
}

// Makes a thread of this CPU one of the other's, at its place in common time.
static void carry(struct cpu *cpu, struct thread *thread, struct cpu *other) {
    struct clocks to = clocks_of(cpu, other);
    int64_t lag = (int64_t)(to.time + to.offset - thread->virtual_time - offset_of(cpu));

    if (lag >= 0)
        thread->virtual_time = to.time - min_u64((uint64_t)lag, SCHED_LAG_MAX);
    else
        thread->virtual_time = to.time + min_u64((uint64_t)-lag, SCHED_LEAD_MAX);
    atomic_store_explicit(&thread->cpu, other->index, memory_order_relaxed);
}

// A CPU that is far behind what this one has come to would be passed by for long. It is brought
// nearer, once and again while its thread deserves more than a CPU, and so stays behind. By how
// much; `offset` is what its own was before `behind` was found, so that of two who do this at once
// only one does.
static int64_t bring_near(struct cpu *other, uint64_t offset, int64_t behind) {
    int64_t by = behind - (int64_t)GAP_SHARE;

    if (behind <= (int64_t)GAP_FAR)
        return 0;
    atomic_compare_exchange_strong(&other->queue.offset, &offset, offset + (uint64_t)by);
    return by;
}

// The CPU that is furthest ahead of `mine`, in common time, of those that have no more threads that
// wait, and by how much. NULL when there is none.
static struct cpu *find(struct cpu *cpu, uint64_t mine, int64_t *gap) {
    uint64_t time = run_queue_time(&cpu->queue) + offset_of(cpu);
    struct kernel *kernel = cpu->kernel;
    uint32_t count = atomic_load(&cpu->queue.count);
    struct cpu *best = NULL;

    *gap = INT64_MIN;
    for (uint32_t i = 0; i < kernel->cpu_count; i++) {
        struct cpu *other = kernel->cpus[i];
        uint64_t offset = offset_of(other), at = progress(cpu, other);
        int64_t ahead;

        if (other == cpu || atomic_load(&other->idle) != 0 ||
            atomic_load(&other->queue.count) > count)
            continue;
        ahead = (int64_t)(at - mine) + bring_near(other, offset, (int64_t)(time - at));
        if (ahead <= *gap)
            continue;
        *gap = ahead;
        best = other;
    }
    return best;
}

// Moves this CPU's common time so that a CPU that is further ahead than GAP_MAX is not, and is
// given a thread.
static void resynchronise(struct cpu *cpu, int64_t *gap) {
    int64_t by = *gap - (int64_t)GAP_SHARE;

    if (*gap <= (int64_t)GAP_MAX)
        return;
    *gap -= by;
    atomic_store_explicit(&cpu->queue.offset, offset_of(cpu) + (uint64_t)by, memory_order_relaxed);
}

static void give(struct cpu *cpu, struct cpu *other) {
    struct thread *thread = run_queue_take(other, cpu);

    if (thread == NULL)
        return;
    cpu->counters.shares++;
    carry(cpu, thread, other);
    if (run_queue_put_back(thread, other))
        sched_tell(cpu, other);
}

void sched_even_out(struct cpu *cpu) {
    uint64_t first = run_queue_first(&cpu->queue);
    struct cpu *other;
    int64_t gap;

    if (first == UINT64_MAX)
        return;
    other = find(cpu, max_u64(first, run_queue_time(&cpu->queue)) + offset_of(cpu), &gap);
    if (other == NULL)
        return;
    resynchronise(cpu, &gap);
    if (gap >= (int64_t)GAP_SHARE)
        give(cpu, other);
}
