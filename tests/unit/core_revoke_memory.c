// SPDX-License-Identifier: MIT
//
// Revocation of memory: mappings that were made through a revoker go with it, in steps, also while
// a job is under way. core_revoke.c has what else a dead revoker ends.
#include "core/audit.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/vm.h"
#include "tests/harness.h"
#include "tests/unit/core_revocation.h"

enum { PAGE = FRAME_SIZE };

static struct memory *grant_memory(uint64_t pages, uint64_t *cap) {
    struct memory *memory;

    kernel_enter(cpu);
    ck_assert_int_eq(memory_create(cpu, &host_memory_type, &pair.host->kernel.root, pages, &memory),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    *cap = actor_grant(&pair.client, &memory->object, 1, CAPOS_SCOPE_ANY);
    return memory;
}

static enum capos_status job_of(struct actor *actor, struct vm_request *job) {
    enum capos_status status;

    kernel_enter(cpu);
    status = vm_job_now(cpu, actor->process->vm, job);
    object_close_pending(cpu);
    kernel_leave(cpu);
    return status;
}

static enum capos_status map(struct actor *actor, struct memory *memory, struct revoker *revoker,
                             uint64_t pages, struct uaddr *at) {
    struct vm_request job = {.operation = VM_MAP,
                             .memory = memory,
                             .revoker = revoker,
                             .bytes = pages * PAGE,
                             .protection = PROTECTION_READ_WRITE};
    enum capos_status status = job_of(actor, &job);

    at->value = job.address;
    return status;
}

static enum capos_status unmap(struct actor *actor, struct uaddr at, uint64_t pages) {
    struct vm_request job = {.operation = VM_UNMAP, .address = at.value, .bytes = pages * PAGE};

