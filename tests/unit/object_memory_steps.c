// SPDX-License-Identifier: MIT
//
// Methods over many pages, of VirtualMemory and of FrameAllocator: they go on in steps, one after
// the other, and whoever dies meanwhile, at any step, nothing is lost and nothing is half done.
#include "core/debug.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/vm.h"
#include "core/work.h"
#include "object/frame_allocator.h"
#include "object/memory_object.h"
#include "object/virtual_memory.h"
#include "schemas/memory.capos.h"
#include "tests/harness.h"
#include "tests/host/caller.h"
#include "tests/host/devices.h"

enum { PAGE = FRAME_SIZE, MANY = 700, STEPS_MOST = 200 };

enum method { COMMIT, ALLOCATE, DECOMMIT, PROTECT, UNMAP, MAP, METHODS };

// A process with a VirtualMemory, whose address space is its own or another process's.
struct party {
    struct actor actor;
    struct caller caller;
    struct capos_virtual_memory memory;
    struct capos_memory_object object; // of MANY pages
};

static struct host *host;
static struct cpu *cpu;
static struct party owner, guest; // the guest's VirtualMemory is the owner's
static uint64_t empty, full;      // reserved ranges of MANY pages, one of them committed
static struct capos_call call;

static const struct ledger_limits limits = {{[LEDGER_SLOTS] = 64,
                                             [LEDGER_FRAMES] = 3000,
                                             [LEDGER_RESERVED_PAGES] = 3500,
                                             [LEDGER_THREADS] = 1,
                                             [LEDGER_KERNEL_MEMORY] = 1 << 16}};

static void join(struct party *party, const char *name, struct vm *vm) {
    struct memory *memory;
    struct object *object;

    ck_assert_int_eq(actor_try(host, name, 1, &limits, ring_standard, &party->actor),
                     CAPOS_STATUS_OK);
    caller_init(&party->caller, &party->actor);
    ck_assert_int_eq(virtual_memory_create(cpu, party->actor.process->ledger,
                                           vm != NULL ? vm : party->actor.process->vm, &object),
                     CAPOS_STATUS_OK);
    party->memory.id =
        actor_grant(&party->actor, object, CAPOS_VIRTUAL_MEMORY_INTERFACE_ID, CAPOS_SCOPE_ANY);
    ck_assert_int_eq(
        memory_create(cpu, &memory_object_type, party->actor.process->ledger, MANY, &memory),
        CAPOS_STATUS_OK);
    party->object.id = actor_grant(&party->actor, &memory->object, CAPOS_MEMORY_OBJECT_INTERFACE_ID,
                                   CAPOS_SCOPE_ANY);
}

// Begins a call over MANY pages, and sends it.
static void send(struct party *party, enum method method, struct capos_call *to) {
    struct capos_transport *transport = &party->caller.transport;

    if (method == COMMIT) {
        struct capos_virtual_memory_commit_params_builder params =
            capos_virtual_memory_commit_begin(to, transport, party->memory);
        capos_virtual_memory_commit_params_set_address(params, empty);
        capos_virtual_memory_commit_params_set_bytes(params, MANY * PAGE);
        capos_virtual_memory_commit_params_set_protection(params, CAPOS_PROTECTION_READ);
    } else if (method == ALLOCATE) {
        struct capos_virtual_memory_allocate_params_builder params =
            capos_virtual_memory_allocate_begin(to, transport, party->memory);
        capos_virtual_memory_allocate_params_set_bytes(params, MANY * PAGE);
        capos_virtual_memory_allocate_params_set_protection(params, CAPOS_PROTECTION_READ_WRITE);
    } else if (method == DECOMMIT) {
        struct capos_virtual_memory_decommit_params_builder params =
            capos_virtual_memory_decommit_begin(to, transport, party->memory);
        capos_virtual_memory_decommit_params_set_address(params, full);
        capos_virtual_memory_decommit_params_set_bytes(params, MANY * PAGE);
    } else if (method == PROTECT) {
        struct capos_virtual_memory_protect_params_builder params =
            capos_virtual_memory_protect_begin(to, transport, party->memory);
        capos_virtual_memory_protect_params_set_address(params, full);
        capos_virtual_memory_protect_params_set_bytes(params, MANY * PAGE);
        capos_virtual_memory_protect_params_set_protection(params, CAPOS_PROTECTION_NONE);
    } else if (method == UNMAP) {
        struct capos_virtual_memory_unmap_params_builder params =
            capos_virtual_memory_unmap_begin(to, transport, party->memory);
        capos_virtual_memory_unmap_params_set_address(params, full);
        capos_virtual_memory_unmap_params_set_bytes(params, MANY * PAGE);
    } else {
        struct capos_virtual_memory_map_params_builder params =
            capos_virtual_memory_map_begin(to, transport, party->memory);
        capos_virtual_memory_map_params_set_object(params, party->object);
        capos_virtual_memory_map_params_set_bytes(params, MANY * PAGE);
        capos_virtual_memory_map_params_set_protection(params, CAPOS_PROTECTION_READ_WRITE);
    }
    ck_assert_int_eq(capos_call_send(to), CAPOS_DONE);
}

