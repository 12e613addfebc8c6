// SPDX-License-Identifier: MIT
// The scheduler (sched.h). thread->on_cpu says which CPU has a thread: its registers, its address
// space. A thread that begins to wait is still had by its CPU for a moment, and may be woken by
// another one in that moment; the waker then only marks it (WOKEN), and its CPU queues it after it
// has let go of it. So what is queued is nobody's, and all of a thread that is not atomic belongs
// to the CPU that has it, to the queue that it is in, or to the one who has just ended its wait.
//
// on_cpu and attention are how a killer and the CPU that picks its victim meet: each writes one and
// then reads the other, sequentially consistent, so at least one of them sees both.
#include "core/sched_parts.h"

#include "base/attributes.h"
#include "base/bits.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/sched_context.h"
#include "core/thread.h"
#include "core/work.h"
#include "machine/context.h"
#include "machine/time.h"

// No machine stands still for longer.
#define CONTESTED_MAX UINT64_C(1000000000)

// A budget that is nearly spent is spent in no smaller pieces.
#define SLICE_MIN UINT64_C(50000)

// Steps of work that a busy CPU takes at the end of a slice.
#define WORK_STEPS 8

static bool close_objects(struct cpu *cpu) {
    return UNLIKELY(cpu->closing != NULL || cpu->moved != NULL) && object_close_pending(cpu);
}

static bool work(struct cpu *cpu, unsigned steps) {
    bool worked = false;

    for (; steps > 0 && work_is_pending(cpu); steps--)
        worked |= work_step(cpu);
    return worked;
}

static struct thread *steal(struct cpu *cpu) {
    struct kernel *kernel = cpu->kernel;
    struct thread *thread = NULL;

    for (uint32_t i = 1; i < kernel->cpu_count && thread == NULL; i++)
        thread = run_queue_take(cpu, kernel->cpus[(cpu->index + i) % kernel->cpu_count]);
    if (thread == NULL)
        return NULL;
    cpu->counters.steals++;
    run_queue_rebase(cpu, thread, cpu);
    return thread;
}

static struct sched_context *payer_of(const struct thread *thread) {
    return atomic_load_explicit(&thread->payer, memory_order_acquire);
}

// What a long run of the running thread costs it. As long as it was alone that is no debt to those
// who come later: it goes to the queue's offset. From when others wait it is.
seldom static uint64_t long_run(struct cpu *cpu, uint64_t ns, uint64_t now, uint32_t pace) {
    uint64_t contested = 0, alone, since;

    if (atomic_load_explicit(&cpu->queue.count, memory_order_relaxed) != 0) {
        since = atomic_load_explicit(&cpu->queue.contested, memory_order_relaxed);
        contested = now > since ? min_u64(machine_cycles_ns(cpu, now - since), ns) : 0;
    }
    alone = min_u64(ns - contested, SCHED_CHARGE_MAX);
    contested = min_u64(contested, CONTESTED_MAX);
    atomic_store_explicit(&cpu->queue.offset,
                          atomic_load_explicit(&cpu->queue.offset, memory_order_relaxed) +
                              ((ns - contested - alone) >> 10) * pace / 4096,
                          memory_order_relaxed);
    return alone + contested;
}

// Cycles that may be left unsettled when a CPU is passed on: a small part of a slice.
#define UNSETTLED_MAX (UINT64_C(1) << 20)

// Counts the time since the last call as the running thread's; says how much it was.
static inline uint64_t count_cycles(struct cpu *cpu, struct thread *thread) {
    uint64_t now = machine_cycles();
    uint64_t cycles = now - atomic_load_explicit(&cpu->switched, memory_order_relaxed);

    atomic_store_explicit(&cpu->switched, now, memory_order_relaxed);
    thread->cycles += cycles;
    return cycles;
}

// Settles the running thread's time, at the pace that it began with. While it is alone, the queue's
// goes with it.
apart static void settle(struct cpu *cpu, struct thread *thread) {
    uint64_t ns = run_queue_unsettled(cpu, &cpu->queue, thread);
    uint32_t pace = atomic_load_explicit(&cpu->queue.pace, memory_order_relaxed);

    if (UNLIKELY(ns > SCHED_CHARGE_MAX))
        ns = long_run(cpu, ns, atomic_load_explicit(&cpu->switched, memory_order_relaxed), pace);
    thread->virtual_time += max_u64(ns * pace >> 22, 1);
    if (atomic_load_explicit(&cpu->queue.count, memory_order_relaxed) == 0 &&
        thread->virtual_time > run_queue_time(&cpu->queue))
        atomic_store_explicit(&cpu->queue.virtual_time, thread->virtual_time, memory_order_relaxed);
}

