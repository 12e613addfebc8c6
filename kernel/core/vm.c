// SPDX-License-Identifier: MIT
// The life of an address space, and what the kernel itself puts into it: rings, programs, stacks.
#include "core/vm.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/kmem.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/revoke.h"
#include "core/vm_steps.h"

enum capos_status vm_create(struct cpu *cpu, struct ledger *ledger, struct vm **out) {
    void *block;
    enum capos_status status = kmem_alloc(cpu, ledger, sizeof(struct vm), &block);

    if (status != CAPOS_STATUS_OK)
        return status;
    struct vm *vm = block;
    lock_init(&vm->lock, LOCK_VM);
    atomic_store_explicit(&vm->references, 1, memory_order_relaxed);
    park_init(&vm->park);
    list_init(&vm->waiting);
    call_queue_init(&vm->own_job.caller, NULL);
    vm->ledger = ledger;
    status = machine_space_create(cpu, &vm->space);
    if (status != CAPOS_STATUS_OK)
        goto fail_space;
    vm->tables = machine_space_frames(&vm->space);
    status = ledger_take(cpu, ledger, LEDGER_FRAMES, vm->tables);
    if (status != CAPOS_STATUS_OK)
        goto fail_ledger;
    *out = vm;
    return CAPOS_STATUS_OK;

fail_ledger:
    machine_space_destroy(cpu, &vm->space);
fail_space:
    kmem_free(cpu, ledger, vm, sizeof *vm);
    return status;
}

bool vm_reap(struct cpu *cpu, struct vm *vm, uint64_t budget) {
    lock_take(&vm->lock);
    vm->dead = true;
    if (vm->busy) { // its jobs find it dead
        lock_drop(&vm->lock);
        return false;
    }
    while (budget > 0 && vm->regions.count > 0) {
        struct region *region = &vm->regions.array[vm->regions.count - 1];

        if (!vm_clear(cpu, vm, region, region->start, region->pages, VM_QUIET, &budget))
            break;
        vm_remove_region(cpu, vm, region);
        budget -= min_u64(budget, 1);
    }
    bool done = vm->regions.count == 0;
    lock_drop(&vm->lock);
    return done;
}

void vm_destroy(struct cpu *cpu, struct vm *vm) {
    while (!vm_reap(cpu, vm, UINT64_MAX))
        continue;
    kassert(vm->committed == 0);
    regions_fini(cpu, &vm->regions, vm->ledger);
    machine_space_destroy(cpu, &vm->space);
    ledger_give(cpu, vm->ledger, LEDGER_FRAMES, vm->tables);
    vm->tables = 0;
    vm_put(cpu, vm);
}

void vm_get(struct vm *vm) {
    atomic_fetch_add_explicit(&vm->references, 1, memory_order_relaxed);
}

static void vm_free(struct cpu *cpu, struct reclaim_node *node) {
    struct vm *vm = list_entry(node, struct vm, freed);

    kmem_free(cpu, vm->ledger, vm, sizeof *vm);
}

// Whoever ends a held call may still be looking at a queue in it.
void vm_put(struct cpu *cpu, struct vm *vm) {
    if (atomic_fetch_sub_explicit(&vm->references, 1, memory_order_acq_rel) == 1)
        reclaim_retire(cpu, &vm->freed, vm_free);
}

struct machine_space *vm_space(struct vm *vm) {
    return &vm->space;
}

enum capos_status vm_map_block(struct cpu *cpu, struct vm *vm, struct paddr block, uint64_t pages,
                               enum protection protection, struct uaddr *at) {
    struct region region = {.pages = pages, .kind = REGION_BLOCK, .fixed = true};

    lock_take(&vm->lock);
    enum capos_status status = vm_prepare_mapping(cpu, vm, pages, &region.start);
    if (status == CAPOS_STATUS_OK) {
        regions_add(&vm->regions, &region);
        for (uint64_t i = 0; i < pages; i++)
            machine_space_map(cpu, &vm->space, (struct uaddr){region.start + i * FRAME_SIZE},
                              (struct paddr){block.value + i * FRAME_SIZE}, protection);
        at->value = region.start;
    }
    lock_drop(&vm->lock);
    return status;
}

