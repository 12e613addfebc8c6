// SPDX-License-Identifier: MIT
// VirtualMemory: each method but reserve is a job (core/vm_job.h), which checks what comes from
// outside. A small one is answered at once, others when they are done.
#include "object/virtual_memory.h"

#include "core/call.h"
#include "core/dispatch.h"
#include "core/ring_spare.h"
#include "core/vm.h"
#include "object/memory_object.h"
#include "schemas/memory.capos.h"

struct virtual_memory {
    struct object object;
    struct vm *vm; // a reference
};

static struct vm *vm_of(const struct target *target) {
    return ((struct virtual_memory *)target->object)->vm;
}

// What a status of core/vm.h is to the caller.
static int answer(struct capos_invocation *invocation, enum capos_status status) {
    switch (status) {
    case CAPOS_STATUS_OK:
        return CAPOS_DONE;
    case CAPOS_STATUS_MALFORMED:
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "no such range of whole pages in the state that this takes");
    case CAPOS_STATUS_OVERLOADED:
        return capos_fail(invocation, CAPOS_OVERLOADED, "a limit is reached, or memory is short");
    case CAPOS_STATUS_DISCONNECTED:
        return capos_fail(invocation, CAPOS_DISCONNECTED,
                          "the process has ended, or the object is revoked");
    default:
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "what is mapped there forbids it");
    }
}

// An access, or for one that there is none of a value that no job takes.
static uint8_t access_of(enum capos_protection protection) {
    return (unsigned)protection > UINT8_MAX ? UINT8_MAX : (uint8_t)protection;
}

static int virtual_memory_reserve(void *self, struct capos_invocation *invocation,
                                  struct capos_virtual_memory_reserve_params params,
                                  struct capos_virtual_memory_reserve_results_builder results) {
    const struct target *target = self;
    uint64_t bytes = capos_virtual_memory_reserve_params_bytes(params);
    struct uaddr at;

    enum capos_status status = vm_reserve(target->cpu, vm_of(target), bytes, &at);
    if (status == CAPOS_STATUS_OK)
        capos_virtual_memory_reserve_results_set_address(results, at.value);
    return answer(invocation, status);
}

// Writes the address of a range that ALLOCATE or MAP has chosen.
static void write_address(uint16_t method, struct capos_builder *results, uint64_t address) {
    switch (method) {
    case CAPOS_VIRTUAL_MEMORY_ALLOCATE_METHOD:
        capos_virtual_memory_allocate_results_set_address(
            capos_virtual_memory_allocate_results_build_message(results), address);
        break;
    case CAPOS_VIRTUAL_MEMORY_MAP_METHOD:
        capos_virtual_memory_map_results_set_address(
            capos_virtual_memory_map_results_build_message(results), address);
        break;
    default: // their results have no fields
        (void)capos_virtual_memory_unmap_results_build_message(results);
    }
}

// A job that was held is done.
static void job_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct vm_job *job = vm_job_of(call->queue);
    uint64_t address = job->what.address;
    struct capos_invocation *invocation = call_reply_begin(cpu, call);

    if (status == CAPOS_STATUS_OK)
        write_address(call->method, &invocation->results, address);
    call_reply(cpu, invocation, answer(invocation, status));
}

// Does the job, or holds the call until it is done: CAPOS_PENDING then.
static int do_job(const struct target *target, struct capos_invocation *invocation,
                  struct vm_request *job) {
    enum capos_status status;

    if (vm_job_try(target->cpu, vm_of(target), job, &status))
        return answer(invocation, status);
    (void)ring_spare_drop(target->cpu,
                          dispatch_process(invocation)); // it may want all that there is
    status = vm_job_hold(target->cpu, vm_of(target), job, invocation, job_answer);
    return status == CAPOS_STATUS_OK ? CAPOS_PENDING : answer(invocation, status);
}

static int virtual_memory_commit(void *self, struct capos_invocation *invocation,
                                 struct capos_virtual_memory_commit_params params,
                                 struct capos_virtual_memory_commit_results_builder results) {
    struct vm_request job = {
        .operation = VM_COMMIT,
        .address = capos_virtual_memory_commit_params_address(params),
        .bytes = capos_virtual_memory_commit_params_bytes(params),
        .protection = access_of(capos_virtual_memory_commit_params_protection(params)),
    };

    (void)results;
    return do_job(self, invocation, &job);
}

