// SPDX-License-Identifier: MIT
// How jobs are done (vm_job.h). vm->busy says that one is under way; who sets it starts the next
// when it is done. A held job's call may end before the job does, when its caller dies: the job
// finds its queue empty then.
#include "core/vm_job.h"

#include "base/memory.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/kmem.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/revoke.h"
#include "core/vm.h"

static work_fn job_work;

// One step; true when the job is over.
static bool job_step(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    vm_phase_fn *const *phases = job->undoing ? vm_undo_phases : vm_phases[job->what.operation];
    bool over = phases[job->phase](cpu, vm, job);

    if (!job->undoing && job->status != CAPOS_STATUS_OK) {
        job->undoing = true;
        job->phase = 0;
        job->done = 0;
        return false;
    }
    if (over) {
        job->phase++;
        job->done = 0;
    }
    return phases[job->phase] == NULL;
}

static void job_begin(struct vm_job *job) {
    job->pages = job->what.bytes / CAPOS_PAGE_SIZE;
    job->status = CAPOS_STATUS_OK;
}

// Begins a job if none is under way.
static bool claim(struct vm *vm) {
    bool free;

    lock_take(&vm->lock);
    free = !vm->busy;
    vm->busy = true;
    lock_drop(&vm->lock);
    return free;
}

// The job is over; begins the next.
static void pass_on(struct cpu *cpu, struct vm *vm) {
    struct list_node *next;

    lock_take(&vm->lock);
    next = list_pop_front(&vm->waiting);
    vm->busy = next != NULL;
    lock_drop(&vm->lock);
    if (next != NULL)
        work_add(cpu, &list_entry(next, struct vm_job, queued)->work);
}

// All of some phases, until one fails.
static inline void run_phases(struct cpu *cpu, struct vm *vm, struct vm_job *job,
                              vm_phase_fn *const *phase) {
    const enum capos_status status = job->status;

    for (; *phase != NULL && job->status == status; phase++) {
        job->done = 0;
        while (!(*phase)(cpu, vm, job) && job->status == status)
            continue;
    }
}

static enum capos_status run(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    job_begin(job);
    run_phases(cpu, vm, job, vm_phases[job->what.operation]);
    if (job->status != CAPOS_STATUS_OK)
        run_phases(cpu, vm, job, vm_undo_phases);
    pass_on(cpu, vm);
    return job->status;
}

enum capos_status vm_job_now(struct cpu *cpu, struct vm *vm, struct vm_request *what) {
    struct vm_job job;
    enum capos_status status;

    if (!claim(vm))
        return CAPOS_STATUS_BUSY;
    memset(&job, 0, offsetof(struct vm_job, caller));
    job.what = *what;
    status = run(cpu, vm, &job);
    what->address = job.what.address;
    return status;
}

bool vm_job_try(struct cpu *cpu, struct vm *vm, struct vm_request *what,
                enum capos_status *status) {
    if (what->bytes > VM_STEP * (uint64_t)CAPOS_PAGE_SIZE)
        return false;
    *status = vm_small(cpu, vm, what);
    if (*status == CAPOS_STATUS_BUSY)
        *status = vm_job_now(cpu, vm, what);
    return *status != CAPOS_STATUS_BUSY;
}

static struct vm_job *take_own(struct vm *vm) {
    struct vm_job *job = NULL;

    lock_take(&vm->lock);
    if (!vm->own_job_used) {
        vm->own_job_used = true;
        job = &vm->own_job;
    }
    lock_drop(&vm->lock);
    return job;
}

// A record for a held job, zeroed but for its queue.
static struct vm_job *job_record(struct cpu *cpu, struct vm *vm) {
    struct vm_job *job = take_own(vm);
    void *block;

    if (job != NULL) {
        memset(job, 0, offsetof(struct vm_job, caller));
        return job;
    }
    if (kmem_alloc(cpu, vm->ledger, sizeof *job, &block) != CAPOS_STATUS_OK)
        return NULL;
    job = block;
    call_queue_init(&job->caller, NULL);
    return job;
}

static void record_free(struct cpu *cpu, struct reclaim_node *node) {
    struct vm_job *job = list_entry(node, struct vm_job, dead);
    struct vm *vm = job->vm;

    kmem_free(cpu, vm->ledger, job, sizeof *job);
    vm_put(cpu, vm);
}

// Whoever ends a held call may still be looking at the record's queue, so that is never made anew.
static void job_free(struct cpu *cpu, struct vm_job *job) {
    struct vm *vm = job->vm;

    if (job != &vm->own_job) {
        reclaim_retire(cpu, &job->dead, record_free);
        return;
    }
    lock_take(&vm->lock);
    vm->own_job_used = false;
    lock_drop(&vm->lock);
    vm_put(cpu, vm);
}

// Starts a held job, or puts it behind others.
static void job_submit(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    bool waits;

    lock_take(&vm->lock);
    waits = vm->busy;
    if (waits)
        list_push_back(&vm->waiting, &job->queued);
    vm->busy = true;
    lock_drop(&vm->lock);
    if (!waits)
        work_add(cpu, &job->work);
}

enum capos_status vm_job_hold(struct cpu *cpu, struct vm *vm, const struct vm_request *what,
                              struct capos_invocation *invocation, call_answer_fn *answer) {
    struct vm_job *job = job_record(cpu, vm);

    if (job == NULL)
        return CAPOS_STATUS_OVERLOADED;
    job->what = *what;
    job_begin(job);
    job->caller.answer = answer;
    list_node_init(&job->queued);
    work_init(&job->work, job_work);
    job->vm = vm;
    vm_get(vm);
    if (job->what.memory != NULL)
        object_get(&job->what.memory->object);
    revoker_get(job->what.revoker);
    call_hold(cpu, invocation, &job->caller, CAPOS_NO_DEADLINE);
    job_submit(cpu, vm, job);
    return CAPOS_STATUS_OK;
}

static bool caller_is_gone(struct vm_job *job) {
    bool gone;

    lock_take(&job->caller.lock);
    gone = list_is_empty(&job->caller.calls);
    lock_drop(&job->caller.lock);
    return gone;
}

// Before anything is mapped or unmapped, a job that nobody waits for is given up.
static void give_up_if_forsaken(struct vm_job *job) {
    if (job->undoing || job->begun || !caller_is_gone(job))
        return;
    job->status = CAPOS_STATUS_CANCELLED;
    job->undoing = true;
    job->phase = 0;
    job->done = 0;
}

static enum work_result job_work(struct cpu *cpu, struct work *work) {
    struct vm_job *job = list_entry(work, struct vm_job, work);
    struct vm *vm = job->vm;

    give_up_if_forsaken(job);
    if (!job_step(cpu, vm, job))
        return WORK_AGAIN;
    (void)call_queue_answer(cpu, &job->caller, job->status);
    if (job->what.memory != NULL)
        object_put(cpu, &job->what.memory->object);
    revoker_put(cpu, job->what.revoker);
    pass_on(cpu, vm);
    job_free(cpu, job);
    return WORK_DONE;
}