// One step of the kernel's work; false when there is none.
static bool step(void) {
    bool worked;

    kernel_enter(cpu);
    worked = work_step(cpu);
    object_close_pending(cpu);
    kernel_leave(cpu);
    return worked;
}

// Lets the call come to its end: its outcome, and in how many steps.
static int finish(struct party *party, struct capos_call *of, unsigned *steps) {
    for (*steps = 0; step(); ++*steps)
        ck_assert_uint_lt(*steps, STEPS_MOST);
    ck_assert(caller_answered(&party->caller, of));
    struct capos_struct results;
    int outcome = capos_call_wait(of, &results);
    capos_call_release(of);
    return outcome;
}

static void setup(void) {
    struct uaddr at;
    struct vm_request job = {
        .operation = VM_ALLOCATE, .protection = PROTECTION_READ_WRITE, .bytes = MANY * PAGE};

    devices_reset();
    host = host_create(1);
    cpu = &host->cpus[0];
    join(&owner, "owner", NULL);
    join(&guest, "guest", owner.actor.process->vm);
    ck_assert_int_eq(vm_reserve(cpu, owner.actor.process->vm, MANY * PAGE, &at), CAPOS_STATUS_OK);
    empty = at.value;
    ck_assert_int_eq(vm_job_now(cpu, owner.actor.process->vm, &job), CAPOS_STATUS_OK);
    full = job.address;
}

static void teardown(void) {
    host_settle(host);
    actor_destroy(&guest.actor);
    actor_destroy(&owner.actor);
    host_destroy(host);
}

// What an operation that has not happened leaves as it was.
struct use {
    uint64_t frames, reserved, free, regions, committed;
};

static struct use use_of(void) {
    struct process *process = owner.actor.process;

    return (struct use){.frames = ledger_used(process->ledger, LEDGER_FRAMES),
                        .reserved = ledger_used(process->ledger, LEDGER_RESERVED_PAGES),
                        .free = frame_count(cpu).free,
                        .regions = process->vm->regions.count,
                        .committed = process->vm->committed};
}

START_TEST(it_takes_bounded_steps) {
    unsigned steps;

    for (enum method method = 0; method < METHODS; method++) {
        send(&owner, method, &call);
        for (steps = 0; owner.actor.process->vm->busy; steps++) {
            uint64_t before = frame_count(cpu).free, after;

            ck_assert(step());
            after = frame_count(cpu).free;
            ck_assert_uint_le(before > after ? before - after : after - before, VM_STEP + 3);
            ck_assert_uint_lt(steps, STEPS_MOST);
        }
        ck_assert_uint_ge(steps, 3); // the others were made by the call itself
        ck_assert_int_eq(finish(&owner, &call, &steps), CAPOS_DONE);
        host_audit(host);
        if (method == DECOMMIT) { // for those that follow
            struct vm_request job = {.operation = VM_COMMIT,
                                     .protection = PROTECTION_READ_WRITE,
                                     .address = full,
                                     .bytes = MANY * PAGE};
            ck_assert_int_eq(vm_job_now(cpu, owner.actor.process->vm, &job), CAPOS_STATUS_OK);
        }
    }
}
END_TEST