// Charges the time since the last call to the running thread, and to its payer.
static void charge_thread(struct cpu *cpu, struct thread *thread) {
    struct sched_context *payer = payer_of(thread);
    uint64_t cycles = count_cycles(cpu, thread);

    if (UNLIKELY(payer != NULL))
        sched_context_charge(cpu, payer, machine_cycles_ns(cpu, cycles));
    settle(cpu, thread);
}

// A CPU with nothing to run keeps up with those that run one thread each.
static void pass_idle_time(struct cpu *cpu, uint64_t ns) {
    atomic_store_explicit(&cpu->queue.offset,
                          atomic_load_explicit(&cpu->queue.offset, memory_order_relaxed) + ns,
                          memory_order_relaxed);
}

void sched_charge(struct cpu *cpu) {
    uint64_t now, before;

    if (cpu->current != NULL) {
        charge_thread(cpu, cpu->current);
        return;
    }
    now = machine_cycles();
    before = atomic_load_explicit(&cpu->switched, memory_order_relaxed);
    cpu->counters.idle_cycles += now - before;
    pass_idle_time(cpu, machine_cycles_ns(cpu, now - before));
    atomic_store_explicit(&cpu->switched, now, memory_order_relaxed);
}

uint64_t sched_cycles(struct cpu *cpu, const struct thread *thread) {
    uint64_t cycles = thread->cycles, now = machine_cycles(), since;
    uint32_t has = atomic_load(&thread->on_cpu) & ~THREAD_WOKEN;

    if (has == 0)
        return cycles;
    since = atomic_load_explicit(&cpu->kernel->cpus[has - 1]->switched, memory_order_relaxed);
    return now > since ? cycles + (now - since) : cycles;
}

apart static void begin_slice(struct cpu *cpu, uint64_t length) {
    cpu->timers.slice_end = machine_now(cpu) + length;
    timers_rearm(cpu);
}

// The running thread's slice has an end while others want the CPU, or there is work that would wait
// for ever while it runs; and when its budget has one.
static void set_slice(struct cpu *cpu, bool fresh) {
    uint64_t length = UINT64_MAX;

    if ((cpu->timers.slice_end != UINT64_MAX && !fresh) || cpu->current == NULL)
        return; // an end that was set is left to pass
    if (UNLIKELY(payer_of(cpu->current) != NULL))
        length = max_u64(sched_may_run_for(cpu, cpu->current), SLICE_MIN);
    if (atomic_load(&cpu->queue.count) != 0 || work_is_pending(cpu))
        length = min_u64(length, SCHED_SLICE_NS);
    if (length != UINT64_MAX)
        begin_slice(cpu, length);
}

// What this CPU has had and goes on being ready stays here, if it may.
static void requeue(struct cpu *cpu, struct thread *thread) {
    if (UNLIKELY(payer_of(thread) != NULL) && sched_throttle(cpu, thread))
        return;
    if (sched_may_run(thread, cpu))
        run_queue_put_back(thread, cpu);
    else
        sched_ready(cpu, thread);
}

// What follows for a thread that this CPU has just let go of, unless it waits on.
apart static void pass_on(struct cpu *cpu, struct thread *thread, enum thread_state leave) {
    if (leave == THREAD_DEAD)
        thread_gone(cpu, thread);
    else if (leave == THREAD_READY)
        requeue(cpu, thread);
    else
        sched_ready(cpu, thread); // it has been woken meanwhile
}

// This CPU has let go of a thread, which is left in state `leave`.
static void let_go(struct cpu *cpu, struct thread *thread, enum thread_state leave) {
    uint32_t had;

    atomic_store_explicit(&thread->state, leave, memory_order_relaxed);
    had = atomic_exchange(&thread->on_cpu, 0);
    if (UNLIKELY(leave != THREAD_WAITING || (had & THREAD_WOKEN) != 0))
        pass_on(cpu, thread, leave);
}

// How fast the queue's time goes with this thread, for others to see.
static void take_pace(struct cpu *cpu, const struct thread *thread) {
    atomic_store_explicit(&cpu->queue.pace,
                          atomic_load_explicit(&thread->pace, memory_order_relaxed),
                          memory_order_relaxed);
}

