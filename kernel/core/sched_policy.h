// SPDX-License-Identifier: MIT
// What a thread's share of the machine is: its weight, the CPUs that it may run on and the
// scheduling context that it is bound to (sched_context.h). A process
// has them for the threads that it will make, and passes them on to the processes that it spawns,
// so that nobody gets a larger share by starting more of itself than its limits allow. They are
// changed through SchedulingPolicy only.
#ifndef CORE_SCHED_POLICY_H
#define CORE_SCHED_POLICY_H

#include "base/attributes.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct process;
struct sched_context;
struct thread;

#define SCHED_WEIGHT_NORMAL 1024u
#define SCHED_WEIGHT_MIN    64u
#define SCHED_WEIGHT_MAX    65536u

struct sched_share {
    uint32_t weight;
    uint64_t affinity;             // a bit for each CPU
    struct sched_context *context; // a reference, or NULL
};

// A new process's share.
void sched_share_init(struct process *process, struct process *parent);

// Gives a new thread its process's share. The process is locked.
void sched_inherit_locked(struct cpu *cpu, struct thread *thread);

// May the thread run on this CPU?
bool sched_may_run(const struct thread *thread, const struct cpu *cpu);

// The weight of a process's threads, those it has and those it will make. MALFORMED when it is not
// between SCHED_WEIGHT_MIN and SCHED_WEIGHT_MAX.
must_use enum capos_status sched_set_weight(struct cpu *cpu, struct process *process,
                                            uint32_t weight);

// The CPUs of a process's threads, those it has and those it will make. Threads that run elsewhere
// leave soon. MALFORMED when there is no such CPU among them; bits of others are ignored.
must_use enum capos_status sched_set_affinity(struct cpu *cpu, struct process *process,
                                              uint64_t cpus);

// The same for one thread.
must_use enum capos_status sched_set_thread_weight(struct cpu *cpu, struct thread *thread,
                                                   uint32_t weight);
must_use enum capos_status sched_set_thread_affinity(struct cpu *cpu, struct thread *thread,
                                                     uint64_t cpus);

#endif