START_TEST(one_waits_for_the_other) {
    struct capos_struct results;
    struct capos_call second;
    unsigned steps;

    send(&owner, COMMIT, &call);
    send(&guest, DECOMMIT, &second);
    while (!caller_answered(&owner.caller, &call)) {
        ck_assert(!caller_answered(&guest.caller, &second));
        ck_assert_uint_eq(owner.actor.process->vm->committed >= MANY, true);
        step();
    }
    ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
    ck_assert_int_eq(finish(&guest, &second, &steps), CAPOS_DONE);
    ck_assert_uint_eq(owner.actor.process->vm->committed, MANY);
}
END_TEST

// Those that can't be done are refused, large or not, and change nothing.
START_TEST(what_is_impossible_is_refused) {
    static const enum method refused[] = {COMMIT, ALLOCATE, MAP};
    struct use before;
    unsigned steps;

    send(&owner, COMMIT, &call);
    ck_assert_int_eq(finish(&owner, &call, &steps), CAPOS_DONE);
    send(&owner, COMMIT, &call);
    ck_assert_int_eq(finish(&owner, &call, &steps), CAPOS_INVALID_ARGUMENT);
    send(&owner, UNMAP, &call);
    ck_assert_int_eq(finish(&owner, &call, &steps), CAPOS_DONE);
    send(&owner, UNMAP, &call);
    ck_assert_int_eq(finish(&owner, &call, &steps), CAPOS_INVALID_ARGUMENT);
    owner.caller.plain = true;
    while (frame_count(cpu).free > MANY / 2) { // the machine's memory is used up
        struct paddr frame;
        ck_assert_int_eq(frame_alloc(cpu, 0, &frame), CAPOS_STATUS_OK);
        *(uint64_t *)machine_direct(frame) = call.tag;
        call.tag = frame.value;
    }
    uint64_t taken = call.tag;
    before = use_of();
    for (unsigned i = 0; i < 2; i++) {
        send(&owner, refused[i], &call);
        ck_assert_int_ne(finish(&owner, &call, &steps), CAPOS_DONE);
        struct use after = use_of();
        ck_assert_mem_eq(&before, &after, sizeof before);
    }
    for (uint64_t next; taken > UINT16_MAX; taken = next) {
        next = *(uint64_t *)machine_direct((struct paddr){taken});
        frame_free(cpu, (struct paddr){taken}, 0);
    }
}
END_TEST

// No failure of an allocation or a reservation on the way leaves a trace.
START_TEST(a_failure_anywhere_changes_nothing) {
    int outcome = CAPOS_OVERLOADED;
    unsigned steps;

    owner.caller.plain = true; // only what fails at once would be tried
    for (uint64_t n = 1; outcome != CAPOS_DONE; n++) {
        struct use before = use_of(), after;

        ck_assert_uint_lt(n, 2 * MANY);
        debug_fail_nth(&host->kernel, n);
        send(&owner, (enum method)_i, &call);
        outcome = finish(&owner, &call, &steps);
        ck_assert_int_eq(outcome != CAPOS_DONE, debug_failed(&host->kernel));
        debug_fail_nth(&host->kernel, 0);
        after = use_of();
        if (outcome != CAPOS_DONE)
            ck_assert_mem_eq(&before, &after, sizeof before);
        host_audit(host);
    }
}
END_TEST

