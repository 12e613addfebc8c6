// SPDX-License-Identifier: MIT
// Timers: one heap per CPU, ordered by deadline, and the CPU's one-shot timer armed for the first
// of them (and the end of the running thread's slice). A timer lives in what waits, so setting one
// can't fail. It may be stopped from any CPU. Each CPU's heap has a lock.
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "base/attributes.h"
#include "core/heap.h"
#include "core/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;

// Who waits; says which function is called when the time comes.
enum timer_kind {
    TIMER_THREAD,  // a thread's cap_enter has a deadline
    TIMER_CALL,    // a held call is to be answered then
    TIMER_CONTEXT, // a scheduling context's next period, for which threads wait
    TIMER_KINDS,
};

enum timer_state {
    TIMER_IDLE = 0,
    TIMER_ARMED,
    TIMER_FIRING, // its function has been called and has not said timer_fired yet
};

struct timer {
    struct heap_node node; // key: deadline in ns since boot
    uint16_t cpu;          // index of the CPU whose heap it is or was in
    uint8_t kind;
    _Atomic uint8_t state; // leaves ARMED under that CPU's timers.lock only
};

struct timers {
    struct lock lock;
    struct heap heap;
    // Of the CPU itself alone:
    uint64_t slice_end; // when the running thread's slice is over, UINT64_MAX for none
    uint64_t armed;     // what the CPU's timer is set to, UINT64_MAX when it has come
};

void timers_init(struct timers *timers);

// The rest holds anything until it is set.
static inline void timer_init(struct timer *timer, enum timer_kind kind) {
    timer->kind = (uint8_t)kind;
    atomic_store_explicit(&timer->state, TIMER_IDLE, memory_order_relaxed);
}

// Sets an idle timer on this CPU.
apart void timer_arm(struct cpu *cpu, struct timer *timer, uint64_t deadline);

// True when it is not set, and its function not running. For who alone can set it.
static inline bool timer_is_idle(const struct timer *timer) {
    return atomic_load_explicit(&timer->state, memory_order_acquire) == TIMER_IDLE;
}

// Is it armed, or its function about to say timer_fired? Under a lock that keeps both from
// changing.
static inline bool timer_is_set(const struct timer *timer) {
    return atomic_load_explicit(&timer->state, memory_order_acquire) != TIMER_IDLE;
}

// After it the timer is idle and its function is not running; true when it was armed and won't be
// called. Any CPU. No locks that the function takes (ring, call queue) may be held.
apart bool timer_stop(struct cpu *cpu, struct timer *timer);

// What a timer's function says once, as long as what the timer is part of can't be used anew.
void timer_fired(struct timer *timer);

// Calls what is due on this CPU, so much of it as one interrupt may, and arms the machine's timer
// for the rest. No locks held.
apart void timers_run(struct cpu *cpu);

// Arms the machine's timer for what is first now.
apart void timers_rearm(struct cpu *cpu);

#endif
