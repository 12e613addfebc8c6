// SPDX-License-Identifier: MIT
// What the scheduler's files have among themselves: sched.c (switching, leaving the kernel),
// sched_wake.c (making ready), sched_share.c (evening out between CPUs), run_queue.c.
#ifndef CORE_SCHED_PARTS_H
#define CORE_SCHED_PARTS_H

#include "base/attributes.h"
#include "core/run_queue.h"
#include "core/sched.h"
#include "core/sched_policy.h"

#include <stdbool.h>
#include <stdint.h>

// Makes a CPU look at its queue and its work: this one on its way out, another one soon.
void sched_tell(struct cpu *cpu, struct cpu *target);

// What the running thread woke and did not wait for is queued like others.
apart void sched_queue_handoff(struct cpu *cpu);

// For the end of a slice: compares this CPU with the others and gives one of them a thread when
// they have fewer, or are well ahead.
void sched_even_out(struct cpu *cpu);

#endif
