// SPDX-License-Identifier: MIT
// Small jobs that are done at once (vm_job.h): what a job does in phases, as one change under one
// hold of the vm's lock. Frames are taken and zeroed before it, and only while no job is under way.
#include "core/cpu.h"
#include "core/panic.h"
#include "core/park.h"
#include "core/vm.h"
#include "core/vm_steps.h"

// Maps the frames at an address of the kernel's choice. On success the chain is empty.
static enum capos_status allocate_locked(struct cpu *cpu, struct vm *vm, struct vm_request *what,
                                         uint64_t pages, struct vm_chain *chain) {
    struct region region = {.pages = pages, .kind = REGION_OWN};
    enum capos_status status = CAPOS_STATUS_BUSY;

    if (UNLIKELY(vm->dead))
        status = CAPOS_STATUS_DISCONNECTED;
    else if (LIKELY(!vm->busy))
        status = vm_prepare_place(cpu, vm, pages, &region.start);
    if (status != CAPOS_STATUS_OK)
        return status;
    regions_add(&vm->regions, &region);
    vm_map_chain(cpu, vm, region.start, pages, chain, (enum protection)what->protection);
    what->address = region.start;
    return CAPOS_STATUS_OK;
}

static enum capos_status allocate(struct cpu *cpu, struct vm *vm, struct vm_request *what) {
    struct vm_chain chain = {0, 0};
    uint64_t pages = what->bytes / FRAME_SIZE;
    enum capos_status status;

    if (UNLIKELY(__atomic_load_n(&vm->busy, __ATOMIC_RELAXED)))
        return CAPOS_STATUS_BUSY; // in its turn
    if (!vm_may_allocate(what))
        return CAPOS_STATUS_MALFORMED;
    status = ledger_take_both(cpu, vm->ledger, LEDGER_FRAMES, LEDGER_RESERVED_PAGES, pages);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = vm_chain_take(cpu, pages, &chain);
    if (status == CAPOS_STATUS_OK) {
        lock_take(&vm->lock);
        status = allocate_locked(cpu, vm, what, pages, &chain);
        lock_drop(&vm->lock);
    }
    if (status == CAPOS_STATUS_OK)
        return status;
    vm_chain_drop(cpu, chain.count, &chain);
    ledger_give_both(cpu, vm->ledger, LEDGER_FRAMES, LEDGER_RESERVED_PAGES, pages);
    return status;
}

static enum capos_status unmap_locked(struct cpu *cpu, struct vm *vm,
                                      const struct vm_request *what) {
    struct region *region;
    uint64_t budget = UINT64_MAX;
    enum capos_status status = CAPOS_STATUS_BUSY;
    bool done;

    if (LIKELY(!vm->busy))
        status = vm_check_unmap(vm, what, &region);
    if (status != CAPOS_STATUS_OK)
        return status;
    done = vm_clear(cpu, vm, region, region->start, region->pages, VM_SHOOT, &budget);
    kassert(done);
    (void)done;
    vm_remove_region(cpu, vm, region);
    return CAPOS_STATUS_OK;
}

static enum capos_status unmap(struct cpu *cpu, struct vm *vm, const struct vm_request *what) {
    enum capos_status status;

    lock_take(&vm->lock);
    status = unmap_locked(cpu, vm, what);
    lock_drop(&vm->lock);
    if (status == CAPOS_STATUS_OK)
        park_unmapped(cpu, vm, what->address, what->bytes);
    return status;
}

enum capos_status vm_small(struct cpu *cpu, struct vm *vm, struct vm_request *what) {
    switch (what->operation) {
    case VM_ALLOCATE:
        return allocate(cpu, vm, what);
    case VM_UNMAP:
        return unmap(cpu, vm, what);
    default:
        return CAPOS_STATUS_BUSY;
    }
}
