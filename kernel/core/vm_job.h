// SPDX-License-Identifier: MIT
// What is asked of an address space, as a job that is done in steps: none of them takes longer for
// a range of any size. A job is a record that says what is to be done and how far it has come.
//
// One job at a time changes a space; others wait for it in the order in which they came, so each
// finds the space as the one before has left it. All that can fail is reserved before anything is
// mapped or unmapped: a job that fails, or is given up because its caller is gone, undoes what it
// has reserved, in steps too, and has changed nothing. From the first page that it changes on, it
// goes on to its end.
//
// A small job is done at once, on the caller's stack; the most usual ones without phases. A larger
// one, or one that has to wait, is held as a call (core/call.h) and worked on by whichever CPU has
// time (core/work.h). Its record is the space's own, or charged to the space's ledger if that is in
// use.
#ifndef CORE_VM_JOB_H
#define CORE_VM_JOB_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/call.h"
#include "core/reclaim.h"
#include "core/work.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct capos_invocation;
struct cpu;
struct memory;
struct revoker;
struct vm;

enum vm_operation {
    VM_COMMIT,
    VM_ALLOCATE, // reserve and commit
    VM_DECOMMIT,
    VM_PROTECT,
    VM_UNMAP,
    VM_MAP,
    VM_OPERATIONS,
};

// Zeroed frames that were taken, linked through their first words.
struct vm_chain {
    uint64_t first; // address of the first frame
    uint64_t count;
};

// Pages after which a step ends, of those that are zeroed, mapped or unmapped.
#define VM_STEP 64

// What is asked for, in bytes. ALLOCATE and MAP set the address.
struct vm_request {
    uint8_t operation;  // enum vm_operation
    uint8_t protection; // enum protection
    uint64_t address, bytes;
    struct memory *memory;   // MAP: borrowed; a reference while the call is held
    struct revoker *revoker; // MAP: through which it is held, or NULL; borrowed or not as it is
    uint64_t offset;         // MAP
};

struct vm_job {
    struct vm_request what;

    // How far it is.
    uint8_t phase;
    bool undoing;
    bool begun; // something was mapped, unmapped or changed
    enum capos_status status;
    uint64_t pages;         // of the range
    uint64_t done;          // of this phase
    uint64_t writable;      // PROTECT: pages of the range that are writable
    uint64_t charged;       // frames that the ledger is charged for and that are not mapped yet
    struct memory *written; // counts
    uint64_t writers;       // pages as written that are not mapped for writing yet
    bool holds;             // a reference to what is written, as its region may be revoked
    struct vm_chain chain;  // frames that are not mapped yet
    bool tables;            // page tables may have been made
    bool region;            // the region was made by this job
    struct vm *vm;          // a reference, while the call is held

    // While its call is held.
    struct call_queue caller;
    union {
        struct work work;
        struct reclaim_node dead;
    };
    struct list_node queued; // vm->waiting
};

// Does a job at once if it is small and no other is under way: true, and *status is its end. Else
// false, nothing has happened, and vm_job_hold must follow. No locks held.
must_use bool vm_job_try(struct cpu *cpu, struct vm *vm, struct vm_request *what,
                         enum capos_status *status);

// From a dispatch: holds the call until the job is done. `answer` then finds it by vm_job_of, with
// the status that it is given; a job that was not done at all answers DISCONNECTED. OVERLOADED when
// there is no record for it.
must_use enum capos_status vm_job_hold(struct cpu *cpu, struct vm *vm,
                                       const struct vm_request *what,
                                       struct capos_invocation *invocation, call_answer_fn *answer);

// The job of a held call that is being answered.
static inline struct vm_job *vm_job_of(struct call_queue *queue) {
    return list_entry(queue, struct vm_job, caller);
}

// Does a job, of any size, at once: BUSY while another one is under way. For the kernel's tests.
must_use enum capos_status vm_job_now(struct cpu *cpu, struct vm *vm, struct vm_request *what);

// vm_small.c: the same for one of at most VM_STEP pages, as one change under one hold of the lock;
// BUSY too for an operation that is only done in phases.
must_use enum capos_status vm_small(struct cpu *cpu, struct vm *vm, struct vm_request *what);

// One step of a phase, with no locks held; true when the phase is over. On failure sets the job's
// status. The lists of each operation's phases, and of undoing, end with NULL.
typedef bool vm_phase_fn(struct cpu *cpu, struct vm *vm, struct vm_job *job);
extern vm_phase_fn *const *const vm_phases[VM_OPERATIONS];
extern vm_phase_fn *const vm_undo_phases[];

#endif
