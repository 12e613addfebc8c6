// SPDX-License-Identifier: MIT
// Address spaces of processes: which pages belong where. A space is a set of regions
// (core/region.h) over page tables (machine/space.h), which alone know which pages of a region are
// there. Sizes are pages, addresses those of pages. What comes from outside is checked here:
// MALFORMED for a range that makes no sense or an access that is never given. Everything is checked
// and reserved first; a refused operation changes nothing. Page tables go with the last page that
// is mapped through them; only those of a block that is unmapped while a job is under way stay
// until something is unmapped there again.
//
// One lock per vm. Frames are zeroed before it is taken and freed only after the shootdown of their
// pages. The ledger pays for reserved pages, the regions' array, page tables and frames that are
// committed; a memory object's frames are paid by whoever made it.
#ifndef CORE_VM_H
#define CORE_VM_H

#include "base/attributes.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "core/park.h"
#include "core/region.h"
#include "core/vm_job.h"
#include "machine/space.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;
struct revoker;

struct vm {
    _Atomic uint32_t references; // the process's, and one of each VirtualMemory
    struct ledger *ledger;
    struct lock lock; // guards what follows
    bool dead;        // its process is being taken apart: DISCONNECTED from now on
    struct machine_space space;
    struct regions regions;
    uint64_t tables;    // frames of page tables that are charged
    uint64_t committed; // frames of its own

    // Jobs (vm_job.h).
    bool busy;           // one is under way
    bool own_job_used;   // own_job is a held one's record
    struct list waiting; // held ones that wait for their turn
    struct vm_job own_job;

    struct reclaim_node freed;

    struct park park; // has locks of its own
};

// An empty address space, charged to `ledger`. OVERLOADED.
must_use enum capos_status vm_create(struct cpu *cpu, struct ledger *ledger, struct vm **out);

// Takes a space apart that no CPU has loaded and no thread will load: about `budget` pages at a
// time, true when all regions are gone. Nothing else can be done with it from then on.
must_use bool vm_reap(struct cpu *cpu, struct vm *vm, uint64_t budget);

// Frees all memory that is its own, its page tables, and the process's reference. No CPU has it
// loaded and no thread will load it.
void vm_destroy(struct cpu *cpu, struct vm *vm);

// References for others than the process; all they can do with a space that is gone is to be told
// so. The last one frees the record.
void vm_get(struct vm *vm);
void vm_put(struct cpu *cpu, struct vm *vm);

// The page tables, to be loaded.
struct machine_space *vm_space(struct vm *vm);

// Maps a block of frames that the caller owns at an address of the vm's choice, for good: user code
// can't unmap or change it. OVERLOADED.
must_use enum capos_status vm_map_block(struct cpu *cpu, struct vm *vm, struct paddr block,
                                        uint64_t pages, enum protection protection,
                                        struct uaddr *at);

// Unmaps it, on every CPU. The frames are the caller's again.
void vm_unmap_block(struct cpu *cpu, struct vm *vm, struct uaddr at, uint64_t pages);

// While a process is made: zeroed memory of its own, for good, at a given address or at one of the
// kernel's choice (where the pages before and behind it are never used: a stack ends there); part
// of a memory object likewise, which was found through `revoker` or NULL; bytes into memory of its
// own, whatever its protection is. MALFORMED when the range isn't free or not in the user's half
// (or bytes don't lie in one region of its own); REFUSED when the object doesn't allow it;
// OVERLOADED.
must_use enum capos_status vm_place(struct cpu *cpu, struct vm *vm, struct uaddr at, uint64_t pages,
                                    enum protection protection);
must_use enum capos_status vm_place_memory(struct cpu *cpu, struct vm *vm, struct uaddr at,
                                           struct memory *memory, struct revoker *revoker,
                                           uint64_t offset, uint64_t pages,
                                           enum protection protection);
must_use enum capos_status vm_place_area(struct cpu *cpu, struct vm *vm, uint64_t pages,
                                         enum protection protection, struct uaddr *at);
must_use enum capos_status vm_write(struct cpu *cpu, struct vm *vm, struct uaddr at,
                                    const void *from, size_t size);

// The methods of VirtualMemory (schemas/memory.capnp), addresses and sizes in bytes as they come
// from outside. MALFORMED: a range that isn't whole pages, or not in that state; REFUSED: a region
// that can't be changed so (the kernel's, a memory object that does not allow it); OVERLOADED;
// DISCONNECTED when the process is gone, or the object is revoked. All but reserve are jobs.
must_use enum capos_status vm_reserve(struct cpu *cpu, struct vm *vm, uint64_t bytes,
                                      struct uaddr *at);

// Unmaps about `budget` pages of the region at that address, if it was mapped through the revoker,
// whatever job is under way. From then on nothing is mapped there; when nothing is left it is a
// region that is reserved, and can only be unmapped.
void vm_revoke(struct cpu *cpu, struct vm *vm, struct revoker *revoker, uint64_t at,
               uint64_t budget);

// For audits: NULL when regions, page tables and counts agree, else what doesn't.
const char *vm_audit(struct cpu *cpu, struct vm *vm);

#endif
