// SPDX-License-Identifier: MIT
//
// See area.h. Units are counted from the area's beginning; sizes are rounded up to them.
#include "capos/area.h"

static uint32_t units_of(uint32_t bytes) {
    return bytes / AREA_UNIT + (bytes % AREA_UNIT != 0);
}

static uint32_t unit_at(const struct area *area, uint32_t offset) {
    return (offset - area->begin) / AREA_UNIT;
}

void area_init(struct area *area, uint32_t begin, uint32_t end) {
    area->begin = begin;
    area->units = (end - begin) / AREA_UNIT;
    if (area->units > AREA_UNITS_MAX)
        area->units = AREA_UNITS_MAX;
    bitmap_init(area->taken, area->units);
    for (unsigned units = 0; units <= AREA_SMALL; units++)
        area->kept_count[units] = 0;
}

static void free_units(struct area *area, uint32_t offset, uint32_t units) {
    bitmap_clear_range(area->taken, unit_at(area, offset), units);
}

// Gives up what is kept. False if nothing was.
static bool forget(struct area *area) {
    bool any = false;

    for (uint32_t units = 1; units <= AREA_SMALL; units++)
        for (; area->kept_count[units] > 0; any = true)
            free_units(area, area->kept[units][--area->kept_count[units]], units);
    return any;
}

bool area_take_slowly(struct area *area, uint32_t bytes, struct area_span *span) {
    size_t units = units_of(bytes);
    size_t first;

    *span = (struct area_span){0, 0};
    if (units == 0)
        return true;
    if (units > area->units)
        return false;
    do
        first = bitmap_find_clear_range(area->taken, area->units, 0, units, 1);
    while (first == area->units && forget(area));
    if (first == area->units)
        return false;
    bitmap_set_range(area->taken, first, units);
    span->offset = area->begin + (uint32_t)first * AREA_UNIT;
    span->bytes = (uint32_t)units * AREA_UNIT;
    return true;
}

bool area_take_some(struct area *area, uint32_t bytes, uint32_t least, struct area_span *span) {
    for (uint32_t wanted = bytes; wanted > least; wanted /= 2)
        if (area_take(area, wanted, span))
            return true;
    return area_take(area, least, span);
}

void area_cut(struct area *area, struct area_span *span, uint32_t bytes) {
    uint32_t keep = units_of(bytes) * AREA_UNIT;

    if (keep >= span->bytes)
        return;
    free_units(area, span->offset + keep, (span->bytes - keep) / AREA_UNIT);
    span->bytes = keep;
    if (keep == 0)
        span->offset = 0;
}

void area_give_slowly(struct area *area, struct area_span *span) {
    area_cut(area, span, 0);
}

uint32_t area_free(const struct area *area) {
    uint32_t units = area->units - (uint32_t)bitmap_population(area->taken, area->units);

    for (uint32_t i = 1; i <= AREA_SMALL; i++)
        units += i * area->kept_count[i];
    return units * AREA_UNIT;
}
