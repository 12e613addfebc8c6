// SPDX-License-Identifier: MIT
// The sorted array of an address space's regions. An index that searches return is where a region
// at that address is, or would have to be added.
#include "core/region.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "machine/space.h"

enum { REGIONS_FIRST = 10 };

enum capos_status regions_prepare(struct cpu *cpu, struct regions *regions, struct ledger *ledger) {
    uint32_t room = regions->room == 0 ? REGIONS_FIRST : regions->room * 2;
    void *array;

    if (regions->count < regions->room)
        return CAPOS_STATUS_OK;
    if (regions->room == REGIONS_MAX)
        return CAPOS_STATUS_OVERLOADED;
    room = min_u32(room, REGIONS_MAX);
    enum capos_status status = kmem_alloc(cpu, ledger, room * sizeof(struct region), &array);
    if (status != CAPOS_STATUS_OK)
        return status;
    if (regions->count != 0)
        memcpy(array, regions->array, regions->count * sizeof(struct region));
    regions_fini(cpu, regions, ledger);
    regions->array = array;
    regions->room = room;
    return CAPOS_STATUS_OK;
}

void regions_fini(struct cpu *cpu, struct regions *regions, struct ledger *ledger) {
    if (regions->room != 0)
        kmem_free(cpu, ledger, regions->array, regions->room * sizeof(struct region));
    regions->array = NULL;
    regions->room = 0;
}

// How many regions begin at or below the address: the one that may hold it is the last of them.
static uint32_t regions_below(const struct regions *regions, uint64_t address) {
    uint32_t low = 0, high = regions->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (regions->array[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// May a range be added at that index?
static bool region_fits(const struct regions *regions, uint32_t at, uint64_t start,
                        uint64_t pages) {
    return at <= regions->count && (at == 0 || region_end(&regions->array[at - 1]) <= start) &&
           (at == regions->count || regions->array[at].start >= start + pages * 4096);
}

void regions_add(struct regions *regions, const struct region *region) {
    uint32_t at = regions->latest;

    if (!region_fits(regions, at, region->start, region->pages))
        at = regions_below(regions, region->start);
    kassert(regions->count < regions->room);
    kassert(regions_are_clear(regions, region->start, region->pages));
    memmove(&regions->array[at + 1], &regions->array[at],
            (regions->count - at) * sizeof(struct region));
    regions->array[at] = *region;
    regions->count++;
    regions->latest = at;
}

void regions_remove(struct regions *regions, struct region *region) {
    uint32_t at = (uint32_t)(region - regions->array);

    regions->count--;
    memmove(region, region + 1, (regions->count - at) * sizeof(struct region));
}

// Does the range lie in the region?
static bool region_holds(const struct region *region, uint64_t start, uint64_t pages) {
    uint64_t page = (start - region->start) / 4096;

    return start >= region->start && page < region->pages && pages <= region->pages - page;
}

struct region *regions_find(const struct regions *regions, uint64_t start, uint64_t pages) {
    uint32_t below;

    if (regions->latest < regions->count &&
        region_holds(&regions->array[regions->latest], start, pages))
        return &regions->array[regions->latest];
    below = regions_below(regions, start);
    return below != 0 && region_holds(&regions->array[below - 1], start, pages)
               ? &regions->array[below - 1]
               : NULL;
}

bool regions_are_clear(const struct regions *regions, uint64_t start, uint64_t pages) {
    return region_fits(regions, regions_below(regions, start), start, pages);
}

bool regions_find_gap(struct regions *regions, uint64_t pages, uint64_t *start) {
    uint64_t at = REGION_AREA_START;

    if (pages > (REGION_AREA_END - REGION_AREA_START) / 4096)
        return false;
    uint64_t bytes = pages * 4096;
    uint32_t i = regions_below(regions, at);
    for (i -= i > 0; i < regions->count; i++) {
        const struct region *region = &regions->array[i];

        if (region->start >= at + bytes + 4096)
            break;
        at = max_u64(at, region_end(region) + 4096);
    }
    if (at > REGION_AREA_END || bytes > REGION_AREA_END - at)
        return false;
    regions->latest = i;
    *start = at;
    return true;
}

bool regions_are_sound(const struct regions *regions) {
    uint64_t free = MACHINE_USER_START;

    for (uint32_t i = 0; i < regions->count; i++) {
        const struct region *region = &regions->array[i];

        if (region->start < free || region->pages == 0 || !is_aligned(region->start, 4096))
            return false;
        if (region->pages > (MACHINE_USER_END - region->start) / 4096)
            return false;
        free = region_end(region);
    }
    return true;
}