// Makes the switch to `next`, or to nothing, which this CPU is to have instead of `previous`.
static void take_over(struct cpu *cpu, struct thread *previous, struct thread *next) {
    cpu->current = next;
    cpu->counters.switches++;
    if (next != NULL) {
        take_pace(cpu, next);
        atomic_store_explicit(&next->state, THREAD_RUNNING, memory_order_relaxed);
    }
    machine_switch(cpu, previous, next);
}

// Goes on with `next`, which is nobody's, or with nothing, in place of `previous`, cpu->current.
static void switch_to(struct cpu *cpu, struct thread *previous, struct thread *next,
                      enum thread_state leave) {
    if (next == NULL && previous == NULL)
        return;
    if (next != NULL)
        atomic_store(&next->on_cpu, cpu->index + 1);
    take_over(cpu, previous, next);
    if (previous != NULL)
        let_go(cpu, previous, leave);
}

// The thread to run next: the handoff, the first of the queue, or, when the running one can't go
// on, another CPU's. Those whose budget is spent wait for the next instead.
static struct thread *pick(struct cpu *cpu, bool stays, bool *fresh) {
    struct thread *thread = cpu->handoff;

    *fresh = thread == NULL;
    cpu->handoff = NULL;
    do {
        if (thread == NULL)
            thread = run_queue_take(cpu, cpu);
        if (thread == NULL && !stays)
            thread = steal(cpu);
        if (UNLIKELY(thread != NULL && !sched_may_run(thread, cpu)))
            sched_ready(cpu, thread); // its affinity was changed while it came here
        else if (LIKELY(thread == NULL || payer_of(thread) == NULL) || !sched_throttle(cpu, thread))
            return thread;
        thread = NULL;
        *fresh = true;
    } while (true);
}

// May the running thread stay here, if it is still ready?
static bool may_stay(struct cpu *cpu) {
    if (!sched_may_run(cpu->current, cpu))
        return false;
    return LIKELY(payer_of(cpu->current) == NULL) || !sched_must_wait(cpu, cpu->current);
}

// Must it go on elsewhere? Who changes where it may run either learns from on_cpu that it is here,
// or is seen here.
static bool is_bound_elsewhere(struct cpu *cpu, const struct thread *thread) {
    return UNLIKELY((atomic_load(&thread->attention) & ATTENTION_BOUND) != 0) &&
           !sched_may_run(thread, cpu);
}

// Can cpu->current, to which this CPU has just switched, go on? If not, *leave is the state in
// which it is to be left: it has something to wait for again, it may not run here, or it is dead.
static bool may_go_on(struct cpu *cpu, enum thread_state *leave) {
    struct thread *thread = cpu->current;

    if (LIKELY(!thread_is_killed(thread))) {
        *leave = THREAD_READY;
        if (is_bound_elsewhere(cpu, thread))
            return false;
        *leave = THREAD_WAITING;
        if (thread->ring.phase == RING_WOKEN && UNLIKELY(!ringserve_resume(cpu, thread)))
            return false;
        if (LIKELY(!thread_is_killed(thread)))
            return true;
    }
    thread_die(cpu, thread);
    *leave = THREAD_DEAD;
    return false;
}

// Leaves cpu->current in state `leave` and goes on with the next that is not to die.
apart static void go_on(struct cpu *cpu, enum thread_state leave) {
    struct thread *next;
    bool fresh, stays;

    for (;;) {
        sched_charge(cpu);
        stays = leave == THREAD_READY && may_stay(cpu);
        next = pick(cpu, stays, &fresh);
        if (next == NULL && stays)
            break;
        switch_to(cpu, cpu->current, next, leave);
        if (next == NULL)
            break;
        atomic_store_explicit(&cpu->idle, 0, memory_order_relaxed);
        if (may_go_on(cpu, &leave))
            break;
    }
    close_objects(cpu);
    set_slice(cpu, fresh);
}

// The usual end of a call or its answer: cpu->current waits, and what it has woken runs next. True
// when that was all.
static bool hand_over(struct cpu *cpu, struct thread *next) {
    struct thread *previous = cpu->current;
    enum thread_state leave;

    cpu->handoff = NULL;
    charge_thread(cpu, previous);
    switch_to(cpu, previous, next, THREAD_WAITING);
    if (UNLIKELY(!may_go_on(cpu, &leave))) {
        go_on(cpu, leave);
        return false;
    }
    set_slice(cpu, false);
    return true;
}

