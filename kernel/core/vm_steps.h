// SPDX-License-Identifier: MIT
// The steps that vm.c and vm_pages.c are made of; nobody else uses them. Unless said otherwise the
// vm's lock is held. Those called "prepare" may fail and then leave no trace; the others can't
// fail.
#ifndef CORE_VM_STEPS_H
#define CORE_VM_STEPS_H

#include "base/bits.h"
#include "core/frame.h"
#include "core/vm.h"

// Adds `count` zeroed frames to a chain; OVERLOADED, with some of them added. Frees `count` of
// those of a chain. Neither charges anything, or needs the lock: they take time.
must_use enum capos_status vm_chain_take(struct cpu *cpu, uint64_t count, struct vm_chain *chain);
void vm_chain_drop(struct cpu *cpu, uint64_t count, struct vm_chain *chain);

// Makes and charges the page tables of a range. OVERLOADED, with some of them made.
must_use enum capos_status vm_prepare_tables(struct cpu *cpu, struct vm *vm, uint64_t at,
                                             uint64_t pages);

// Gives back the tables of a range that nothing is mapped through.
void vm_trim_tables(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages);

// Room for one more region and the charge for its pages.
must_use enum capos_status vm_prepare_region(struct cpu *cpu, struct vm *vm, uint64_t pages);
void vm_abort_region(struct cpu *cpu, struct vm *vm, uint64_t pages);

// Room for one more region, an address of the kernel's choice for it and the tables there, for what
// is all mapped at once; and with the charge for its pages.
must_use enum capos_status vm_prepare_place(struct cpu *cpu, struct vm *vm, uint64_t pages,
                                            uint64_t *at);
must_use enum capos_status vm_prepare_mapping(struct cpu *cpu, struct vm *vm, uint64_t pages,
                                              uint64_t *at);

// Maps pages of a prepared range: frames of the chain; or pages of the region, from its first one
// counted, of its memory object.
void vm_map_chain(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages,
                  struct vm_chain *chain, enum protection protection);
void vm_map_memory(struct cpu *cpu, struct vm *vm, const struct region *region, uint64_t first,
                   uint64_t pages, enum protection protection);

// How many pages of the range are mapped, and how many of those for writing.
uint64_t vm_count(struct cpu *cpu, struct vm *vm, uint64_t at, uint64_t pages, uint64_t *writable);

// Unmaps what is mapped of a range within one region, gives back what that and the tables that it
// empties cost, and takes what was done off *budget: true when nothing is left.
enum vm_clearing {
    VM_QUIET, // no CPU has the space
    VM_SHOOT,
    VM_SHOOT_KEEP_TABLES,
};
must_use bool vm_clear(struct cpu *cpu, struct vm *vm, const struct region *region, uint64_t at,
                       uint64_t pages, enum vm_clearing how, uint64_t *budget);

// Makes a region of which nothing is mapped, of whatever kind it was but a block, a reserved one.
void vm_empty_region(struct cpu *cpu, struct region *region);

// Can an ALLOCATE be done at all?
static inline bool vm_may_allocate(const struct vm_request *what) {
    return what->protection <= PROTECTION_READ_WRITE && what->bytes != 0 &&
           is_aligned(what->bytes, FRAME_SIZE);
}

// May the region be ended? It is found then.
must_use enum capos_status vm_check_unmap(struct vm *vm, const struct vm_request *what,
                                          struct region **found);

// Ends a region of which nothing is mapped.
void vm_remove_region(struct cpu *cpu, struct vm *vm, struct region *region);

#endif
