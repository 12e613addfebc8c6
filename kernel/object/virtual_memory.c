// SPDX-License-Identifier: MIT
// VirtualMemory: each method is a function of core/vm.h, which checks what comes from outside.
#include "object/virtual_memory.h"

#include "core/dispatch.h"
#include "core/vm.h"
#include "object/memory_object.h"
#include "object/target.h"
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
        return capos_fail(invocation, CAPOS_DISCONNECTED, "the process has ended");
    default:
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "what is mapped there forbids it");
    }
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

static int virtual_memory_commit(void *self, struct capos_invocation *invocation,
                                 struct capos_virtual_memory_commit_params params,
                                 struct capos_virtual_memory_commit_results_builder results) {
    const struct target *target = self;
    uint64_t address = capos_virtual_memory_commit_params_address(params);
    uint64_t bytes = capos_virtual_memory_commit_params_bytes(params);
    enum protection protection =
        (enum protection)capos_virtual_memory_commit_params_protection(params);

    (void)results;
    return answer(invocation, vm_commit(target->cpu, vm_of(target), address, bytes, protection));
}

static int virtual_memory_decommit(void *self, struct capos_invocation *invocation,
                                   struct capos_virtual_memory_decommit_params params,
                                   struct capos_virtual_memory_decommit_results_builder results) {
    const struct target *target = self;
    uint64_t address = capos_virtual_memory_decommit_params_address(params);
    uint64_t bytes = capos_virtual_memory_decommit_params_bytes(params);

    (void)results;
    return answer(invocation, vm_decommit(target->cpu, vm_of(target), address, bytes));
}

static int virtual_memory_protect(void *self, struct capos_invocation *invocation,
                                  struct capos_virtual_memory_protect_params params,
                                  struct capos_virtual_memory_protect_results_builder results) {
    const struct target *target = self;
    uint64_t address = capos_virtual_memory_protect_params_address(params);
    uint64_t bytes = capos_virtual_memory_protect_params_bytes(params);
    enum protection protection =
        (enum protection)capos_virtual_memory_protect_params_protection(params);

    (void)results;
    return answer(invocation, vm_protect(target->cpu, vm_of(target), address, bytes, protection));
}

static int virtual_memory_unmap(void *self, struct capos_invocation *invocation,
                                struct capos_virtual_memory_unmap_params params,
                                struct capos_virtual_memory_unmap_results_builder results) {
    const struct target *target = self;
    uint64_t address = capos_virtual_memory_unmap_params_address(params);
    uint64_t bytes = capos_virtual_memory_unmap_params_bytes(params);

    (void)results;
    return answer(invocation, vm_unmap(target->cpu, vm_of(target), address, bytes));
}

static int virtual_memory_map(void *self, struct capos_invocation *invocation,
                              struct capos_virtual_memory_map_params params,
                              struct capos_virtual_memory_map_results_builder results) {
    const struct target *target = self;
    struct capos_memory_object object = capos_virtual_memory_map_params_object(params);
    uint64_t offset = capos_virtual_memory_map_params_offset(params);
    uint64_t bytes = capos_virtual_memory_map_params_bytes(params);
    enum protection protection =
        (enum protection)capos_virtual_memory_map_params_protection(params);
    struct captable_view view;
    struct uaddr at;

    enum capos_status status =
        dispatch_capability(invocation, object.id, &memory_object_type, &view);
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "that is no MemoryObject");
    status = vm_map(target->cpu, vm_of(target), (struct memory *)(void *)view.object, offset, bytes,
                    protection, &at);
    if (status == CAPOS_STATUS_OK)
        capos_virtual_memory_map_results_set_address(results, at.value);
    return answer(invocation, status);
}

static const struct capos_virtual_memory_server server = {
    .reserve = virtual_memory_reserve,
    .commit = virtual_memory_commit,
    .decommit = virtual_memory_decommit,
    .protect = virtual_memory_protect,
    .unmap = virtual_memory_unmap,
    .map = virtual_memory_map,
};

static int virtual_memory_dispatch(struct cpu *cpu, struct object *object,
                                   struct capos_invocation *invocation) {
    struct target target = {cpu, object};

    return capos_virtual_memory_dispatch(&server, &target, invocation);
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
    .dispatch = virtual_memory_dispatch,
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
