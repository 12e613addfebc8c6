// SPDX-License-Identifier: MIT
//
// Address spaces: page tables of four levels over the lower half; see machine/space.h. The upper
// half's entries are the kernel's, the same in every space. Tables are frames. An entry that leads
// to a table counts, in bits that the CPU ignores, how many entries of that table are used; the
// last to go takes the table with it. The CPU may set the accessed bit of such an entry while its
// count is changed, and that may be lost: nobody looks at it.
//
// An entry of a mapped page that may not be accessed (PROTECTION_NONE) is not present; it keeps the
// frame with all address bits inverted, so that a CPU that speculates past the missing present bit
// finds nothing there.
#include "machine/space.h"

#include "arch/x86_64/entry.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/x86.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/thread.h"

enum {
    SPACE_ENTRIES = 512,
    SPACE_LEVELS = 4,
    SPACE_TOP = 3,
    SPACE_USER_HALF = 256,
    SPACE_LEAF_BITS = 21, // of the addresses that one lowest table covers
};

// Ignored by the CPU in an entry that is not present: a page is mapped, without access.
#define ENTRY_HELD (UINT64_C(1) << 9)

// How many entries of the table are used, in an entry that leads to one. Up to 512.
#define ENTRY_USE_ONE (UINT64_C(1) << 52)
#define ENTRY_USE     (UINT64_C(1023) << 52)

static const uint64_t space_bits[] = {
    [PROTECTION_NONE] = ENTRY_HELD,
    [PROTECTION_READ] = ENTRY_PRESENT | ENTRY_USER | ENTRY_NO_EXECUTE,
    [PROTECTION_READ_WRITE] = ENTRY_PRESENT | ENTRY_USER | ENTRY_NO_EXECUTE | ENTRY_WRITE,
    [PROTECTION_READ_EXECUTE] = ENTRY_PRESENT | ENTRY_USER,
};

static uint64_t *space_table(uint64_t physical) {
    return mmu_direct(physical);
}

static unsigned space_index(uint64_t address, unsigned level) {
    return address >> (12 + 9 * level) & (SPACE_ENTRIES - 1);
}

static uint64_t space_encode(struct paddr frame, enum protection protection) {
    uint64_t address = protection == PROTECTION_NONE ? ~frame.value & ENTRY_ADDRESS : frame.value;
    return address | space_bits[protection];
}

static bool space_decode(uint64_t entry, struct paddr *frame, enum protection *protection) {
    if (entry & ENTRY_PRESENT) {
        frame->value = entry & ENTRY_ADDRESS;
        *protection = entry & ENTRY_WRITE           ? PROTECTION_READ_WRITE
                      : !(entry & ENTRY_NO_EXECUTE) ? PROTECTION_READ_EXECUTE
                                                    : PROTECTION_READ;
        return true;
    }
    frame->value = ~entry & ENTRY_ADDRESS;
    *protection = PROTECTION_NONE;
    return entry & ENTRY_HELD;
}

// The entries on the way to a page, by level: [0] is the page's own. False when a table is missing;
// *missing is then the level of the entry that should lead to it.
static bool space_walk(const struct machine_space *space, struct uaddr at,
                       uint64_t *path[SPACE_LEVELS], unsigned *missing) {
    uint64_t *table = space_table(space->top);
    for (unsigned level = SPACE_TOP; level > 0; level--) {
        path[level] = &table[space_index(at.value, level)];
        if (!(*path[level] & ENTRY_PRESENT)) {
            *missing = level;
            return false;
        }
        table = space_table(*path[level] & ENTRY_ADDRESS);
    }
    path[0] = &table[space_index(at.value, 0)];
    return true;
}

// A page's entry, in the table that was last walked to or by a walk. NULL when there is no table.
static uint64_t *space_entry(struct machine_space *space, struct uaddr at) {
    uint64_t *path[SPACE_LEVELS];
    unsigned missing;
    if (at.value >> SPACE_LEAF_BITS != space->leaf_at) {
        if (!space_walk(space, at, path, &missing))
            return NULL;
        space->leaf_at = at.value >> SPACE_LEAF_BITS;
        space->leaf = path[0] - space_index(at.value, 0);
        space->leaf_entry = path[1];
    }
    return &space->leaf[space_index(at.value, 0)];
}

// The same for a page that is known to be prepared; space->leaf_entry leads to its table.
static uint64_t *space_prepared(struct machine_space *space, struct uaddr at) {
    uint64_t *entry = space_entry(space, at);
    if (entry == NULL)
        panic("user address %lx is not prepared", (unsigned long)at.value);
    return entry;
}