    return job_of(actor, &job);
}

// Does some steps of a job as job_work does them; true when it is over.
static bool step_job(struct vm *vm, struct vm_job *job, int steps) {
    vm_phase_fn *const *phases;
    bool over = false;

    kernel_enter(cpu);
    vm->busy = true;
    for (int i = 0; i < steps && !over; i++) {
        phases = job->undoing ? vm_undo_phases : vm_phases[job->what.operation];
        bool done = phases[job->phase](cpu, vm, job);

        if (!job->undoing && job->status != CAPOS_STATUS_OK) {
            job->undoing = true;
            job->phase = 0;
            job->done = 0;
            continue;
        }
        if (done) {
            job->phase++;
            job->done = 0;
        }
        over = phases[job->phase] == NULL;
    }
    vm->busy = !over;
    object_close_pending(cpu);
    kernel_leave(cpu);
    return over;
}

static bool is_mapped(struct actor *actor, struct uaddr at) {
    enum protection protection;
    struct paddr frame;

    return machine_space_lookup(cpu, vm_space(actor->process->vm), at, &frame, &protection);
}

START_TEST(mappings_go) {
    struct revoker *revoker;
    struct uaddr first, second, own;
    uint64_t cap, copy;
    struct memory *memory = grant_memory(3, &cap);

    copy = revocation_copy(&pair.client, cap, &revoker);
    ck_assert_int_eq(map(&pair.client, memory, revoker, 3, &first), CAPOS_STATUS_OK);
    ck_assert_int_eq(map(&pair.server, memory, revoker, 2, &second), CAPOS_STATUS_OK);
    ck_assert_int_eq(map(&pair.client, memory, NULL, 1, &own), CAPOS_STATUS_OK);
    ck_assert_uint_eq(list_count(&revoker->mappings), 2);
    ck_assert_int_eq(memory->writers, 6);
    // One that its process has taken away itself is forgotten.
    ck_assert_int_eq(unmap(&pair.server, second, 2), CAPOS_STATUS_OK);
    ck_assert_uint_eq(list_count(&revoker->mappings), 1);
    ck_assert_int_eq(map(&pair.server, memory, revoker, 2, &second), CAPOS_STATUS_OK);
    host_audit(pair.host);
    revocation_revoke(revoker);
    ck_assert(!is_mapped(&pair.client, first));
    ck_assert(!is_mapped(&pair.server, second));
    ck_assert(is_mapped(&pair.client, own));
    ck_assert_int_eq(memory->writers, 1);
    ck_assert_int_eq(map(&pair.client, memory, revoker, 1, &second), CAPOS_STATUS_DISCONNECTED);
    // The addresses stay set aside until their process gives them back.
    ck_assert_int_eq(unmap(&pair.client, first, 3), CAPOS_STATUS_OK);
    ck_assert_uint_ne(copy, 0);
    host_audit(pair.host);
    revocation_drop(revoker);
}
END_TEST

// A mapping of many pages goes in steps, and so does a revoker with many mappings.
START_TEST(steps_are_bounded) {
    struct revoker *revoker;
    struct uaddr at, small;
    uint64_t cap, left = 900, now;
    struct memory *memory = grant_memory(900, &cap);

    revocation_copy(&pair.client, cap, &revoker);
    ck_assert_int_eq(map(&pair.client, memory, revoker, 900, &at), CAPOS_STATUS_OK);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(map(&pair.server, memory, revoker, 1, &small), CAPOS_STATUS_OK);
    kernel_enter(cpu);
    revoker_kill(cpu, revoker);
    kernel_leave(cpu);
    ck_assert_int_gt(memory->writers, 100);
    for (int steps = 0; revoker->state == REVOKER_SWEEPING; steps++) {
        left = (uint64_t)memory->writers;
        kernel_enter(cpu);
        work_step(cpu);
        kernel_leave(cpu);
        now = (uint64_t)memory->writers;
        ck_assert_uint_le(left - now, 64);
        ck_assert_int_lt(steps, 1000);
        host_audit(pair.host);
    }
    ck_assert_int_eq(memory->writers, 0);
    host_settle(pair.host);
    ck_assert_int_eq(revoker->state, REVOKER_OVER);
    revocation_drop(revoker);
}
END_TEST

// A job that maps, or changes access to, many pages is under way when the sweep comes.
START_TEST(jobs_meet_the_sweep) {
    static const uint8_t operations[] = {VM_MAP, VM_PROTECT, VM_UNMAP};

    for (unsigned i = 0; i < sizeof operations; i++)
        for (int steps = 0; steps < 14; steps++) {
            struct vm *vm = pair.client.process->vm;
            struct vm_request what = {.operation = operations[i], .bytes = 300 * PAGE};
            struct revoker *revoker;
            struct uaddr at = {0};
            uint64_t cap, copy;
            struct memory *memory = grant_memory(300, &cap);

            copy = revocation_copy(&pair.client, cap, &revoker);
            if (operations[i] != VM_MAP)
                ck_assert_int_eq(map(&pair.client, memory, revoker, 300, &at), CAPOS_STATUS_OK);
            what.protection = PROTECTION_READ;
            what.address = at.value;
            if (operations[i] == VM_PROTECT) // from reading to writing
                ck_assert_int_eq(job_of(&pair.client, &what), CAPOS_STATUS_OK);
            what.protection = PROTECTION_READ_WRITE;
            what.memory = memory;
            what.revoker = revoker;
            struct vm_job job = {.what = what, .pages = 300};
            bool over = step_job(vm, &job, steps);
            revocation_kill(revoker);
            for (int n = 0; n < 3; n++) {
                kernel_enter(cpu);
                work_step(cpu);
                kernel_leave(cpu);
            }
            if (!over)
                (void)step_job(vm, &job, 1000);
            host_settle(pair.host);
            ck_assert_int_eq(revoker->state, REVOKER_OVER);
            ck_assert_int_eq(memory->writers, 0);
            ck_assert(!is_mapped(&pair.client, (struct uaddr){job.what.address}));
            if (operations[i] != VM_UNMAP)
                ck_assert_int_eq(unmap(&pair.client, (struct uaddr){job.what.address}, 300),
                                 job.status == CAPOS_STATUS_OK || operations[i] == VM_PROTECT
                                     ? CAPOS_STATUS_OK
                                     : CAPOS_STATUS_MALFORMED);
            revocation_release(&pair.client, cap);
            revocation_release(&pair.client, copy);
            revocation_drop(revoker);
            host_settle(pair.host);
        }
}
END_TEST

START_TEST(failures_leave_no_trace) {
    uint64_t before, cap;
    struct memory *memory = grant_memory(2, &cap);
    struct revoker *revoker;
    struct uaddr at;
    unsigned n;

    revocation_copy(&pair.client, cap, &revoker);
    // (Page tables that were made stay; the first mapping makes them.)
    ck_assert_int_eq(map(&pair.client, memory, revoker, 2, &at), CAPOS_STATUS_OK);
    ck_assert_int_eq(unmap(&pair.client, at, 2), CAPOS_STATUS_OK);
    before = audit_digest(cpu);
    for (n = 1;; n++) {
        debug_fail_nth(&pair.host->kernel, n);
        enum capos_status status = map(&pair.client, memory, revoker, 2, &at);
        debug_fail_nth(&pair.host->kernel, 0);
        if (status == CAPOS_STATUS_OK)
            break;
        ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
        ck_assert_uint_eq(audit_digest(cpu), before);
        ck_assert_int_eq(memory->writers, 0);
    }
    ck_assert_uint_gt(n, 2);
    revocation_drop(revoker);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: revocation of memory");
    TCase *tcase = tcase_create("revoke");

    tcase_add_checked_fixture(tcase, revocation_setup, revocation_teardown);
    tcase_add_test(tcase, mappings_go);
    tcase_add_test(tcase, steps_are_bounded);
    tcase_add_test(tcase, jobs_meet_the_sweep);
    tcase_add_test(tcase, failures_leave_no_trace);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