// Should the running thread give way? At the end of its slice to any that has run no longer, else
// only to one that is well behind.
static bool gives_way(struct cpu *cpu, bool slice_over) {
    uint64_t key = run_queue_first(&cpu->queue);

    if (!may_stay(cpu))
        return true;
    if (slice_over)
        return key <= cpu->current->virtual_time;
    return key < cpu->current->virtual_time && cpu->current->virtual_time - key >= SCHED_PREEMPT_NS;
}

// Looks whether the running thread is still the one to run.
apart static void reconsider(struct cpu *cpu, bool slice_over) {
    if ((atomic_load_explicit(&cpu->pending, memory_order_relaxed) & PENDING_RESCHEDULE) != 0)
        atomic_fetch_and(&cpu->pending, ~(uint32_t)PENDING_RESCHEDULE);
    sched_charge(cpu);
    take_pace(cpu, cpu->current); // which may have been changed
    if (slice_over)
        sched_even_out(cpu);
    if (gives_way(cpu, slice_over))
        go_on(cpu, THREAD_READY);
    else
        set_slice(cpu, slice_over);
}

static bool has_pending(const struct cpu *cpu) {
    return atomic_load_explicit(&cpu->pending, memory_order_relaxed) != 0;
}

// Does what interrupts have asked for. True when there was something. The end of a slice that has
// passed is taken back, or the timer would be armed for it again.
apart static bool run_pending(struct cpu *cpu, bool *slice_over) {
    uint32_t bits = 0;

    *slice_over = false;
    if (has_pending(cpu))
        bits = atomic_exchange(&cpu->pending, 0);
    if (bits == 0)
        return false;
    if ((bits & PENDING_TIMER) != 0) {
        *slice_over = cpu->timers.slice_end <= machine_now(cpu);
        if (*slice_over)
            cpu->timers.slice_end = UINT64_MAX;
        timers_run(cpu);
    }
    if ((bits & PENDING_SERIAL) != 0 && cpu->kernel->serial_input != NULL)
        cpu->kernel->serial_input(cpu);
    return true;
}

apart static void queue_late_handoff(struct cpu *cpu) {
    sched_queue_handoff(cpu);
    set_slice(cpu, false);
}

// What is woken on the way out is not waited for either.
static struct thread *leave(struct cpu *cpu) {
    if (UNLIKELY(cpu->handoff != NULL))
        queue_late_handoff(cpu);
    kernel_leave(cpu);
    return cpu->current;
}

apart static void do_pending(struct cpu *cpu) {
    bool slice_over;

    if (!run_pending(cpu, &slice_over))
        return;
    work(cpu, WORK_STEPS);
    close_objects(cpu);
    if (cpu->handoff != NULL)
        sched_queue_handoff(cpu);
    reconsider(cpu, slice_over);
}

// Leaves after what may have let interrupts in. What those have asked for, and a death that one of
// them told of, would else wait for the next entry to the kernel, which may never come.
apart static struct thread *leave_after_windows(struct cpu *cpu) {
    while (cpu->current != NULL) {
        if (thread_is_killed(cpu->current)) {
            thread_die(cpu, cpu->current);
            go_on(cpu, THREAD_DEAD);
        } else if (has_pending(cpu)) {
            do_pending(cpu);
        } else {
            break;
        }
    }
    return leave(cpu);
}

struct thread *sched_leave(struct cpu *cpu) {
    close_objects(cpu);
    if (UNLIKELY(thread_is_killed(cpu->current)))
        return leave_after_windows(cpu);
    if (cpu->handoff != NULL)
        sched_queue_handoff(cpu);
    if (UNLIKELY(has_pending(cpu)))
        return leave_after_windows(cpu);
    kernel_leave(cpu);
    return cpu->current;
}

// Takes the mark of a waker off cpu->current, which has begun to wait: true when it was there, so
// that the wait is over.
static bool take_wake(struct cpu *cpu) {
    uint32_t woken = (cpu->index + 1) | THREAD_WOKEN;

    return atomic_compare_exchange_strong(&cpu->current->on_cpu, &woken, cpu->index + 1);
}

