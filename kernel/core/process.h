// SPDX-License-Identifier: MIT
// Processes: a capability table, a ledger, an address space, a session and threads. Death is in two
// steps: process_kill makes it dead (from then on it does nothing), then the reaper takes it apart
// in bounded steps when its last thread is off its CPU, answers those who wait, and lets go.
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/call.h"
#include "core/captable.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "core/object.h"
#include "core/ring_spare.h"
#include "core/sched_policy.h"
#include "core/session.h"
#include "core/token.h"
#include "core/work.h"
#include "machine/types.h"

#include <capos/limits.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct vm;

enum process_state {
    PROCESS_RUNNING,
    PROCESS_ENDING,
    PROCESS_ENDED,
};

// What the reaper does next.
enum reap_step {
    REAP_NOT,     // nothing: it has threads, or is being made
    REAP_CALLS,   // ends the calls that it has received
    REAP_TABLE,   // empties its table
    REAP_THREADS, // gives back its threads' rings
    REAP_MEMORY,  // empties its address space
    REAP_REST,    // retires the rest, and waits until no CPU can be looking at it
    REAP_CLOSE,   // gives back its limits: it is ENDED
    REAP_ANSWER,  // answers those who wait for its end
    REAP_STEPS,
};

enum process_end_kind {
    PROCESS_EXITED,
    PROCESS_CRASHED,
    PROCESS_KILLED,
    PROCESS_SESSION_ENDED,
};

// What the CPU knew about a fault, in the terms of CrashRecord in schemas/process.capnp.
struct crash_record {
    uint32_t cause;  // enumerant of CrashCause
    uint64_t thread; // its number; process_crash sets it
    uint64_t code;
    uint64_t address;
    uint64_t instruction;
    uint64_t stack;
    uint64_t flags;
    uint64_t registers[15]; // RAX RBX RCX RDX RSI RDI RBP R8 to R15
};

struct process_end {
    enum process_end_kind kind;
    int32_t status;            // EXITED
    struct crash_record crash; // CRASHED
};

struct process {
    struct object object; // held by the kernel's list while it is not ENDED, by threads and handles
    uint64_t id;          // unique in the kernel, from 1
    char name[CAPOS_NAME_MAX + 1];
    struct session session;
    struct session_object *session_object; // a reference; NULL: the booted one, or it has ended
    struct list_node member;               // of that; guarded by its lock
    struct ledger *ledger;                 // NULL when it is ENDED
    struct captable table;
    struct token_table tokens;
    struct vm *vm;            // NULL when it has been taken apart
    struct uaddr capset;      // the CapSet page, for its threads
    struct list_node sibling; // kernel->processes; guarded by kernel->processes_lock

    struct lock lock;         // guards what follows
    uint8_t state;            // enum process_state
    struct sched_share share; // of each of its threads
    uint32_t threads_left;
    struct list threads;
    struct ring_spares spares;
    struct process_end end; // valid when state is not RUNNING
    uint64_t cycles;        // of threads that have ended

    // ProcessHandle.wait: held calls, all answered with OK when state becomes ENDED. Its answer
    // function is kernel->process_answer.
    struct call_queue waiters;

    // The reaper's: how far it has come.
    struct work reaping;
    uint8_t reap_step; // enum reap_step
    uint32_t reap_position;
    struct reclaim_node reap_wait;
};

extern const struct object_type process_type; // only the kernel's own; handles wrap it

struct process_start {
    const char *name;       // at most CAPOS_NAME_MAX bytes and a NUL
    struct process *parent; // whose share it gets; NULL: the normal one
    struct session session;
    struct session_object *session_object; // whose that is, borrowed; NULL: the booted one
    struct ledger_limits limits;           // lent by the spawner
};

// A process without threads, with an empty table and an empty address space; one reference for the
// caller, which must give it a thread (thread_create, thread_start) or process_discard it.
// OVERLOADED; DISCONNECTED, REFUSED when its session has ended.
must_use enum capos_status process_create(struct cpu *cpu, struct ledger *lender,
                                          const struct process_start *start, struct process **out);

// Takes apart, at once, a process that no thread was made for, with all that is in its table, and
// puts the caller's reference.
void process_discard(struct cpu *cpu, struct process *process);

// Begins a process's death. Only the first call counts; the others do nothing. Its threads stop
// when they next would run, on other CPUs at the next interrupt, which is sent. No locks held. The
// process has had a thread.
void process_kill(struct cpu *cpu, struct process *process, const struct process_end *end);

// For the end of its session: kills it, unless whoever makes it is not done with that yet.
void process_end_session(struct cpu *cpu, struct process *process);

// exit(status) by cpu->current, whose registers are saved; and a fault that ends its process.
// Returns the thread to go on with, as ringserve_enter does.
seldom struct thread *process_exit(struct cpu *cpu, int32_t status);
struct thread *process_crash(struct cpu *cpu, const struct crash_record *crash);

// For thread.c: so many of its threads are DEAD. Its lock is held. True: they were the last, and
// process_reap_later must follow without the lock.
must_use bool process_lose_threads_locked(struct process *process, uint32_t count);
void process_reap_later(struct cpu *cpu, struct process *process);

#endif
