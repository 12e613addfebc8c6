// SPDX-License-Identifier: MIT
// What VirtualMemory does to an address space, by the words of schemas/memory.capnp. Each function
// checks all that comes from outside under the lock, reserves, and then changes the space at once.
#include "base/bits.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/vm.h"
#include "core/vm_steps.h"

static bool range_is_sane(uint64_t address, uint64_t bytes) {
    return is_aligned(address, FRAME_SIZE) && is_aligned(bytes, FRAME_SIZE) && bytes != 0 &&
           address < MACHINE_USER_END && bytes <= MACHINE_USER_END - address;
}

// The region that holds the whole of a range from outside, or NULL.
static struct region *vm_find(struct vm *vm, uint64_t address, uint64_t bytes) {
    if (!range_is_sane(address, bytes))
        return NULL;
    return regions_find(&vm->regions, address, bytes / FRAME_SIZE);
}

enum capos_status vm_reserve(struct cpu *cpu, struct vm *vm, uint64_t bytes, struct uaddr *at) {
    struct region region = {.pages = bytes / FRAME_SIZE, .kind = REGION_OWN};

    if (bytes == 0 || !is_aligned(bytes, FRAME_SIZE))
        return CAPOS_STATUS_MALFORMED;
    lock_take(&vm->lock);
    enum capos_status status = vm->dead ? CAPOS_STATUS_DISCONNECTED : CAPOS_STATUS_OVERLOADED;
    if (!vm->dead && regions_find_gap(&vm->regions, region.pages, &region.start))
        status = vm_prepare_region(cpu, vm, region.pages);
    if (status == CAPOS_STATUS_OK) {
        regions_add(&vm->regions, &region);
        at->value = region.start;
    }
    lock_drop(&vm->lock);
    return status;
}

// May the range be committed? Its region was reserved and nothing is there yet.
static enum capos_status commit_check(struct cpu *cpu, struct vm *vm, uint64_t address,
                                      uint64_t bytes) {
    struct region *region = vm_find(vm, address, bytes);
    struct uaddr at = {address};
    enum protection protection;
    struct paddr frame;

    if (vm->dead)
        return CAPOS_STATUS_DISCONNECTED;
    if (region == NULL)
        return CAPOS_STATUS_MALFORMED;
    if (region->kind != REGION_OWN || region->fixed)
        return CAPOS_STATUS_REFUSED;
    if (machine_space_next(cpu, &vm->space, &at, (struct uaddr){address + bytes}, &frame,
                           &protection))
        return CAPOS_STATUS_MALFORMED;
    return CAPOS_STATUS_OK;
}

enum capos_status vm_commit(struct cpu *cpu, struct vm *vm, uint64_t address, uint64_t bytes,
                            enum protection protection) {
    struct vm_chain chain;

    if (protection > PROTECTION_READ_WRITE)
        return CAPOS_STATUS_MALFORMED;
    lock_take(&vm->lock);
    enum capos_status status = commit_check(cpu, vm, address, bytes);
    if (status == CAPOS_STATUS_OK)
        status = ledger_take(cpu, vm->ledger, LEDGER_FRAMES, bytes / FRAME_SIZE);
    lock_drop(&vm->lock);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = vm_chain_take(cpu, vm->ledger, bytes / FRAME_SIZE, &chain);
    if (status != CAPOS_STATUS_OK)
        return status;
    lock_take(&vm->lock);
    status = commit_check(cpu, vm, address, bytes); // somebody may have been here meanwhile
    if (status == CAPOS_STATUS_OK)
        status = vm_prepare_tables(cpu, vm, address, bytes / FRAME_SIZE);
    if (status == CAPOS_STATUS_OK)
        vm_map_chain(cpu, vm, address, bytes / FRAME_SIZE, &chain, protection);
    lock_drop(&vm->lock);
    vm_chain_drop(cpu, vm->ledger, &chain);
    return status;
}

enum capos_status vm_decommit(struct cpu *cpu, struct vm *vm, uint64_t address, uint64_t bytes) {
    uint64_t pages = bytes / FRAME_SIZE, budget = UINT64_MAX, writable;
    enum capos_status status = CAPOS_STATUS_OK;

    lock_take(&vm->lock);
    struct region *region = vm_find(vm, address, bytes);
    if (vm->dead)
        status = CAPOS_STATUS_DISCONNECTED;
    else if (region == NULL)
        status = CAPOS_STATUS_MALFORMED;
    else if (region->kind != REGION_OWN || region->fixed)
        status = CAPOS_STATUS_REFUSED;
    else if (vm_count(cpu, vm, address, pages, &writable) != pages ||
             !vm_clear(cpu, vm, region, address, pages, true, &budget))
        status = CAPOS_STATUS_MALFORMED;
    lock_drop(&vm->lock);
    if (status == CAPOS_STATUS_OK)
        park_unmapped(cpu, vm, address, bytes);
    return status;
}

