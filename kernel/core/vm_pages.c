// SPDX-License-Identifier: MIT
// What VirtualMemory does to an address space, by the words of schemas/memory.capnp: the phases of
// its jobs (vm_job.h). Each takes the lock for a bounded time; between two of them only the kernel
// itself changes the space: the blocks that it maps, and the death of the process.
#include "base/bits.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/revoke.h"
#include "core/vm.h"
#include "core/vm_steps.h"

enum {
    LOOK_STEP = 4096,                // pages that are looked at in a step
    TABLES_STEP = VM_STEP / 2 * 512, // pages whose tables are made in a step
};

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

// The job's region; NULL, and the job has failed, when there is none any more.
static struct region *job_region(struct vm *vm, struct vm_job *job) {
    struct region *region = vm->dead ? NULL : vm_find(vm, job->what.address, job->what.bytes);

    if (region == NULL)
        job->status = CAPOS_STATUS_DISCONNECTED;
    return region;
}

// The part of the range that this step deals with.
struct part {
    uint64_t at, pages;
};

static struct part next_part(const struct vm_job *job, uint64_t most) {
    return (struct part){job->what.address + job->done * FRAME_SIZE,
                         min_u64(job->pages - job->done, most)};
}

static bool part_is_done(struct vm_job *job, const struct part *part) {
    job->done += part->pages;
    return job->done == job->pages;
}

// A phase in two: what is done under the lock, and the lock.
typedef bool locked_fn(struct cpu *cpu, struct vm *vm, struct vm_job *job);

static inline bool locked(struct cpu *cpu, struct vm *vm, struct vm_job *job, locked_fn *phase) {
    bool over;

    lock_take(&vm->lock);
    over = phase(cpu, vm, job);
    lock_drop(&vm->lock);
    return over;
}

// Checks -------------------------------------------------------------------------------------

// Memory of the region's own that user code may change: it was reserved.
static enum capos_status check_own(const struct vm *vm, const struct region *region) {
    if (vm->dead)
        return CAPOS_STATUS_DISCONNECTED;
    if (region == NULL)
        return CAPOS_STATUS_MALFORMED;
    return region->kind == REGION_OWN && !region->fixed && !region->revoked ? CAPOS_STATUS_OK
                                                                            : CAPOS_STATUS_REFUSED;
}

static enum capos_status charge(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    enum capos_status status = ledger_take(cpu, vm->ledger, LEDGER_FRAMES, job->pages);

    if (status == CAPOS_STATUS_OK)
        job->charged = job->pages;
    return status;
}

// The range was reserved and nothing is there yet.
static bool commit_check_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region *region = vm_find(vm, job->what.address, job->what.bytes);
    struct uaddr at = {job->what.address}, end = {job->what.address + job->what.bytes};
    enum protection protection;
    struct paddr frame;

    job->status = check_own(vm, region);
    if (job->status == CAPOS_STATUS_OK &&
        machine_space_next(cpu, &vm->space, &at, end, &frame, &protection))
        job->status = CAPOS_STATUS_MALFORMED;
    if (job->status == CAPOS_STATUS_OK)
        job->status = charge(cpu, vm, job);
    return true;
}

static bool commit_check(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    if (job->what.protection <= PROTECTION_READ_WRITE)
        return locked(cpu, vm, job, commit_check_locked);
    job->status = CAPOS_STATUS_MALFORMED;
    return true;
}

