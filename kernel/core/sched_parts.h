// SPDX-License-Identifier: MIT
// What the scheduler's files have among themselves: sched.c (switching, leaving the kernel),
// sched_wake.c (making ready), run_queue.c.
#ifndef CORE_SCHED_PARTS_H
#define CORE_SCHED_PARTS_H

#include "core/run_queue.h"
#include "core/sched.h"

#include <stdbool.h>
#include <stdint.h>

// Makes a CPU look at its queue and its work: this one on its way out, another one soon.
void sched_tell(struct cpu *cpu, struct cpu *target);

// What the running thread woke and did not wait for is queued like others.
void sched_queue_handoff(struct cpu *cpu);

#endif
