// SPDX-License-Identifier: MIT
// Work that no thread waits for in the kernel and that may be long: taking processes apart, ending
// what a revoked capability has begun. An item is on the kernel's list, or on a CPU that takes one
// bounded step of it and puts it back at the end; so several CPUs work on several items, one at a
// time on each, and none of them keeps a thread from running for longer than a step.
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include "base/list.h"

#include <stdbool.h>

struct cpu;
struct work;

enum work_result {
    WORK_AGAIN, // there is more of it: back to the list
    WORK_AWAY,  // it waits: work_resume will put it on the list again
    WORK_DONE,
};

typedef enum work_result work_fn(struct cpu *cpu, struct work *work);

struct work {
    struct list_node node; // guarded by kernel->work_lock
    work_fn *step;         // no locks held
};

// `step` must be called by work_step only.
void work_init(struct work *work, work_fn *step);

// Puts an item that is not on the list there, and makes CPUs look. Any locks but a run queue's may
// be held.
void work_add(struct cpu *cpu, struct work *work);

// The same for an item that is AWAY.
void work_resume(struct cpu *cpu, struct work *work);

// One step of the first item; false when there is none. No locks held.
bool work_step(struct cpu *cpu);

// Is there any that is not DONE? Without a lock: a moment ago.
bool work_is_pending(const struct cpu *cpu);

#endif