// A new region at an address of the kernel's choice.
static bool add_region_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region region = {.pages = job->pages,
                            .memory = job->what.memory,
                            .offset = job->what.offset / FRAME_SIZE,
                            .kind = job->what.memory == NULL ? REGION_OWN : REGION_MEMORY};

    job->status = vm->dead ? CAPOS_STATUS_DISCONNECTED : CAPOS_STATUS_OVERLOADED;
    if (!vm->dead && regions_find_gap(&vm->regions, region.pages, &region.start))
        job->status = vm_prepare_region(cpu, vm, region.pages);
    if (job->status != CAPOS_STATUS_OK)
        return true;
    job->status = revoker_map(cpu, vm, job->what.revoker, region.start, &region.mapping);
    if (job->status != CAPOS_STATUS_OK) {
        vm_abort_region(cpu, vm, region.pages);
        return true;
    }
    if (region.memory != NULL)
        object_get(&region.memory->object);
    regions_add(&vm->regions, &region);
    job->region = true;
    job->what.address = region.start;
    if (region.memory == NULL)
        job->status = charge(cpu, vm, job);
    return true;
}

static bool allocate_check(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    if (vm_may_allocate(&job->what))
        return locked(cpu, vm, job, add_region_locked);
    job->status = CAPOS_STATUS_MALFORMED;
    return true;
}

static enum capos_status map_check_object(const struct vm_job *job) {
    const struct memory *memory = job->what.memory;
    uint64_t first = job->what.offset / FRAME_SIZE;

    if (job->what.protection > PROTECTION_READ_EXECUTE || job->what.bytes == 0 ||
        !is_aligned(job->what.offset | job->what.bytes, FRAME_SIZE) || first > memory->pages ||
        job->pages > memory->pages - first)
        return CAPOS_STATUS_MALFORMED;
    if (job->what.protection == PROTECTION_READ_EXECUTE && !memory_is_executable(memory))
        return CAPOS_STATUS_REFUSED;
    return CAPOS_STATUS_OK;
}

static bool map_check(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    job->status = map_check_object(job);
    if (job->status == CAPOS_STATUS_OK && job->what.protection == PROTECTION_READ_WRITE) {
        job->status = memory_add_writers(job->what.memory, job->pages);
        job->writers = job->status == CAPOS_STATUS_OK ? job->pages : 0;
        job->written = job->what.memory;
    }
    return job->status == CAPOS_STATUS_OK ? locked(cpu, vm, job, add_region_locked) : true;
}

enum capos_status vm_check_unmap(struct vm *vm, const struct vm_request *what,
                                 struct region **found) {
    struct region *region = vm_find(vm, what->address, what->bytes);

    *found = region;
    if (vm->dead)
        return CAPOS_STATUS_DISCONNECTED;
    if (region == NULL || region->start != what->address ||
        region->pages != what->bytes / FRAME_SIZE)
        return CAPOS_STATUS_MALFORMED;
    return region->fixed ? CAPOS_STATUS_REFUSED : CAPOS_STATUS_OK;
}

static bool unmap_check_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region *region;

    (void)cpu;
    job->status = vm_check_unmap(vm, &job->what, &region);
    return true;
}

static bool unmap_check(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, unmap_check_locked);
}

// Counts what is mapped in the range, a part at a time; all of it must be.
static bool look_at_part(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, LOOK_STEP);
    uint64_t writable;

    if (vm_count(cpu, vm, part.at, part.pages, &writable) != part.pages)
        job->status = CAPOS_STATUS_MALFORMED;
    job->writable += writable;
    return part_is_done(job, &part);
}

static bool decommit_check_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region *region = vm_find(vm, job->what.address, job->what.bytes);

    job->status = check_own(vm, region);
    return job->status == CAPOS_STATUS_OK ? look_at_part(cpu, vm, job) : true;
}

static bool decommit_check(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, decommit_check_locked);
}

static enum capos_status protect_check_region(const struct vm_job *job,
                                              const struct region *region) {
    if (region->kind == REGION_BLOCK)
        return CAPOS_STATUS_REFUSED;
    if (job->what.protection == PROTECTION_READ_EXECUTE &&
        (region->kind == REGION_OWN || !memory_is_executable(region->memory)))
        return CAPOS_STATUS_REFUSED;
    return CAPOS_STATUS_OK;
}

// When all pages have been looked at: those that will be written are counted with their object.
static enum capos_status add_writers(struct vm_job *job, const struct region *region) {
    uint64_t more = job->pages - job->writable;
    enum capos_status status = CAPOS_STATUS_OK;