// The first address behind what an entry of this level covers.
static uint64_t space_behind(uint64_t at, unsigned level) {
    return (at | ((MMU_PAGE << 9 * level) - 1)) + 1;
}

enum capos_status machine_space_create(struct cpu *cpu, struct machine_space *space) {
    struct paddr top;
    enum capos_status status = frame_alloc(cpu, 0, &top);
    if (status != CAPOS_STATUS_OK)
        return status;
    const uint64_t *kernel = space_table(mmu_top());
    memcpy(space_table(top.value) + SPACE_USER_HALF, kernel + SPACE_USER_HALF,
           SPACE_USER_HALF * sizeof *kernel);
    space->top = top.value;
    space->tables = 1;
    space->leaf_at = MACHINE_SPACE_NOWHERE;
    atomic_store(&space->cpus, 0);
    return CAPOS_STATUS_OK;
}

// Frees a table of the given level and those below it. The depth is that of the page tables.
static void space_free(struct cpu *cpu, uint64_t physical, unsigned level, unsigned entries) {
    uint64_t *table = space_table(physical);
    for (unsigned i = 0; level > 0 && i < entries; i++)
        if (table[i] & ENTRY_PRESENT)
            space_free(cpu, table[i] & ENTRY_ADDRESS, level - 1, SPACE_ENTRIES);
    frame_free(cpu, (struct paddr){physical}, 0);
}

void machine_space_destroy(struct cpu *cpu, struct machine_space *space) {
    for (uint32_t i = 0; i < cpu->kernel->cpu_count; i++)
        if (cpu->kernel->cpus[i]->machine.space == space)
            panic("an address space is destroyed that CPU %u uses", i);
    space_free(cpu, space->top, SPACE_TOP, SPACE_USER_HALF);
    *space = (struct machine_space){0};
}

static enum capos_status space_prepare_page(struct cpu *cpu, struct machine_space *space,
                                            struct uaddr at) {
    uint64_t *path[SPACE_LEVELS];
    unsigned missing;
    while (!space_walk(space, at, path, &missing)) {
        struct paddr frame;
        enum capos_status status = frame_alloc(cpu, 0, &frame);
        if (status != CAPOS_STATUS_OK)
            return status;
        *(volatile uint64_t *)path[missing] =
            frame.value | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER;
        if (missing < SPACE_TOP)
            *path[missing + 1] += ENTRY_USE_ONE;
        space->tables++;
    }
    return CAPOS_STATUS_OK;
}

uint64_t machine_space_missing(const struct machine_space *space, struct uaddr at, uint64_t pages) {
    uint64_t end = at.value + pages * MMU_PAGE, missing = 0;
    uint64_t counted[SPACE_LEVELS] = {0}; // what is missing has been counted up to there
    // One page of each lowest table is enough.
    for (; at.value < end; at.value = space_behind(at.value, 1)) {
        uint64_t *path[SPACE_LEVELS];
        unsigned from;
        if (at.value >> SPACE_LEAF_BITS == space->leaf_at || space_walk(space, at, path, &from))
            continue;
        for (unsigned level = from; level > 0; level--) {
            missing += at.value >= counted[level];
            counted[level] = space_behind(at.value, level);
        }
    }
    return missing;
}

enum capos_status machine_space_prepare(struct cpu *cpu, struct machine_space *space,
                                        struct uaddr at, uint64_t pages) {
    uint64_t end = at.value + pages * MMU_PAGE;
    for (; at.value < end; at.value = space_behind(at.value, 1)) {
        enum capos_status status = space_prepare_page(cpu, space, at);
        if (status != CAPOS_STATUS_OK)
            return status;
    }
    return CAPOS_STATUS_OK;
}

uint64_t machine_space_frames(const struct machine_space *space) {
    return space->tables;
}

// Takes out the table that the path's entry of this level leads to if it is empty, and those above
// that this leaves empty. An empty table is all zeroes but for the link to the next, which is not
// present to a CPU that still sees it.
static void space_shrink(struct machine_space *space, uint64_t *path[SPACE_LEVELS], unsigned level,
                         struct machine_tables *emptied) {
    space->leaf_at = MACHINE_SPACE_NOWHERE;
    for (; level <= SPACE_TOP && !(*path[level] & ENTRY_USE); level++) {
        uint64_t table = *path[level] & ENTRY_ADDRESS;
        *(volatile uint64_t *)path[level] = 0;
        *(volatile uint64_t *)space_table(table) = emptied->first;
        emptied->first = table;
        emptied->count++;
        space->tables--;
        if (level < SPACE_TOP)
            *path[level + 1] -= ENTRY_USE_ONE;
    }
}

