// SPDX-License-Identifier: MIT
// A kernel: all state that is not one CPU's. The machine makes one and its CPUs at boot; a test
// makes as many as it likes.
#ifndef CORE_KERNEL_H
#define CORE_KERNEL_H

#include "base/list.h"
#include "base/siphash.h"
#include "core/call.h"
#include "core/cpu.h"
#include "core/kmem.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "machine/serial.h"

#include <capos/status.h>
#include <stdatomic.h>
#include <stdint.h>

struct frames;

struct kernel {
    struct frames *frames; // core/frame.c's
    struct kmem kmem;
    struct ledger root; // everything that there is
    struct siphash_key secret;
    _Atomic uint64_t epoch;   // reclaim.h; from 1
    _Atomic uint64_t next_id; // of processes, threads and sessions
    uint32_t cpu_count;
    struct cpu *cpus[CAPOS_CPUS_MAX];

    uint64_t frames_own; // frames in use before the first CPU was added
    struct lock ledgers_lock;
    struct list ledgers; // all but the root, closed ones included

    struct lock processes_lock;
    struct list processes; // those that are not ENDED
    uint32_t process_count;

    struct lock revokers_lock;
    struct list revokers; // all, for audits

    struct lock work_lock;
    struct list work;            // items that no CPU is working on (work.h)
    _Atomic uint32_t work_count; // items that are not DONE

    // kernel/object/process_handle.c: answers ProcessHandle.wait.
    call_answer_fn *process_answer;

    // kernel/object/thread_handle.c: answers ThreadHandle.join.
    call_answer_fn *thread_answer;

    // kernel/object/serial_port.c: what PENDING_SERIAL leads to, and the objects that it looks at.
    void (*serial_input)(struct cpu *cpu);
    struct object *serial_ports[MACHINE_SERIAL_PORTS];

    // debug.h
    bool audits; // itself
    _Atomic uint32_t audit_due, auditing;
    uint64_t fail_nth;
    uint64_t fail_count;
};

// Storage given and zeroed, frames ready. `limits` are the root ledger's. Until CPUs are added
// nothing else may be called.
void kernel_init(struct kernel *kernel, struct frames *frames, const struct ledger_limits *limits);

// Adds a CPU (storage given and zeroed, its machine part set up); index is their number so far.
// All are added before the first thread is started. OVERLOADED.
must_use enum capos_status kernel_add_cpu(struct kernel *kernel, struct cpu *cpu);

// For tests: gives back what kernel_add_cpu took; no process is left.
void kernel_fini(struct kernel *kernel);

// Around everything that a CPU does in the kernel, from user mode or idling to the next. The
// functions that the machine calls (ringserve_enter, process_exit, process_crash, sched_interrupt,
// sched_idle) do it themselves; the boot code and what handles page faults call it around theirs.
void kernel_enter(struct cpu *cpu);
void kernel_leave(struct cpu *cpu);

#endif
