// SPDX-License-Identifier: MIT
//
// Address spaces: page tables of four levels over the lower half; see machine/space.h. The upper
// half's entries are the kernel's, the same in every space. Tables are frames; those that prepare()
// has made stay until the space goes.
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
#include "core/panic.h"
#include "core/thread.h"

enum { SPACE_ENTRIES = 512, SPACE_LEVELS = 4, SPACE_TOP = 3, SPACE_USER_HALF = 256 };

// Ignored by the CPU in an entry that is not present: a page is mapped, without access.
#define ENTRY_HELD (UINT64_C(1) << 9)

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

// The entry of a page, or NULL when a table above it is missing.
static uint64_t *space_find(const struct machine_space *space, struct uaddr at) {
    uint64_t *table = space_table(space->top);
    for (unsigned level = SPACE_TOP; level > 0; level--) {
        uint64_t entry = table[space_index(at.value, level)];
        if (!(entry & ENTRY_PRESENT))
            return NULL;
        table = space_table(entry & ENTRY_ADDRESS);
    }
    return &table[space_index(at.value, 0)];
}

// The entry of a page that is known to be prepared.
static uint64_t *space_entry(const struct machine_space *space, struct uaddr at) {
    uint64_t *entry = space_find(space, at);
    if (entry == NULL)
        panic("user address %lx is not prepared", (unsigned long)at.value);
    return entry;
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
    if (atomic_load(&space->cpus) != 0)
        panic("an address space is destroyed that CPUs %lx use",
              (unsigned long)atomic_load(&space->cpus));
    space_free(cpu, space->top, SPACE_TOP, SPACE_USER_HALF);
    *space = (struct machine_space){0};
}

static enum capos_status space_prepare_page(struct cpu *cpu, struct machine_space *space,
                                            struct uaddr at) {
    uint64_t *table = space_table(space->top);
    for (unsigned level = SPACE_TOP; level > 0; level--) {
        uint64_t *entry = &table[space_index(at.value, level)];
        if (!(*entry & ENTRY_PRESENT)) {
            struct paddr frame;
            enum capos_status status = frame_alloc(cpu, 0, &frame);
            if (status != CAPOS_STATUS_OK)
                return status;
            *entry = frame.value | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER;
            space->tables++;
        }
        table = space_table(*entry & ENTRY_ADDRESS);
    }
    return CAPOS_STATUS_OK;
}

enum capos_status machine_space_prepare(struct cpu *cpu, struct machine_space *space,
                                        struct uaddr at, uint64_t pages) {
    uint64_t end = at.value + pages * MMU_PAGE;
    // One page of each lowest table is enough.
    while (at.value < end) {
        enum capos_status status = space_prepare_page(cpu, space, at);
        if (status != CAPOS_STATUS_OK)
            return status;
        at.value = (at.value | (MMU_LARGE_PAGE - 1)) + 1;
    }
    return CAPOS_STATUS_OK;
}

uint64_t machine_space_frames(const struct machine_space *space) {
    return space->tables;
}

void machine_space_map(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                       struct paddr frame, enum protection protection) {
    (void)cpu;
    uint64_t *entry = space_entry(space, at);
    kassert(*entry == 0);
    *(volatile uint64_t *)entry = space_encode(frame, protection);
}

void machine_space_protect(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                           enum protection protection) {
    (void)cpu;
    struct paddr frame;
    enum protection before;
    uint64_t *entry = space_entry(space, at);
    if (!space_decode(*entry, &frame, &before))
        panic("user address %lx is not mapped", (unsigned long)at.value);
    *(volatile uint64_t *)entry = space_encode(frame, protection);
}

struct paddr machine_space_unmap(struct cpu *cpu, struct machine_space *space, struct uaddr at) {
    (void)cpu;
    struct paddr frame;
    enum protection before;
    uint64_t *entry = space_entry(space, at);
    if (!space_decode(*entry, &frame, &before))
        panic("user address %lx is not mapped", (unsigned long)at.value);
    *(volatile uint64_t *)entry = 0;
    return frame;
}

bool machine_space_lookup(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                          struct paddr *frame, enum protection *protection) {
    (void)cpu;
    const uint64_t *entry = space_find(space, at);
    return entry != NULL && space_decode(*entry, frame, protection);
}

// Moves *at to the first page at or after it whose tables are all there; false when that is not
// below end.
static bool space_skip(const struct machine_space *space, struct uaddr *at, struct uaddr end) {
    while (at->value < end.value) {
        const uint64_t *table = space_table(space->top);
        unsigned level = SPACE_TOP;
        while (level > 0 && table[space_index(at->value, level)] & ENTRY_PRESENT) {
            table = space_table(table[space_index(at->value, level)] & ENTRY_ADDRESS);
            level--;
        }
        if (level == 0)
            return true;
        at->value = (at->value | ((MMU_PAGE << 9 * level) - 1)) + 1;
    }
    return false;
}

bool machine_space_next(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                        struct uaddr end, struct paddr *frame, enum protection *protection) {
    (void)cpu;
    while (space_skip(space, at, end)) {
        const uint64_t *entry = space_entry(space, *at);
        uint64_t last = at->value | (MMU_LARGE_PAGE - 1);
        for (; at->value < last && at->value < end.value; at->value += MMU_PAGE, entry++)
            if (space_decode(*entry, frame, protection))
                return true;
    }
    return false;
}

void machine_space_load(struct cpu *cpu, struct machine_space *space) {
    struct machine_cpu *self = &cpu->machine;
    struct machine_space *before = self->space;
    uint64_t bit = UINT64_C(1) << self->number;
    if (before == space)
        return;
    // A shootdown that doesn't see the bit has changed the tables before they are loaded here.
    if (space != NULL)
        atomic_fetch_or(&space->cpus, bit);
    self->space = space;
    x86_write_cr3(space ? space->top : mmu_top());
    if (before != NULL)
        atomic_fetch_and(&before->cpus, ~bit);
}