// The caller dies after each number of steps: the change has happened, or not at all.
START_TEST(a_caller_that_dies_leaves_no_half) {
    enum method method = (enum method)_i;
    bool over = false;

    for (unsigned after = 0; !over; after++) {
        struct use before = use_of(), now;
        struct vm *vm = owner.actor.process->vm;
        uint64_t region;

        ck_assert_uint_lt(after, STEPS_MOST);
        send(&guest, method, &call);
        for (unsigned i = 0; i < after; i++)
            step();
        over = !vm->busy;
        actor_destroy(&guest.actor);
        host_settle(host);
        ck_assert(!vm->busy);
        join(&guest, "guest", vm);
        now = use_of();
        if (now.frames == before.frames && now.regions == before.regions && method != PROTECT)
            continue;
        // It was done: undone by hand, for the next round.
        region = vm->regions.array[vm->regions.count - 1].start;
        struct vm_request undo = {.operation = method == COMMIT     ? VM_DECOMMIT
                                               : method == DECOMMIT ? VM_COMMIT
                                               : method == PROTECT  ? VM_PROTECT
                                               : method == UNMAP    ? VM_ALLOCATE
                                                                    : VM_UNMAP,
                                  .protection = PROTECTION_READ_WRITE,
                                  .address = method == COMMIT                      ? empty
                                             : method == ALLOCATE || method == MAP ? region
                                                                                   : full,
                                  .bytes = MANY * PAGE};
        ck_assert_int_eq(vm_job_now(cpu, vm, &undo), CAPOS_STATUS_OK);
        if (method == UNMAP)
            full = undo.address;
        now = use_of();
        ck_assert_uint_eq(now.frames, before.frames);
        ck_assert_uint_eq(now.reserved, before.reserved);
    }
}
END_TEST

// The process of the address space dies after each number of steps: whoever else has called is
// told.
START_TEST(a_space_that_dies_ends_its_calls) {
    bool over = false, told = false;

    for (unsigned after = 0; !over; after++) {
        unsigned steps;
        int outcome;

        ck_assert_uint_lt(after, STEPS_MOST);
        if (after != 0)
            setup();
        send(&guest, (enum method)_i, &call);
        for (unsigned i = 0; i < after; i++)
            step();
        over = !owner.actor.process->vm->busy;
        actor_destroy(&owner.actor);
        host_settle(host);
        outcome = finish(&guest, &call, &steps);
        told |= outcome == CAPOS_DISCONNECTED;
        ck_assert(outcome == CAPOS_DONE || (outcome == CAPOS_DISCONNECTED && !over));
        actor_destroy(&guest.actor);
        host_destroy(host);
    }
    ck_assert(told || _i > ALLOCATE); // the others are done before the reaper comes to the space
}
END_TEST

// FrameAllocator.allocate of a list in two parts, by a process with a FrameAllocator and room.
static void send_allocate(struct party *party, uint64_t frames) {
    struct capos_frame_allocator allocator = {frames};

    capos_frame_allocator_allocate_params_set_bytes(
        capos_frame_allocator_allocate_begin(&call, &party->caller.transport, allocator),
        (uint64_t)MANY * PAGE);
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
}

static uint64_t allocator_of(struct party *party) {
    struct object *object;

    ck_assert_int_eq(frame_allocator_create(cpu, party->actor.process->ledger, &object),
                     CAPOS_STATUS_OK);
    return actor_grant(&party->actor, object, CAPOS_FRAME_ALLOCATOR_INTERFACE_ID, CAPOS_SCOPE_ANY);
}

