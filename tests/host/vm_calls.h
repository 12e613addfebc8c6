// SPDX-License-Identifier: MIT
//
// What VirtualMemory does, as plain functions for tests that have no caller: jobs of any size, done
// at once.
#ifndef CAPOS_TESTS_HOST_VM_CALLS_H
#define CAPOS_TESTS_HOST_VM_CALLS_H

#include "core/vm.h"

static inline enum capos_status vm_range(struct cpu *cpu, struct vm *vm,
                                         enum vm_operation operation, uint64_t address,
                                         uint64_t bytes, enum protection protection) {
    struct vm_request job = {.operation = (uint8_t)operation,
                             .protection = (uint8_t)protection,
                             .address = address,
                             .bytes = bytes};

    return vm_job_now(cpu, vm, &job);
}

static inline enum capos_status vm_commit(struct cpu *cpu, struct vm *vm, uint64_t address,
                                          uint64_t bytes, enum protection protection) {
    return vm_range(cpu, vm, VM_COMMIT, address, bytes, protection);
}

static inline enum capos_status vm_decommit(struct cpu *cpu, struct vm *vm, uint64_t address,
                                            uint64_t bytes) {
    return vm_range(cpu, vm, VM_DECOMMIT, address, bytes, PROTECTION_NONE);
}

static inline enum capos_status vm_protect(struct cpu *cpu, struct vm *vm, uint64_t address,
                                           uint64_t bytes, enum protection protection) {
    return vm_range(cpu, vm, VM_PROTECT, address, bytes, protection);
}

static inline enum capos_status vm_unmap(struct cpu *cpu, struct vm *vm, uint64_t address,
                                         uint64_t bytes) {
    return vm_range(cpu, vm, VM_UNMAP, address, bytes, PROTECTION_NONE);
}

static inline enum capos_status vm_allocate(struct cpu *cpu, struct vm *vm, uint64_t bytes,
                                            enum protection protection, struct uaddr *at) {
    struct vm_request job = {
        .operation = VM_ALLOCATE, .protection = (uint8_t)protection, .bytes = bytes};
    enum capos_status status = vm_job_now(cpu, vm, &job);

    at->value = job.address;
    return status;
}

static inline enum capos_status vm_map(struct cpu *cpu, struct vm *vm, struct memory *memory,
                                       uint64_t offset, uint64_t bytes, enum protection protection,
                                       struct uaddr *at) {
    struct vm_request job = {.operation = VM_MAP,
                             .protection = (uint8_t)protection,
                             .bytes = bytes,
                             .memory = memory,
                             .offset = offset};
    enum capos_status status = vm_job_now(cpu, vm, &job);

    at->value = job.address;
    return status;
}

#endif