// The same from the lowest table of a page on, which is there.
static void space_shrink_at(struct machine_space *space, struct uaddr at,
                            struct machine_tables *emptied) {
    uint64_t *path[SPACE_LEVELS];
    unsigned missing;
    if (space_walk(space, at, path, &missing))
        space_shrink(space, path, 1, emptied);
}

void machine_space_trim(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                        uint64_t pages, struct machine_tables *emptied) {
    (void)cpu;
    uint64_t end = at.value + pages * MMU_PAGE;
    for (unsigned level = 1; at.value < end; at.value = space_behind(at.value, level), level = 1) {
        uint64_t *path[SPACE_LEVELS];
        bool whole = space_walk(space, at, path, &level);
        // Making tables may have failed half-way, with the upper ones there and empty.
        space_shrink(space, path, whole ? 1 : level + 1, emptied);
    }
}

void machine_tables_free(struct cpu *cpu, struct machine_tables *emptied) {
    while (emptied->count > 0) {
        struct paddr table = {emptied->first};
        emptied->first = *space_table(table.value);
        emptied->count--;
        frame_free(cpu, table, 0);
    }
}

void machine_space_map(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                       struct paddr frame, enum protection protection) {
    (void)cpu;
    uint64_t *entry = space_prepared(space, at);
    kassert(*entry == 0);
    *(volatile uint64_t *)entry = space_encode(frame, protection);
    *space->leaf_entry += ENTRY_USE_ONE;
}

void machine_space_protect(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                           enum protection protection) {
    (void)cpu;
    struct paddr frame;
    enum protection before;
    uint64_t *entry = space_prepared(space, at);
    if (!space_decode(*entry, &frame, &before))
        panic("user address %lx is not mapped", (unsigned long)at.value);
    *(volatile uint64_t *)entry = space_encode(frame, protection);
}

bool machine_space_lookup(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                          struct paddr *frame, enum protection *protection) {
    (void)cpu;
    const uint64_t *entry = space_entry(space, at);
    return entry != NULL && space_decode(*entry, frame, protection);
}

// Moves *at to the first page at or after it whose tables are all there, and answers its entry;
// NULL when that is not below end.
static uint64_t *space_skip(struct machine_space *space, struct uaddr *at, struct uaddr end) {
    while (at->value < end.value) {
        uint64_t *path[SPACE_LEVELS];
        unsigned missing;
        if (at->value >> SPACE_LEAF_BITS == space->leaf_at)
            return &space->leaf[space_index(at->value, 0)];
        if (space_walk(space, *at, path, &missing))
            return path[0];
        at->value = space_behind(at->value, missing);
    }
    return NULL;
}

// The entry of the first mapped page at or after *at, which becomes its address; NULL when that is
// not below end.
static uint64_t *space_next(struct machine_space *space, struct uaddr *at, struct uaddr end,
                            struct paddr *frame, enum protection *protection) {
    uint64_t *entry;
    while ((entry = space_skip(space, at, end)) != NULL) {
        uint64_t behind = space_behind(at->value, 1);
        for (; at->value < behind && at->value < end.value; at->value += MMU_PAGE, entry++)
            if (space_decode(*entry, frame, protection))
                return entry;
    }
    return NULL;
}

bool machine_space_next(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                        struct uaddr end, struct paddr *frame, enum protection *protection) {
    (void)cpu;
    return space_next(space, at, end, frame, protection) != NULL;
}

bool machine_space_unmap(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                         struct uaddr end, struct machine_tables *emptied, struct paddr *frame,
                         enum protection *protection) {
    (void)cpu;
    uint64_t *entry = space_next(space, at, end, frame, protection);
    if (entry == NULL)
        return false;
    (void)space_prepared(space, *at);
    *(volatile uint64_t *)entry = 0;
    *space->leaf_entry -= ENTRY_USE_ONE;
    if (emptied != NULL && !(*space->leaf_entry & ENTRY_USE))
        space_shrink_at(space, *at, emptied);
    return true;
}

void machine_space_load(struct cpu *cpu, struct machine_space *space) {
    struct machine_cpu *self = &cpu->machine;
    if (self->space == space)
        return;
    // A shootdown that doesn't see the bit has changed the tables before they are loaded here. The
    // bit may still be there from the last time.
    if (space != NULL &&
        UNLIKELY((atomic_load_explicit(&space->cpus, memory_order_relaxed) & self->bit) == 0))
        atomic_fetch_or(&space->cpus, self->bit);
    self->space = space;
    x86_write_cr3(space ? space->top : mmu_top());
}
