// SPDX-License-Identifier: MIT
//
// See memory_model.h. The tables of memory objects and regions, and what is counted from them.
#include "tests/stress/memory_model.h"

#include "base/memory.h"
#include "tests/stress/thread_model.h"

// One page table maps so much.
#define TABLE_BYTES (UINT64_C(512) * CAPOS_PAGE_SIZE)
// Where the kernel begins to choose addresses: there lies what a process is started with.
#define AREA_START UINT64_C(0x100000000)

struct memory_model memory;

static bool root_is_used(int root) {
    for (int i = 0; i < VIEWS; i++)
        if (memory.view[i].used && memory.view[i].root == root)
            return true;
    for (int p = 0; p < PROCESSES; p++)
        for (int i = 0; i < REGIONS; i++)
            if (memory.region[p][i].used && memory.region[p][i].root == root &&
                !memory.region[p][i].revoked)
                return true;
    return false;
}

int memory_root_new(uint32_t pages, uint64_t owner) {
    for (int i = 0; i < ROOTS; i++)
        if (!memory.root[i].used || !root_is_used(i)) {
            memory.root[i] = (struct memory_root){.used = true, .pages = pages, .owner = owner};
            return i;
        }
    return -1;
}

int memory_view_new(int root, uint32_t first, uint32_t pages, bool writable, bool whole) {
    for (int i = 0; i < VIEWS; i++)
        if (!memory.view[i].used) {
            memory.view[i] = (struct memory_view){.used = true,
                                                  .whole = whole,
                                                  .writable = writable,
                                                  .root = root,
                                                  .first = first,
                                                  .pages = pages};
            return i;
        }
    return -1;
}

void memory_view_gone(int view) {
    memory.view[view].used = false;
}

struct memory_region *memory_region_new(int p) {
    for (int i = 0; i < REGIONS; i++)
        if (!memory.region[p][i].used) {
            memset(&memory.region[p][i], 0, sizeof memory.region[p][i]);
            memory.region[p][i].root = -1;
            return &memory.region[p][i];
        }
    return NULL;
}

bool memory_place(int p, struct memory_region *region, uint64_t start) {
    uint64_t end = start + (uint64_t)region->pages * CAPOS_PAGE_SIZE;

    if (start < AREA_START || start % CAPOS_PAGE_SIZE != 0)
        return false;
    for (int i = 0; i < REGIONS; i++) {
        const struct memory_region *other = &memory.region[p][i];
        uint64_t other_end = other->start + (uint64_t)other->pages * CAPOS_PAGE_SIZE;

        if (other->used && start < other_end + CAPOS_PAGE_SIZE &&
            other->start < end + CAPOS_PAGE_SIZE)
            return false;
    }
    region->start = start;
    region->used = true;
    return true;
}

bool memory_may(const struct memory_region *region, enum capos_protection protection) {
    bool sealed = region->root >= 0 && memory.root[region->root].sealed;

    switch (protection) {
    case CAPOS_PROTECTION_READ_EXECUTE:
        return region->root >= 0 && sealed;
    case CAPOS_PROTECTION_READ_WRITE:
        return region->root < 0 || (region->writable && !sealed);
    default:
        return true;
    }
}

void memory_set(struct memory_region *region, uint32_t first, uint32_t pages, uint8_t page) {
    const uint8_t written = CAPOS_PROTECTION_READ_WRITE + 1;

    for (uint32_t i = first; i < first + pages; i++) {
        if (region->root >= 0) {
            memory.root[region->root].writers -= region->page[i] == written;
            memory.root[region->root].writers += page == written;
        } else if (region->page[i] == ABSENT) {
            region->word[i] = 0;
        }
        region->page[i] = page;
    }
}

uint32_t memory_count(const struct memory_region *region, uint32_t first, uint32_t pages) {
    uint32_t n = 0;

    for (uint32_t i = first; i < first + pages; i++)
        n += region->page[i] != ABSENT;
    return n;
}

uint64_t *memory_word(struct memory_region *region, uint32_t page) {
    return region->root < 0 ? &region->word[page]
                            : &memory.root[region->root].word[region->first + page];
}

void memory_region_end(struct memory_region *region) {
    memory_set(region, 0, region->pages, ABSENT);
    if (region->revoker != 0 && !region->revoked)
        court.model.revoker[region->revoker].pins--;
    region->used = false;
}

void memory_process_end(int p) {
    for (int i = 0; i < REGIONS; i++)
        if (memory.region[p][i].used)
            memory_region_end(&memory.region[p][i]);
}

static void revoke(struct memory_region *region) {
    memory_set(region, 0, region->pages, ABSENT);
    court.model.revoker[region->revoker].pins--;
    region->revoked = true;
    region->root = -1;
}

void memory_revoked(void) {
    for (int p = 0; p < PROCESSES; p++)
        for (int i = 0; i < REGIONS; i++) {
            struct memory_region *region = &memory.region[p][i];

            if (region->used && !region->revoked && region->revoker != 0 &&
                model_is_dead(&court.model, region->revoker))
                revoke(region);
        }
}

struct memory_region *memory_some_region(int p) {
    int first = (int)court_below(REGIONS);

    for (int i = 0; i < REGIONS; i++)
        if (memory.region[p][(first + i) % REGIONS].used)
            return &memory.region[p][(first + i) % REGIONS];
    return NULL;
}

uint64_t memory_forbidden(int p, bool written) {
    const struct memory_region *region = memory_some_region(p);
    uint32_t first;

    if (region == NULL)
        return CAPOS_PAGE_SIZE / 2;
    first = (uint32_t)court_below(region->pages);
    for (uint32_t i = 0; i < region->pages; i++) {
        uint32_t page = (first + i) % region->pages;
        bool allowed = written ? region->page[page] == CAPOS_PROTECTION_READ_WRITE + 1
                               : region->page[page] > CAPOS_PROTECTION_NONE + 1;

        if (!allowed)
            return region->start + page * (uint64_t)CAPOS_PAGE_SIZE + court_below(500) * 8;
    }
    return region->start - 8; // the page before one that the kernel chose is nobody's
}

// Page tables by the part of the address space, as bits: all lies within the first parts.
static void mark_tables(const struct memory_region *region, uint64_t *tables) {
    for (uint32_t i = 0; i < region->pages; i++)
        if (region->page[i] != ABSENT)
            *tables |= UINT64_C(1) << (region->start + (uint64_t)i * CAPOS_PAGE_SIZE - AREA_START) /
                                          TABLE_BYTES;
}

static uint64_t count_bits(uint64_t bits) {
    uint64_t n = 0;

    for (; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

uint64_t memory_frames(int p) {
    uint64_t frames = 0, tables = thread_tables(p) & ~UINT64_C(1);

    for (int i = 0; i < ROOTS; i++)
        if (memory.root[i].used && memory.root[i].owner == court.model.process[p].serial &&
            root_is_used(i))
            frames += memory.root[i].pages;
    for (int i = 0; i < REGIONS; i++) {
        const struct memory_region *region = &memory.region[p][i];

        if (!region->used)
            continue;
        mark_tables(region, &tables);
        if (region->root < 0)
            frames += memory_count(region, 0, region->pages);
    }
    return frames + count_bits(tables & ~UINT64_C(1));
}

uint64_t memory_reserved(int p) {
    uint64_t pages = 0;

    for (int i = 0; i < REGIONS; i++)
        if (memory.region[p][i].used)
            pages += memory.region[p][i].pages;
    return pages;
}