    if (region->kind != REGION_MEMORY || job->what.protection != PROTECTION_READ_WRITE)
        return status;
    status = memory_add_writers(region->memory, more);
    if (status == CAPOS_STATUS_OK) {
        job->writers = more;
        job->written = region->memory;        // the region stays as long as the job,
        job->holds = region->mapping != NULL; // but not its memory when that is revoked
        if (job->holds)
            object_get(&job->written->object);
    }
    return status;
}

static bool protect_check_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    const struct region *region = vm_find(vm, job->what.address, job->what.bytes);

    if (vm->dead)
        job->status = CAPOS_STATUS_DISCONNECTED;
    else if (region == NULL || job->what.protection > PROTECTION_READ_EXECUTE)
        job->status = CAPOS_STATUS_MALFORMED;
    if (job->status != CAPOS_STATUS_OK)
        return true;
    bool over = look_at_part(cpu, vm, job);
    if (job->status == CAPOS_STATUS_OK && over)
        job->status = protect_check_region(job, region);
    if (job->status == CAPOS_STATUS_OK && over)
        job->status = add_writers(job, region);
    return over;
}

static bool protect_check(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, protect_check_locked);
}

// Gives up what is counted as written and will not be.
static void drop_writers(struct cpu *cpu, struct vm_job *job) {
    if (job->writers != 0)
        memory_remove_writers(job->written, job->writers);
    job->writers = 0;
    if (job->holds)
        object_put(cpu, &job->written->object);
    job->holds = false;
}

// Reservations -------------------------------------------------------------------------------

static bool take_frames(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, VM_STEP);

    (void)vm;
    job->status = vm_chain_take(cpu, part.pages, &job->chain);
    return part_is_done(job, &part);
}

static bool make_tables_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, TABLES_STEP);

    job->tables = true;
    job->status =
        vm->dead ? CAPOS_STATUS_DISCONNECTED : vm_prepare_tables(cpu, vm, part.at, part.pages);
    return part_is_done(job, &part);
}

static bool make_tables(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, make_tables_locked);
}

// Changes ------------------------------------------------------------------------------------

static bool map_frames_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, VM_STEP);

    if (job_region(vm, job) == NULL)
        return true;
    job->begun = true;
    vm_map_chain(cpu, vm, part.at, part.pages, &job->chain, (enum protection)job->what.protection);
    job->charged -= part.pages;
    return part_is_done(job, &part);
}

static bool map_frames(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, map_frames_locked);
}

static bool map_object_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, VM_STEP);
    struct region *region = job_region(vm, job);

    if (region == NULL)
        return true;
    job->begun = true;
    if (region->revoked) { // as if that had happened when all was mapped
        drop_writers(cpu, job);
        return true;
    }
    vm_map_memory(cpu, vm, region, job->done, part.pages, (enum protection)job->what.protection);
    job->writers -= min_u64(job->writers, part.pages);
    return part_is_done(job, &part);
}

static bool map_object(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, map_object_locked);
}

static bool clear_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region *region = job_region(vm, job);
    uint64_t budget = VM_STEP;

    if (region == NULL)
        return true;
    job->begun = true;
    return vm_clear(cpu, vm, region, job->what.address, job->pages, VM_SHOOT, &budget);
}

static bool clear(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, clear_locked);
}

static bool remove_region_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region *region = job_region(vm, job);

    if (region != NULL)
        vm_remove_region(cpu, vm, region);
    return true;
}

static bool remove_region(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, remove_region_locked);
}

static bool wake_parked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    park_unmapped(cpu, vm, job->what.address, job->what.bytes);
    return true;
}

