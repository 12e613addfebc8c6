// SPDX-License-Identifier: MIT
// Threads: registers, a ring, a place in a queue. A thread has no kernel stack; it is in user mode,
// or in cap_enter, which never needs more of it than its ring's records.
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/call.h"
#include "core/heap.h"
#include "core/object.h"
#include "core/ringserve.h"
#include "core/sched_context.h"
#include "core/timer.h"
#include "machine/context.h"

#include <capos/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum thread_state {
    THREAD_NEW,
    THREAD_READY,     // in a run queue, or a CPU's handoff
    THREAD_RUNNING,   // cpu->current of its CPU
    THREAD_WAITING,   // in cap_enter
    THREAD_THROTTLED, // ready, but its scheduling context's budget is spent: on that one's list
    THREAD_DEAD,
};

// In on_cpu: its wait was ended before its CPU had let go of it.
#define THREAD_WOKEN UINT32_C(0x80000000)

// Bits of `attention`: what to look at before the thread goes on.
enum thread_attention {
    ATTENTION_KILLED = 1,
    ATTENTION_PAID = 2,  // it has a payer
    ATTENTION_BOUND = 4, // there are CPUs that it may not run on
};

struct thread {
    struct object object; // held by its process while it lives, and by handles
    struct machine_context context;
    struct process *process; // a reference
    uint64_t id;             // unique in the kernel
    _Atomic uint32_t attention;
    struct sched_context *_Atomic payer; // who is charged for its time; NULL: nobody
    struct ring ring;
    struct timer deadline;    // of the cap_enter that it waits in
    struct list_node sibling; // process->threads; guarded by process->lock

    _Atomic uint8_t state;   // enum thread_state
    _Atomic uint32_t on_cpu; // index + 1 of the CPU that has it, perhaps with THREAD_WOKEN; or 0

    // The scheduler's: of the CPU that has it, of the queue that it is in (`cpu`'s), or of whoever
    // has just ended its wait.
    struct heap_node run;  // key: virtual time
    uint64_t virtual_time; // in ns, by the clock of the queue of `cpu`
    _Atomic uint32_t pace; // 2^32 / weight: by so much its virtual time goes on, in 2^-22 ns a ns
    _Atomic uint64_t affinity; // CPUs that it may run on, a bit each
    _Atomic uint32_t cpu;      // index of the CPU whose queue it is, or was last, in
    _Atomic uint32_t queued; // index + 1 of the CPU in whose queue it is, or 0; changes under that
                             // queue's lock
    uint64_t cycles;         // run so far
    uint64_t settled;        // of them, those that its virtual time knows (run_queue_unsettled)
    bool passed;             // it was passed a CPU since (sched_pass)
    struct sched_account account; // whose time it runs on
    struct list_node throttled;   // of its own context; guarded by that one's lock

    // Its end, as ThreadHandle.join tells it. The first two are the thread's own until it has
    // ended; `ended` is guarded by process->lock.
    uint64_t end_word; // address of a word that tells of it, too; 0: none
    int32_t exit_status;
    bool exited; // by itself, with that status
    bool ended;  // its ring is given back, those who wait have been answered or are about to be
    struct call_queue joiners; // calls of join; their answer function is kernel->thread_answer
};

// Changes one of the bits that say what is unusual about it.
static inline void thread_attend(struct thread *thread, enum thread_attention bit, bool set) {
    if (set)
        atomic_fetch_or(&thread->attention, bit);
    else
        atomic_fetch_and(&thread->attention, ~(uint32_t)bit);
}

// Is there anything about it that the usual way (direct.h) does not know?
static inline bool thread_is_unusual(const struct thread *thread) {
    return atomic_load_explicit(&thread->attention, memory_order_relaxed) != 0;
}

// Is it to die when it next would run?
static inline bool thread_is_killed(const struct thread *thread) {
    return (atomic_load(&thread->attention) & ATTENTION_KILLED) != 0;
}

struct thread_start {
    struct uaddr entry;
    struct uaddr stack;
    uint64_t argument; // RDX
    struct uaddr thread_base;
    struct uaddr capset;   // RSI
    struct uaddr end_word; // a multiple of 4; 0: none
    struct ring_geometry ring;
};

// A thread of `process` with its ring made and mapped, not started; one reference, the process's.
// Charged to the process's ledger. OVERLOADED; DISCONNECTED when the process is ending.
must_use enum capos_status thread_create(struct cpu *cpu, struct process *process,
                                         const struct thread_start *start, struct thread **out);

// Makes a new thread ready. Once.
void thread_start(struct cpu *cpu, struct thread *thread);

// Begins a thread's death: it ends when it next would run, at once when it is cpu->current and
// leaves the kernel. The last thread's end ends its process (exit status 0). Any thread, any time.
void thread_kill(struct cpu *cpu, struct thread *thread);

// The same for the calling thread, which ends itself with a status.
void thread_exit(struct cpu *cpu, struct thread *thread, int32_t status);

// From join's dispatch: true when the thread has ended, else the call is held until it has.
must_use bool thread_has_ended(struct cpu *cpu, struct thread *thread,
                               struct capos_invocation *invocation);

// For its process, whose lock is held; the thread is not DEAD. True when it had never run: it is
// DEAD now, and thread_gone must follow when the lock is dropped.
must_use bool thread_stop_locked(struct cpu *cpu, struct thread *thread);

extern const struct object_type thread_type; // only the kernel's own; handles wrap it

// For the scheduler: a thread that is to run no more, and is cpu->current, ends all that it has
// begun; if its process goes on, its ring is given back and those who join it are answered, so that
// one of them may be the next to run. Then, when no CPU has it, its process learns of it.
seldom void thread_die(struct cpu *cpu, struct thread *thread);
seldom void thread_gone(struct cpu *cpu, struct thread *thread);

// Gives back what is left of a dead thread's ring and registers, and answers those who join it.
// Waits for other CPUs that are just ending one of its calls.
void thread_release(struct cpu *cpu, struct thread *thread);

// True when nobody is ending a call of the thread's, which is dead.
bool thread_ring_is_idle(const struct thread *thread);

#endif
