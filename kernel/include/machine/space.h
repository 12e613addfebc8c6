// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: address spaces. One struct machine_space per process,
// made, filled and destroyed here; which pages belong where is decided above (core/vm.c). Whoever
// changes a space holds the lock of the vm that owns it; lookups need the same lock.
#ifndef MACHINE_SPACE_H
#define MACHINE_SPACE_H

#include "base/attributes.h"
#include "machine/arch.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

// First address that a process can't use; addresses below MACHINE_USER_START aren't given out. The
// last page of the lower half is not used: a system call at its end would return to an address that
// is none, which some processors notice only in the kernel.
#define MACHINE_USER_START UINT64_C(0x10000)
#define MACHINE_USER_END   UINT64_C(0x00007ffffffff000)

// An empty space that shares the kernel's half. OVERLOADED when there are no frames.
must_use enum capos_status machine_space_create(struct cpu *cpu, struct machine_space *space);

// Gives back the page tables. No CPU may have it loaded; mappings that are left are forgotten,
// their frames are not freed.
void machine_space_destroy(struct cpu *cpu, struct machine_space *space);

// Tables that nothing is mapped through any more, taken out of a space but not freed yet: a CPU may
// still be looking at them.
struct machine_tables {
    uint64_t first; // address of the first one, which links to the next
    uint64_t count;
};

// How many frames machine_space_prepare would take for a range. It and machine_space_prepare take
// time by the tables that they look at, one for each 2 MiB.
uint64_t machine_space_missing(const struct machine_space *space, struct uaddr at, uint64_t pages);

// Makes sure that the tables for `pages` pages at `at` are there, so that machine_space_map on the
// range can't fail. OVERLOADED when there are no frames; what was made is there until
// machine_space_trim.
must_use enum capos_status machine_space_prepare(struct cpu *cpu, struct machine_space *space,
                                                 struct uaddr at, uint64_t pages);

// How many frames the space's tables use, for the ledger.
uint64_t machine_space_frames(const struct machine_space *space);

// Maps one frame at a prepared, unmapped page. PROTECTION_NONE keeps the frame without access.
void machine_space_map(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                       struct paddr frame, enum protection protection);

// Changes the access of a mapped page.
void machine_space_protect(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                           enum protection protection);

// Unmaps the first mapped page at or after *at and below `end`: true, *at is its address, and its
// frame and what its protection was are told; false when there is none. Tables that this has
// emptied are added to `emptied`, or stay if that is NULL. The frame and the tables may be used
// again only after machine_space_shootdown() for the page.
bool machine_space_unmap(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                         struct uaddr end, struct machine_tables *emptied, struct paddr *frame,
                         enum protection *protection);

// Takes out the tables of a range that were prepared and that nothing is mapped through.
void machine_space_trim(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                        uint64_t pages, struct machine_tables *emptied);

// Frees them, after the shootdown.
void machine_tables_free(struct cpu *cpu, struct machine_tables *emptied);

// What is mapped at a page: true, the frame and its protection; false when nothing is.
bool machine_space_lookup(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                          struct paddr *frame, enum protection *protection);

// The first mapped page at or after *at and below `end`: true, *at is its address; false when there
// is none. Skips what has no tables without looking at each page, so a walk over an empty range of
// any size is short.
bool machine_space_next(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                        struct uaddr end, struct paddr *frame, enum protection *protection);

// After it no CPU uses an old translation of the range. Waits for the CPUs that have the space
// loaded, which answer with interrupts let in, so no lock that another CPU may spin on with
// interrupts off may be held, but the vm's own.
void machine_space_shootdown(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                             uint64_t pages);

// Loads the space on this CPU; NULL loads the kernel's own (a process's space may then be
// destroyed).
void machine_space_load(struct cpu *cpu, struct machine_space *space);

#endif