void vm_unmap_block(struct cpu *cpu, struct vm *vm, struct uaddr at, uint64_t pages) {
    uint64_t budget = UINT64_MAX;

    lock_take(&vm->lock);
    struct region *region = regions_find(&vm->regions, at.value, pages);
    kassert(region != NULL && region->kind == REGION_BLOCK && region->pages == pages);
    // A job that is under way may have made tables here that it has not used yet.
    bool done = vm_clear(cpu, vm, region, at.value, pages,
                         vm->busy ? VM_SHOOT_KEEP_TABLES : VM_SHOOT, &budget);
    kassert(done);
    (void)done;
    vm_remove_region(cpu, vm, region);
    lock_drop(&vm->lock);
    park_unmapped(cpu, vm, at.value, pages * FRAME_SIZE);
}

// What is left of a chain, with its charge.
static void place_drop(struct cpu *cpu, struct vm *vm, struct vm_chain *chain) {
    uint64_t left = chain->count;

    vm_chain_drop(cpu, left, chain);
    if (left != 0)
        ledger_give(cpu, vm->ledger, LEDGER_FRAMES, left);
}

// A program's pages are bounded (elf.h), so they are taken in one go.
static enum capos_status place_frames(struct cpu *cpu, struct vm *vm, uint64_t pages,
                                      struct vm_chain *chain) {
    enum capos_status status = ledger_take(cpu, vm->ledger, LEDGER_FRAMES, pages);

    *chain = (struct vm_chain){0, 0};
    if (status != CAPOS_STATUS_OK)
        return status;
    while (status == CAPOS_STATUS_OK && chain->count < pages) {
        status = vm_chain_take(cpu, min_u64(pages - chain->count, VM_STEP), chain);
        if (chain->count % VM_STEP == 0)
            machine_interrupt_window(cpu);
    }
    if (status == CAPOS_STATUS_OK)
        return status;
    ledger_give(cpu, vm->ledger, LEDGER_FRAMES, pages - chain->count);
    place_drop(cpu, vm, chain);
    return status;
}

// A range that a program names for itself: whole pages in the user's half, nothing there yet.
static bool place_is_free(struct vm *vm, uint64_t at, uint64_t pages) {
    return is_aligned(at, FRAME_SIZE) && pages != 0 && at >= MACHINE_USER_START &&
           at < REGION_AREA_END && pages <= (REGION_AREA_END - at) / FRAME_SIZE &&
           regions_are_clear(&vm->regions, at, pages);
}

static enum capos_status place_prepare(struct cpu *cpu, struct vm *vm, uint64_t at,
                                       uint64_t pages) {
    if (!place_is_free(vm, at, pages))
        return CAPOS_STATUS_MALFORMED;
    enum capos_status status = vm_prepare_region(cpu, vm, pages);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = vm_prepare_tables(cpu, vm, at, pages);
    if (status != CAPOS_STATUS_OK) {
        vm_trim_tables(cpu, vm, at, pages);
        vm_abort_region(cpu, vm, pages);
    }
    return status;
}

enum capos_status vm_place(struct cpu *cpu, struct vm *vm, struct uaddr at, uint64_t pages,
                           enum protection protection) {
    struct region region = {.start = at.value, .pages = pages, .kind = REGION_OWN, .fixed = true};
    struct vm_chain chain;

    if (protection == PROTECTION_READ_EXECUTE)
        return CAPOS_STATUS_REFUSED;
    enum capos_status status = place_frames(cpu, vm, pages, &chain);
    if (status != CAPOS_STATUS_OK)
        return status;
    lock_take(&vm->lock);
    status = place_prepare(cpu, vm, at.value, pages);
    if (status == CAPOS_STATUS_OK) {
        regions_add(&vm->regions, &region);
        vm_map_chain(cpu, vm, at.value, pages, &chain, protection);
    }
    lock_drop(&vm->lock);
    place_drop(cpu, vm, &chain);
    return status;
}

enum capos_status vm_place_memory(struct cpu *cpu, struct vm *vm, struct uaddr at,
                                  struct memory *memory, struct revoker *revoker, uint64_t offset,
                                  uint64_t pages, enum protection protection) {
    struct region region = {.start = at.value,
                            .pages = pages,
                            .memory = memory,
                            .offset = offset,
                            .kind = REGION_MEMORY,
                            .fixed = true};

    if (offset > memory->pages || pages > memory->pages - offset)
        return CAPOS_STATUS_MALFORMED;
    if (protection == PROTECTION_READ_WRITE ||
        (protection == PROTECTION_READ_EXECUTE && !memory_is_executable(memory)))
        return CAPOS_STATUS_REFUSED;
    lock_take(&vm->lock);
    enum capos_status status = place_prepare(cpu, vm, at.value, pages);
    if (status == CAPOS_STATUS_OK) {
        status = revoker_map(cpu, vm, revoker, region.start, &region.mapping);
        if (status != CAPOS_STATUS_OK)
            vm_abort_region(cpu, vm, pages);
    }
    if (status == CAPOS_STATUS_OK) {
        object_get(&memory->object);
        regions_add(&vm->regions, &region);
        vm_map_memory(cpu, vm, &region, 0, pages, protection);
    }
    lock_drop(&vm->lock);
    return status;
}

