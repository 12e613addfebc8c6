// SPDX-License-Identifier: MIT
// The regions of one address space: ranges of whole pages that don't overlap, in an array sorted by
// address. Finding takes logarithmic time; adding and removing move what lies above. The array is
// charged to the space's ledger and grows by doubling. Whoever uses it holds the lock of the vm.
#ifndef CORE_REGION_H
#define CORE_REGION_H

#include "base/attributes.h"
#include "core/ledger.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

#define REGIONS_MAX 8192

// Addresses that the kernel chooses begin here, so that the lower ones are left to programs that
// are linked to be there. The last page is never used: nothing can run across the end.
#define REGION_AREA_START UINT64_C(0x100000000)
#define REGION_AREA_END   (MACHINE_USER_END - 4096)

struct memory;
struct revoker_mapping;

enum region_kind {
    REGION_OWN,    // reserved; pages that are mapped are frames of the region's own
    REGION_MEMORY, // part of a memory object, all of it mapped
    REGION_BLOCK,  // a block that somebody else owns; user code can't change anything about it
};

struct region {
    uint64_t start; // address
    uint64_t pages;
    struct memory *memory;           // MEMORY: a reference
    uint64_t offset;                 // MEMORY: page of the object at which it begins
    struct revoker_mapping *mapping; // MEMORY: when it was mapped through a revoker, else NULL
    uint8_t kind;                    // enum region_kind
    bool revoked; // a sweep takes its pages away, or has: nothing is mapped there any more
    bool fixed;   // made with the process: it stays until its end
};

struct regions {
    struct region *array;
    uint32_t count, room;
    uint32_t latest; // index of the one that was added last, or of the gap that was found, or any:
                     // where to look first
};

// Makes room for one more. OVERLOADED.
must_use enum capos_status regions_prepare(struct cpu *cpu, struct regions *regions,
                                           struct ledger *ledger);

// Adds one that overlaps none; there is room.
void regions_add(struct regions *regions, const struct region *region);

// Removes one, by its place in the array.
void regions_remove(struct regions *regions, struct region *region);

// Frees the array.
void regions_fini(struct cpu *cpu, struct regions *regions, struct ledger *ledger);

// The region that holds the whole range, or NULL. The range must not wrap, pages must not be 0.
struct region *regions_find(const struct regions *regions, uint64_t start, uint64_t pages);

// Nothing lies in the range, which must not wrap.
bool regions_are_clear(const struct regions *regions, uint64_t start, uint64_t pages);

// The lowest address of the kernel's area with that many free pages and one more on each side, so
// that neighbours are never reached by running over an end. False when there is none.
must_use bool regions_find_gap(struct regions *regions, uint64_t pages, uint64_t *start);

// For audits: sorted, apart, within the user's half.
bool regions_are_sound(const struct regions *regions);

static inline uint64_t region_end(const struct region *region) {
    return region->start + region->pages * 4096;
}

#endif