static bool change_access_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, VM_STEP);
    struct region *region = job_region(vm, job);
    enum protection protection = (enum protection)job->what.protection;
    uint64_t writable;

    if (region == NULL)
        return true;
    job->begun = true;
    if (region->revoked) {
        drop_writers(cpu, job);
        return true;
    }
    (void)vm_count(cpu, vm, part.at, part.pages, &writable);
    for (uint64_t i = 0; i < part.pages; i++)
        machine_space_protect(cpu, &vm->space, (struct uaddr){part.at + i * FRAME_SIZE},
                              protection);
    machine_space_shootdown(cpu, &vm->space, (struct uaddr){part.at}, part.pages);
    if (region->kind == REGION_MEMORY && protection == PROTECTION_READ_WRITE)
        job->writers -= part.pages - writable;
    else if (region->kind == REGION_MEMORY && writable != 0)
        memory_remove_writers(region->memory, writable);
    if (!part_is_done(job, &part))
        return false;
    drop_writers(cpu, job);
    return true;
}

static bool change_access(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return locked(cpu, vm, job, change_access_locked);
}

// Undoing ------------------------------------------------------------------------------------

static bool undo_frames(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    uint64_t frames = min_u64(job->chain.count, VM_STEP);

    drop_writers(cpu, job);
    vm_chain_drop(cpu, frames, &job->chain);
    if (job->chain.count != 0)
        return false;
    if (job->charged != 0)
        ledger_give(cpu, vm->ledger, LEDGER_FRAMES, job->charged);
    job->charged = 0;
    return true;
}

static bool undo_tables_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct part part = next_part(job, TABLES_STEP);

    if (vm->dead)
        return true; // its tables go with it
    vm_trim_tables(cpu, vm, part.at, part.pages);
    return part_is_done(job, &part);
}

static bool undo_tables(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return !job->tables || locked(cpu, vm, job, undo_tables_locked);
}

static bool undo_region_locked(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    struct region *region = vm_find(vm, job->what.address, job->what.bytes);

    if (!vm->dead && region != NULL)
        vm_remove_region(cpu, vm, region);
    return true;
}

static bool undo_region(struct cpu *cpu, struct vm *vm, struct vm_job *job) {
    return !job->region || locked(cpu, vm, job, undo_region_locked);
}

vm_phase_fn *const vm_undo_phases[] = {undo_frames, undo_tables, undo_region, NULL};

static vm_phase_fn *const commit[] = {commit_check, take_frames, make_tables, map_frames, NULL};
static vm_phase_fn *const allocate[] = {allocate_check, take_frames, make_tables, map_frames, NULL};
static vm_phase_fn *const decommit[] = {decommit_check, clear, wake_parked, NULL};
static vm_phase_fn *const protect[] = {protect_check, change_access, NULL};
static vm_phase_fn *const unmap[] = {unmap_check, clear, remove_region, wake_parked, NULL};
static vm_phase_fn *const map[] = {map_check, make_tables, map_object, NULL};

vm_phase_fn *const *const vm_phases[VM_OPERATIONS] = {
    [VM_COMMIT] = commit,   [VM_ALLOCATE] = allocate, [VM_DECOMMIT] = decommit,
    [VM_PROTECT] = protect, [VM_UNMAP] = unmap,       [VM_MAP] = map,
};

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

void vm_revoke(struct cpu *cpu, struct vm *vm, struct revoker *revoker, uint64_t at,
               uint64_t budget) {
    struct region *region;
    uint64_t bytes = 0;

    lock_take(&vm->lock);
    region = regions_find(&vm->regions, at, 1);
    if (region != NULL && region->mapping != NULL && region->mapping->revoker == revoker) {
        region->revoked = true;
        if (vm_clear(cpu, vm, region, region->start, region->pages,
                     vm->busy ? VM_SHOOT_KEEP_TABLES : VM_SHOOT, &budget)) {
            vm_empty_region(cpu, region);
            bytes = region->pages * FRAME_SIZE;
        }
    }
    lock_drop(&vm->lock);
    if (bytes != 0)
        park_unmapped(cpu, vm, at, bytes);
}
