// SPDX-License-Identifier: MIT
// Address spaces of processes: which pages belong where. This is the part that processes and
// threads need; what VirtualMemory needs stands below it. One lock per vm.
#ifndef CORE_VM_H
#define CORE_VM_H

#include "base/attributes.h"
#include "core/ledger.h"
#include "machine/space.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdint.h>

struct vm;

// An empty address space, charged to `ledger`. OVERLOADED.
must_use enum capos_status vm_create(struct cpu *cpu, struct ledger *ledger, struct vm **out);

// Takes a space apart that no CPU has loaded and no thread will load: about `budget` pages at a
// time, true when nothing is mapped any more. Nothing else can be done with it from then on.
must_use bool vm_reap(struct cpu *cpu, struct vm *vm, uint64_t budget);

// Frees it and all memory that is its own. No CPU has it loaded and no thread will load it.
void vm_destroy(struct cpu *cpu, struct vm *vm);

// The page tables, to be loaded.
struct machine_space *vm_space(struct vm *vm);

// Maps a block of frames that the caller owns at an address of the vm's choice, for good: user code
// can't unmap or change it. OVERLOADED.
must_use enum capos_status vm_map_block(struct cpu *cpu, struct vm *vm, struct paddr block,
                                        uint64_t pages, enum protection protection,
                                        struct uaddr *at);

// Unmaps it, on every CPU. The frames are the caller's again.
void vm_unmap_block(struct cpu *cpu, struct vm *vm, struct uaddr at, uint64_t pages);

#endif