// May all pages of the range, which lies in the region, have this protection? On OK, writers that
// are new are counted with the memory object, and *lost is how many will write no more.
static enum capos_status protect_prepare(struct cpu *cpu, struct vm *vm,
                                         const struct region *region, uint64_t address,
                                         uint64_t pages, enum protection protection,
                                         uint64_t *lost) {
    uint64_t writable;

    if (vm->dead)
        return CAPOS_STATUS_DISCONNECTED;
    if (region == NULL || vm_count(cpu, vm, address, pages, &writable) != pages)
        return CAPOS_STATUS_MALFORMED;
    *lost = 0;
    if (region->kind == REGION_BLOCK)
        return CAPOS_STATUS_REFUSED;
    if (protection == PROTECTION_READ_EXECUTE &&
        (region->kind == REGION_OWN || !memory_is_executable(region->memory)))
        return CAPOS_STATUS_REFUSED;
    if (region->kind == REGION_OWN)
        return CAPOS_STATUS_OK;
    if (protection == PROTECTION_READ_WRITE)
        return memory_add_writers(region->memory, pages - writable);
    *lost = writable;
    return CAPOS_STATUS_OK;
}

enum capos_status vm_protect(struct cpu *cpu, struct vm *vm, uint64_t address, uint64_t bytes,
                             enum protection protection) {
    uint64_t pages = bytes / FRAME_SIZE, lost;

    if (protection > PROTECTION_READ_EXECUTE)
        return CAPOS_STATUS_MALFORMED;
    lock_take(&vm->lock);
    struct region *region = vm_find(vm, address, bytes);
    enum capos_status status = protect_prepare(cpu, vm, region, address, pages, protection, &lost);
    if (status == CAPOS_STATUS_OK) {
        for (uint64_t i = 0; i < pages; i++)
            machine_space_protect(cpu, &vm->space, (struct uaddr){address + i * FRAME_SIZE},
                                  protection);
        machine_space_shootdown(cpu, &vm->space, (struct uaddr){address}, pages);
        if (lost != 0)
            memory_remove_writers(region->memory, lost);
    }
    lock_drop(&vm->lock);
    return status;
}

enum capos_status vm_unmap(struct cpu *cpu, struct vm *vm, uint64_t address, uint64_t bytes) {
    enum capos_status status = CAPOS_STATUS_OK;
    uint64_t budget = UINT64_MAX;

    lock_take(&vm->lock);
    struct region *region = vm_find(vm, address, bytes);
    if (vm->dead)
        status = CAPOS_STATUS_DISCONNECTED;
    else if (region == NULL || region->start != address || region->pages != bytes / FRAME_SIZE)
        status = CAPOS_STATUS_MALFORMED;
    else if (region->fixed)
        status = CAPOS_STATUS_REFUSED;
    else if (vm_clear(cpu, vm, region, address, region->pages, true, &budget))
        vm_remove_region(cpu, vm, region);
    lock_drop(&vm->lock);
    if (status == CAPOS_STATUS_OK)
        park_unmapped(cpu, vm, address, bytes);
    return status;
}

static enum capos_status map_check(const struct memory *memory, uint64_t offset, uint64_t bytes,
                                   enum protection protection) {
    if (protection > PROTECTION_READ_EXECUTE || bytes == 0 || !is_aligned(offset, FRAME_SIZE) ||
        !is_aligned(bytes, FRAME_SIZE))
        return CAPOS_STATUS_MALFORMED;
    if (offset / FRAME_SIZE > memory->pages ||
        bytes / FRAME_SIZE > memory->pages - offset / FRAME_SIZE)
        return CAPOS_STATUS_MALFORMED;
    if (protection == PROTECTION_READ_EXECUTE && !memory_is_executable(memory))
        return CAPOS_STATUS_REFUSED;
    return CAPOS_STATUS_OK;
}

enum capos_status vm_map(struct cpu *cpu, struct vm *vm, struct memory *memory, uint64_t offset,
                         uint64_t bytes, enum protection protection, struct uaddr *at) {
    struct region region = {.pages = bytes / FRAME_SIZE,
                            .memory = memory,
                            .offset = offset / FRAME_SIZE,
                            .kind = REGION_MEMORY};
    enum capos_status status = map_check(memory, offset, bytes, protection);

    if (status != CAPOS_STATUS_OK)
        return status;
    lock_take(&vm->lock);
    status = vm->dead ? CAPOS_STATUS_DISCONNECTED
                      : vm_prepare_mapping(cpu, vm, region.pages, &region.start);
    if (status == CAPOS_STATUS_OK && protection == PROTECTION_READ_WRITE) {
        status = memory_add_writers(memory, region.pages);
        if (status != CAPOS_STATUS_OK)
            vm_abort_region(cpu, vm, region.pages);
    }
    if (status == CAPOS_STATUS_OK) {
        object_get(&memory->object);
        regions_add(&vm->regions, &region);
        vm_map_memory(cpu, vm, &region, protection);
        at->value = region.start;
    }
    lock_drop(&vm->lock);
    return status;
}