START_TEST(objects_are_made_and_freed_in_steps) {
    struct ledger *ledger = owner.actor.process->ledger;
    uint64_t frames = allocator_of(&owner), before = ledger_used(ledger, LEDGER_FRAMES);
    uint64_t bytes = ledger_used(ledger, LEDGER_KERNEL_MEMORY), free = frame_count(cpu).free;
    struct capos_struct results;

    send_allocate(&owner, frames);
    for (unsigned steps = 0; !caller_answered(&owner.caller, &call); steps++) {
        ck_assert_uint_lt(steps, STEPS_MOST);
        step();
    }
    ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + MANY);
    uint64_t cap = capos_frame_allocator_allocate_results_object(
                       (struct capos_frame_allocator_allocate_results){results})
                       .id;
    struct capos_sqe release = {.opcode = CAPOS_OP_RELEASE, .cap = cap};
    ck_assert_uint_ne(cap, 0);
    capos_call_release(&call);
    host_audit(host);
    actor_submit(&owner.actor, &release);
    for (unsigned steps = 0; ledger_used(ledger, LEDGER_FRAMES) != before; steps++) {
        uint64_t was = frame_count(cpu).free;

        step();
        ck_assert_uint_le(frame_count(cpu).free - was, MEMORY_STEP + 3);
        ck_assert_uint_lt(steps, STEPS_MOST);
    }
    host_settle(host);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_KERNEL_MEMORY), bytes);
    ck_assert_uint_eq(frame_count(cpu).free, free);
}
END_TEST

START_TEST(a_failure_makes_no_object) {
    struct ledger *ledger = owner.actor.process->ledger;
    uint64_t frames = allocator_of(&owner);
    int outcome = CAPOS_OVERLOADED;
    unsigned steps;

    for (uint64_t n = 1; outcome != CAPOS_DONE; n++) {
        uint64_t before = ledger_used(ledger, LEDGER_FRAMES);
        uint64_t bytes = ledger_used(ledger, LEDGER_KERNEL_MEMORY);

        debug_fail_nth(&host->kernel, n);
        send_allocate(&owner, frames);
        outcome = finish(&owner, &call, &steps);
        ck_assert_int_eq(outcome != CAPOS_DONE, debug_failed(&host->kernel));
        debug_fail_nth(&host->kernel, 0);
        if (outcome == CAPOS_DONE)
            break;
        host_settle(host);
        ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before);
        ck_assert_uint_eq(ledger_used(ledger, LEDGER_KERNEL_MEMORY), bytes);
    }
}
END_TEST

// Whoever asks for memory and dies, at any step, leaves none of it behind.
START_TEST(nobody_s_memory_is_freed) {
    bool over = false;

    for (unsigned after = 0; !over; after++) {
        uint64_t free = frame_count(cpu).free;
        struct party party;

        join(&party, "party", NULL);
        send_allocate(&party, allocator_of(&party));
        for (unsigned i = 0; i < after; i++)
            step();
        over = caller_answered(&party.caller, &call);
        actor_destroy(&party.actor);
        host_settle(host);
        ck_assert_uint_eq(frame_count(cpu).free, free);
        ck_assert_uint_lt(after, STEPS_MOST);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("object/memory_steps");
    TCase *steps = tcase_create("steps");
    TCase *deaths = tcase_create("deaths");

    tcase_set_timeout(steps, 60);
    tcase_add_checked_fixture(steps, setup, teardown);
    tcase_add_test(steps, it_takes_bounded_steps);
    tcase_add_test(steps, one_waits_for_the_other);
    tcase_add_test(steps, what_is_impossible_is_refused);
    tcase_add_loop_test(steps, a_failure_anywhere_changes_nothing, 0, METHODS);
    tcase_add_loop_test(steps, a_caller_that_dies_leaves_no_half, 0, METHODS);
    tcase_add_test(steps, objects_are_made_and_freed_in_steps);
    tcase_add_test(steps, a_failure_makes_no_object);
    tcase_add_test(steps, nobody_s_memory_is_freed);
    suite_add_tcase(suite, steps);
    tcase_set_timeout(deaths, 60);
    tcase_add_checked_fixture(deaths, setup, NULL);
    tcase_add_loop_test(deaths, a_space_that_dies_ends_its_calls, 0, METHODS);
    suite_add_tcase(suite, deaths);
    return harness_run(suite);
}