static int virtual_memory_decommit(void *self, struct capos_invocation *invocation,
                                   struct capos_virtual_memory_decommit_params params,
                                   struct capos_virtual_memory_decommit_results_builder results) {
    struct vm_request job = {
        .operation = VM_DECOMMIT,
        .address = capos_virtual_memory_decommit_params_address(params),
        .bytes = capos_virtual_memory_decommit_params_bytes(params),
    };

    (void)results;
    return do_job(self, invocation, &job);
}

static int virtual_memory_protect(void *self, struct capos_invocation *invocation,
                                  struct capos_virtual_memory_protect_params params,
                                  struct capos_virtual_memory_protect_results_builder results) {
    struct vm_request job = {
        .operation = VM_PROTECT,
        .address = capos_virtual_memory_protect_params_address(params),
        .bytes = capos_virtual_memory_protect_params_bytes(params),
        .protection = access_of(capos_virtual_memory_protect_params_protection(params)),
    };

    (void)results;
    return do_job(self, invocation, &job);
}

static int virtual_memory_unmap(void *self, struct capos_invocation *invocation,
                                struct capos_virtual_memory_unmap_params params,
                                struct capos_virtual_memory_unmap_results_builder results) {
    struct vm_request job = {
        .operation = VM_UNMAP,
        .address = capos_virtual_memory_unmap_params_address(params),
        .bytes = capos_virtual_memory_unmap_params_bytes(params),
    };

    (void)results;
    return do_job(self, invocation, &job);
}

static int virtual_memory_allocate(void *self, struct capos_invocation *invocation,
                                   struct capos_virtual_memory_allocate_params params,
                                   struct capos_virtual_memory_allocate_results_builder results) {
    struct vm_request job = {
        .operation = VM_ALLOCATE,
        .bytes = capos_virtual_memory_allocate_params_bytes(params),
        .protection = access_of(capos_virtual_memory_allocate_params_protection(params)),
    };
    int outcome = do_job(self, invocation, &job);

    if (outcome == CAPOS_DONE)
        capos_virtual_memory_allocate_results_set_address(results, job.address);
    return outcome;
}

static int virtual_memory_map(void *self, struct capos_invocation *invocation,
                              struct capos_virtual_memory_map_params params,
                              struct capos_virtual_memory_map_results_builder results) {
    struct capos_memory_object object = capos_virtual_memory_map_params_object(params);
    struct captable_view view;

    enum capos_status status =
        dispatch_capability(invocation, object.id, &memory_object_type, &view);

    if (status == CAPOS_STATUS_DISCONNECTED)
        return capos_fail(invocation, CAPOS_DISCONNECTED, "the object is revoked");
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "that is no MemoryObject");
    struct vm_request job = {
        .operation = VM_MAP,
        .offset = capos_virtual_memory_map_params_offset(params),
        .bytes = capos_virtual_memory_map_params_bytes(params),
        .protection = access_of(capos_virtual_memory_map_params_protection(params)),
        .memory = (struct memory *)(void *)view.object,
        .revoker = view.revoker,
    };
    int outcome = do_job(self, invocation, &job);

    if (outcome == CAPOS_DONE)
        capos_virtual_memory_map_results_set_address(results, job.address);
    return outcome;
}

static const struct capos_virtual_memory_server server = {
    .reserve = virtual_memory_reserve,
    .commit = virtual_memory_commit,
    .decommit = virtual_memory_decommit,
    .protect = virtual_memory_protect,
    .unmap = virtual_memory_unmap,
    .map = virtual_memory_map,
    .allocate = virtual_memory_allocate,
};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_virtual_memory_dispatch(&server, self, inv);
}

static bool virtual_memory_close(struct cpu *cpu, struct object *object) {
    vm_put(cpu, ((struct virtual_memory *)object)->vm);
    return true;
}

const struct object_type virtual_memory_type = {
    .name = "virtual memory",
    .interface = CAPOS_VIRTUAL_MEMORY_INTERFACE_ID,
    .size = sizeof(struct virtual_memory),
    .kind = OBJECT_KERNEL,
    .methods = &capos_virtual_memory_interface,
    .serve = serve,
    .close = virtual_memory_close,
};

enum capos_status virtual_memory_create(struct cpu *cpu, struct ledger *ledger, struct vm *vm,
                                        struct object **out) {
    enum capos_status status = object_create(cpu, &virtual_memory_type, ledger, out);

    if (status == CAPOS_STATUS_OK) {
        vm_get(vm);
        ((struct virtual_memory *)*out)->vm = vm;
    }
    return status;
}