enum capos_status vm_place_area(struct cpu *cpu, struct vm *vm, uint64_t pages,
                                enum protection protection, struct uaddr *at) {
    struct region region = {.pages = pages, .kind = REGION_OWN, .fixed = true};
    struct vm_chain chain;
    enum capos_status status = place_frames(cpu, vm, pages, &chain);

    if (status != CAPOS_STATUS_OK)
        return status;
    lock_take(&vm->lock);
    status = vm_prepare_mapping(cpu, vm, pages, &region.start);
    if (status == CAPOS_STATUS_OK) {
        at->value = region.start;
        regions_add(&vm->regions, &region);
        vm_map_chain(cpu, vm, region.start, pages, &chain, protection);
    }
    lock_drop(&vm->lock);
    place_drop(cpu, vm, &chain);
    return status;
}

// The kernel's pointer to a byte of a page that is mapped, and how many follow it in the page.
static void *vm_direct(struct cpu *cpu, struct vm *vm, uint64_t at, size_t *left) {
    uint64_t within = at % FRAME_SIZE;
    enum protection protection;
    struct paddr frame;

    if (!machine_space_lookup(cpu, &vm->space, (struct uaddr){at - within}, &frame, &protection))
        return NULL;
    *left = FRAME_SIZE - within;
    return (uint8_t *)machine_direct(frame) + within;
}

enum capos_status vm_write(struct cpu *cpu, struct vm *vm, struct uaddr at, const void *from,
                           size_t size) {
    const uint8_t *bytes = from;
    uint64_t address = at.value;

    if (size == 0)
        return CAPOS_STATUS_OK;
    if (address >= MACHINE_USER_END || size > MACHINE_USER_END - address)
        return CAPOS_STATUS_MALFORMED;
    lock_take(&vm->lock);
    uint64_t first = align_down(address, FRAME_SIZE);
    uint64_t pages = (address + size - first + FRAME_SIZE - 1) / FRAME_SIZE;
    const struct region *region = regions_find(&vm->regions, first, pages);
    bool ok = region != NULL && region->kind == REGION_OWN;
    while (ok && size > 0) {
        size_t left;
        void *to = vm_direct(cpu, vm, address, &left);

        ok = to != NULL;
        if (!ok)
            break;
        left = min_size(left, size);
        memcpy(to, bytes, left);
        bytes += left;
        address += left;
        size -= left;
    }
    lock_drop(&vm->lock);
    return ok ? CAPOS_STATUS_OK : CAPOS_STATUS_MALFORMED;
}

// While a job is under way a region may be there in part.
static const char *audit_region(struct cpu *cpu, struct vm *vm, const struct region *region,
                                uint64_t *mapped, uint64_t *own) {
    uint64_t writable;
    uint64_t count = vm_count(cpu, vm, region->start, region->pages, &writable);

    *mapped += count;
    if (region->kind == REGION_OWN)
        *own += count;
    else if (count != region->pages && !vm->busy && !region->revoked)
        return "vm: a region of others' memory has a hole";
    if (region->kind == REGION_MEMORY && writable != 0 && !memory_is_writable(region->memory))
        return "vm: memory is written that must not be";
    return NULL;
}

const char *vm_audit(struct cpu *cpu, struct vm *vm) {
    uint64_t mapped = 0, own = 0, writable;
    const char *broken = NULL;

    lock_take(&vm->lock);
    if (vm->dead) { // half taken apart
        lock_drop(&vm->lock);
        return NULL;
    }
    if (!regions_are_sound(&vm->regions))
        broken = "vm: regions overlap";
    for (uint32_t i = 0; i < vm->regions.count && broken == NULL; i++)
        broken = audit_region(cpu, vm, &vm->regions.array[i], &mapped, &own);
    if (broken == NULL && vm_count(cpu, vm, 0, MACHINE_USER_END / FRAME_SIZE, &writable) != mapped)
        broken = "vm: a page is mapped outside of all regions";
    if (broken == NULL && own != vm->committed)
        broken = "vm: the number of committed pages is wrong";
    if (broken == NULL && machine_space_frames(&vm->space) != vm->tables)
        broken = "vm: the number of page tables is wrong";
    lock_drop(&vm->lock);
    return broken;
}
