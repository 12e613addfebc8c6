// SPDX-License-Identifier: MIT
// The steps of changes to an address space; see vm_steps.h. Frames on their way into a space are
// linked through themselves, which is safe as no user has seen them yet; frames on their way out
// are not, as another CPU may write to them until the shootdown: they are kept in small batches.
#include "core/vm_steps.h"

#include "base/bits.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/revoke.h"

enum { VM_BATCH = VM_STEP };

static struct paddr vm_chain_pop(struct vm_chain *chain) {
    struct paddr frame = {chain->first};
    uint64_t *link = machine_direct(frame);

    chain->first = *link;
    chain->count--;
    *link = 0;
    return frame;
}

void vm_chain_drop(struct cpu *cpu, uint64_t count, struct vm_chain *chain) {
    for (uint64_t i = 0; i < count; i++)
        frame_free(cpu, vm_chain_pop(chain), 0);
}

enum capos_status vm_chain_take(struct cpu *cpu, uint64_t count, struct vm_chain *chain) {
    for (uint64_t i = 0; i < count; i++) {
        struct paddr frame;
        enum capos_status status = frame_alloc(cpu, 0, &frame);

        if (status != CAPOS_STATUS_OK)
            return status;
        *(uint64_t *)machine_direct(frame) = chain->first;
        chain->first = frame.value;
        chain->count++;
    }
    return CAPOS_STATUS_OK;
}

// Tables that were taken out of the space; no CPU is looking at them.
static void vm_free_tables(struct cpu *cpu, struct vm *vm, struct machine_tables *emptied) {
    uint64_t count = emptied->count;

    if (count == 0)
        return;
    machine_tables_free(cpu, emptied);
    vm->tables -= count;
    ledger_give(cpu, vm->ledger, LEDGER_FRAMES, count);
}

void vm_trim_tables(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages) {
    struct machine_tables emptied = {0, 0};

    machine_space_trim(cpu, &vm->space, (struct uaddr){at}, pages, &emptied);
    if (emptied.count != 0)
        machine_space_shootdown(cpu, &vm->space, (struct uaddr){at}, pages);
    vm_free_tables(cpu, vm, &emptied);
}

enum capos_status vm_prepare_tables(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages) {
    uint64_t missing = machine_space_missing(&vm->space, (struct uaddr){at}, pages);
    enum capos_status status;

    if (missing == 0)
        return CAPOS_STATUS_OK;
    status = ledger_take(cpu, vm->ledger, LEDGER_FRAMES, missing);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = machine_space_prepare(cpu, &vm->space, (struct uaddr){at}, pages);
    uint64_t made = machine_space_frames(&vm->space) - vm->tables;
    kassert(made <= missing);
    vm->tables += made;
    if (made != missing)
        ledger_give(cpu, vm->ledger, LEDGER_FRAMES, missing - made);
    return status;
}

enum capos_status vm_prepare_region(struct cpu *cpu, struct vm *vm, uint64_t pages) {
    enum capos_status status = ledger_take(cpu, vm->ledger, LEDGER_RESERVED_PAGES, pages);

    if (status != CAPOS_STATUS_OK)
        return status;
    status = regions_prepare(cpu, &vm->regions, vm->ledger);
    if (status != CAPOS_STATUS_OK)
        vm_abort_region(cpu, vm, pages);
    return status;
}

void vm_abort_region(struct cpu *cpu, struct vm *vm, uint64_t pages) {
    ledger_give(cpu, vm->ledger, LEDGER_RESERVED_PAGES, pages);
}

enum capos_status vm_prepare_place(struct cpu *cpu, struct vm *vm, uint64_t pages, uint64_t *at) {
    enum capos_status status = regions_prepare(cpu, &vm->regions, vm->ledger);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (!regions_find_gap(&vm->regions, pages, at))
        return CAPOS_STATUS_OVERLOADED;
    status = vm_prepare_tables(cpu, vm, *at, pages);
    if (status != CAPOS_STATUS_OK && !vm->busy) // a job may have made some that it has not used yet
        vm_trim_tables(cpu, vm, *at, pages);
    return status;
}

enum capos_status vm_prepare_mapping(struct cpu *cpu, struct vm *vm, uint64_t pages, uint64_t *at) {
    enum capos_status status = ledger_take(cpu, vm->ledger, LEDGER_RESERVED_PAGES, pages);