apart static struct thread *leave_waiting(struct cpu *cpu) {
    bool slice_over;

    close_objects(cpu);
    if (run_pending(cpu, &slice_over))
        work(cpu, 1);
    if (slice_over && cpu->handoff != NULL)
        sched_queue_handoff(cpu);
    if (!take_wake(cpu))
        go_on(cpu, THREAD_WAITING);
    else if (!thread_is_killed(cpu->current) && !ringserve_resume(cpu, cpu->current))
        go_on(cpu, THREAD_WAITING);
    else if (!thread_is_killed(cpu->current)) // nor by what it has just run
        reconsider(cpu, slice_over);
    return leave_after_windows(cpu);
}

struct thread *sched_leave_waiting(struct cpu *cpu) {
    struct thread *next;

    close_objects(cpu);
    next = cpu->handoff;
    if (UNLIKELY(next == NULL || has_pending(cpu) || payer_of(next) != NULL))
        return leave_waiting(cpu);
    // Which sees whether it has been woken itself.
    return LIKELY(hand_over(cpu, next)) ? leave(cpu) : leave_after_windows(cpu);
}

// While others are queued here, the running thread's slice has an end or `pending` says that it is
// to get one, so there is nothing to set for `next`.
bool sched_may_take(const struct cpu *cpu, const struct thread *next) {
    kassert(cpu->handoff == NULL && cpu->current != NULL);
    return !has_pending(cpu) && atomic_load_explicit(&next->on_cpu, memory_order_acquire) == 0 &&
           atomic_load_explicit(&next->cpu, memory_order_relaxed) == cpu->index &&
           !thread_is_unusual(next);
}

void sched_take(struct cpu *cpu, struct thread *next) {
    next->passed = true;
    atomic_store_explicit(&next->on_cpu, cpu->index + 1, memory_order_release);
}

void sched_pass(struct cpu *cpu, struct thread *next) {
    struct thread *previous = cpu->current;

    (void)count_cycles(cpu, previous);
    if (UNLIKELY(previous->cycles - previous->settled > UNSETTLED_MAX))
        settle(cpu, previous);
    take_over(cpu, previous, next);
    cpu->counters.passes++;
    atomic_store_explicit(&previous->state, THREAD_WAITING, memory_order_relaxed);
    atomic_store_explicit(&previous->on_cpu, 0, memory_order_release);
}

// What a pass has left to do: the thread that it came from has been woken meanwhile, or an object
// has lost its last reference, or has moved. What came in a window meanwhile is looked at as soon
// as the thread is in user mode, since it must go on now.
seldom static struct thread *follow_up(struct cpu *cpu, struct thread *woken) {
    if (woken != NULL)
        sched_ready(cpu, woken);
    close_objects(cpu);
    set_slice(cpu, false);
    if (has_pending(cpu))
        machine_ipi(cpu, cpu);
    return leave(cpu);
}

struct thread *sched_leave_passed(struct cpu *cpu, struct thread *next, struct thread *woken) {
    kassert(next == cpu->current);
    if (UNLIKELY(woken != NULL || cpu->closing != NULL || cpu->moved != NULL))
        return follow_up(cpu, woken);
    kernel_leave(cpu);
    return next;
}

struct thread *sched_interrupt(struct cpu *cpu) {
    kernel_enter(cpu);
    return sched_leave(cpu);
}

struct thread *sched_idle_round(struct cpu *cpu, bool *worked) {
    bool slice_over;

    kernel_enter(cpu);
    *worked = run_pending(cpu, &slice_over);
    *worked |= work(cpu, 1);
    *worked |= close_objects(cpu);
    if (cpu->current == NULL)
        go_on(cpu, THREAD_WAITING);
    *worked |= reclaim_is_pending(&cpu->reclaim);
    // Others may count on this CPU's sleep from here on, so it must look once more.
    if (cpu->current == NULL && !*worked)
        *worked = atomic_exchange(&cpu->idle, 1) == 0;
    return leave_after_windows(cpu);
}

struct thread *sched_idle(struct cpu *cpu) {
    bool worked;

    while (sched_idle_round(cpu, &worked) == NULL)
        if (!worked) {
            machine_idle(cpu);
            cpu->counters.idle_wakes++;
        } else {
            machine_interrupt_window(cpu); // others may wait for this CPU to answer,
            machine_relax();               // and it for them to leave the kernel
        }
    return cpu->current;
}
