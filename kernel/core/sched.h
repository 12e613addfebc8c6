// SPDX-License-Identifier: MIT
// The scheduler: a queue per CPU, ordered by virtual time (time run, divided by weight), with
// bounded stealing by a CPU that has nothing. A thread is in at most one queue, and only while no
// CPU has it. A thread that a caller has woken by a call, and the caller then waits, runs next on
// the caller's CPU without passing through a queue (`handoff`).
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "base/attributes.h"
#include "core/run_queue.h"

#include <stdbool.h>

struct cpu;
struct thread;

// What a CPU has done since the start. Each is counted by its own CPU; another one may read them
// while they change.
struct sched_counters {
    uint64_t timers;      // interrupts of its timer
    uint64_t interrupts;  // from other CPUs, to look at something
    uint64_t shootdowns;  // from other CPUs, to drop translations
    uint64_t switches;    // threads that it went on with in place of another, or of nothing
    uint64_t passes;      // those of them that the one before them passed the CPU to (direct.h)
    uint64_t steals;      // threads that it took from another CPU for want of its own
    uint64_t shares;      // threads that it gave to another CPU to even out
    uint64_t idle_wakes;  // interrupts that ended its sleep
    uint64_t idle_cycles; // machine_cycles() with nothing to run
    uint64_t section_began, section_longest; // debug.h: with interrupts off
};

// Makes a thread ready that is not: NEW, or WAITING and taken out of its wait by the caller, who is
// the only one to do so. It goes to the queue of the CPU that it ran on last or of an idle one,
// which is told. If its CPU has not yet left it, that CPU does this when it has.
apart void sched_ready(struct cpu *cpu, struct thread *thread);

// The same for a thread that was perhaps woken by cpu->current from within its cap_enter: it is
// then kept as this CPU's handoff if that is free.
void sched_ready_handoff(struct cpu *cpu, struct thread *thread);

// The way out of the kernel, with cpu->current in user mode next unless something else is: timers
// that are due, objects to close, some work; its own death; the end of its slice. Ends what
// kernel_enter began. Returns the thread to go on with, or NULL.
struct thread *sched_leave(struct cpu *cpu);

// The same when cpu->current has begun to wait: its ring says so, and anybody may have ended that
// since.
struct thread *sched_leave_waiting(struct cpu *cpu);

// For direct.c, where cpu->current begins to wait and `next`, whose wait it has just ended, goes on
// in its place with the rest of its slice. Neither is unusual. First sched_may_take: this CPU may
// have `next`, which nobody has, and is free to go on with it. Then sched_take makes it so, before
// `next`'s ring is unlocked: who takes that lock to kill it learns from on_cpu where it is.
// sched_pass switches: nobody has cpu->current any more. sched_leave_passed leaves the kernel like
// sched_leave, with `next`, never NULL; `woken`: the one that was to wait, when its wait is over
// already, else NULL.
bool sched_may_take(const struct cpu *cpu, const struct thread *next);
void sched_take(struct cpu *cpu, struct thread *next);
void sched_pass(struct cpu *cpu, struct thread *next);
struct thread *sched_leave_passed(struct cpu *cpu, struct thread *next, struct thread *woken);

// An interrupt came while this CPU was in user mode, cpu->current's registers are saved and
// cpu->pending says what is to be done. Returns the thread to go on with, or NULL.
struct thread *sched_interrupt(struct cpu *cpu);

// For a CPU with nothing to run, at boot too: does what is left to do, waits, and returns with a
// thread when there is one. Called on an empty kernel stack. Never returns NULL.
apart struct thread *sched_idle(struct cpu *cpu);

// Its part that doesn't wait: one round of the work that no thread waits for; NULL when there is
// still nothing to run. *worked: there may be more to do, so try again before halting.
struct thread *sched_idle_round(struct cpu *cpu, bool *worked);

// If another CPU has the thread, that one is made to look at its attention soon. The caller has
// just changed attention.
void sched_kick(struct cpu *cpu, struct thread *thread);

// There is work that no thread waits for (work.h): a CPU that has nothing else is woken, and this
// one looks again on its way out.
void sched_tell_work(struct cpu *cpu);

// Charges cpu->current, if there is one, for what it has run until now.
void sched_charge(struct cpu *cpu);

// What a thread may do has changed: if a CPU has it, that one looks at it again soon.
void sched_reconsider(struct cpu *cpu, struct thread *thread);

// A thread's affinity has just been changed: one that is where it may not be goes elsewhere soon.
void sched_move(struct cpu *cpu, struct thread *thread);

// A thread that is to die is taken out of the queue that it waits in, if it is in one, and ends as
// soon as its CPU has left the kernel. The caller has just changed attention.
void sched_hasten_end(struct cpu *cpu, struct thread *thread);

// How long a thread has run, in machine_cycles(); of one that runs now, up to now or nearly so.
uint64_t sched_cycles(struct cpu *cpu, const struct thread *thread);

// For audits: NULL when queues, counts and states agree, else what doesn't. No other CPU may be in
// the kernel.
const char *sched_audit(struct cpu *cpu);

#endif