    if (status != CAPOS_STATUS_OK)
        return status;
    status = vm_prepare_place(cpu, vm, pages, at);
    if (status != CAPOS_STATUS_OK)
        vm_abort_region(cpu, vm, pages);
    return status;
}

void vm_map_chain(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages,
                  struct vm_chain *chain, enum protection protection) {
    for (uint64_t i = 0; i < pages; i++)
        machine_space_map(cpu, &vm->space, (struct uaddr){at + i * FRAME_SIZE}, vm_chain_pop(chain),
                          protection);
    vm->committed += pages;
}

void vm_map_memory(struct cpu *cpu, struct vm *vm, const struct region *region, uint64_t first,
                   uint64_t pages, enum protection protection) {
    for (uint64_t i = first; i < first + pages; i++)
        machine_space_map(cpu, &vm->space, (struct uaddr){region->start + i * FRAME_SIZE},
                          memory_frame(region->memory, region->offset + i), protection);
}

uint64_t vm_count(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages, uint64_t *writable) {
    struct uaddr end = {at + pages * FRAME_SIZE};
    struct uaddr page = {at};
    enum protection protection;
    struct paddr frame;
    uint64_t count = 0;

    *writable = 0;
    while (machine_space_next(cpu, &vm->space, &page, end, &frame, &protection)) {
        count++;
        *writable += protection == PROTECTION_READ_WRITE;
        page.value += FRAME_SIZE;
    }
    return count;
}

// What one batch has taken out of the page tables.
struct vm_batch {
    struct paddr frame[VM_BATCH];
    uint32_t count;
    uint32_t writable;
    struct machine_tables tables;
    struct uaddr first, end;
};

static void vm_unmap_batch(struct cpu *cpu, struct vm *vm, struct uaddr at, struct uaddr end,
                           bool tables, struct vm_batch *batch) {
    struct machine_tables *emptied = tables ? &batch->tables : NULL;
    enum protection protection;

    batch->count = batch->writable = 0;
    while (batch->count < VM_BATCH && at.value < end.value &&
           machine_space_unmap(cpu, &vm->space, &at, end, emptied, &batch->frame[batch->count],
                               &protection)) {
        if (batch->count == 0)
            batch->first = at;
        batch->count++;
        batch->writable += protection == PROTECTION_READ_WRITE;
        at.value += FRAME_SIZE;
        batch->end = at;
    }
}

static void vm_free_batch(struct cpu *cpu, struct vm *vm, const struct region *region,
                          struct vm_batch *batch) {
    vm_free_tables(cpu, vm, &batch->tables);
    if (region->kind == REGION_MEMORY && batch->writable != 0)
        memory_remove_writers(region->memory, batch->writable);
    if (region->kind != REGION_OWN)
        return;
    for (uint32_t i = 0; i < batch->count; i++)
        frame_free(cpu, batch->frame[i], 0);
    vm->committed -= batch->count;
    ledger_give(cpu, vm->ledger, LEDGER_FRAMES, batch->count);
}

bool vm_clear(struct cpu *cpu, struct vm *vm, const struct region *region, uint64_t at,
              uint64_t pages, enum vm_clearing how, uint64_t *budget) {
    struct uaddr end = {at + pages * FRAME_SIZE};
    struct vm_batch batch;

    batch.end.value = at;
    batch.tables = (struct machine_tables){0, 0};

    while (*budget > 0) {
        vm_unmap_batch(cpu, vm, batch.end, end, how != VM_SHOOT_KEEP_TABLES, &batch);
        if (batch.count == 0)
            return true;
        if (how != VM_QUIET)
            machine_space_shootdown(cpu, &vm->space, batch.first,
                                    (batch.end.value - batch.first.value) / FRAME_SIZE);
        vm_free_batch(cpu, vm, region, &batch);
        if (batch.count < VM_BATCH) // it ended with the range
            return true;
        *budget -= min_u64(*budget, batch.count);
    }
    return false;
}

void vm_empty_region(struct cpu *cpu, struct region *region) {
    if (region->kind != REGION_MEMORY)
        return;
    revoker_unmap(cpu, region->mapping);
    object_put(cpu, &region->memory->object);
    region->mapping = NULL;
    region->memory = NULL;
    region->kind = REGION_OWN;
}

void vm_remove_region(struct cpu *cpu, struct vm *vm, struct region *region) {
    vm_empty_region(cpu, region);
    ledger_give(cpu, vm->ledger, LEDGER_RESERVED_PAGES, region->pages);
    regions_remove(&vm->regions, region);
}
