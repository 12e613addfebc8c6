// SPDX-License-Identifier: MIT
//
// The memory of model.h: histories of stores, views, and clocks against data races. It all belongs
// to one run and is forgotten with it.
#include "tests/order/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1 << 10, STORES = 1 << 14, CELLS = 1 << 16, SITES = 1 << 12, TOLD = 400 };
enum { NO_FIBER = 255 };

// What is known: of each place's history, and of each fiber's steps.
struct view {
    uint16_t place[PLACES];
    uint16_t clock[MODEL_FIBERS];
};

struct store {
    uint64_t value;
    uint32_t before;  // the store to this place before it, or 0
    uint16_t time;    // in the place's history
    bool from_memory; // its value is what memory holds when it is next looked at
    bool has_view;
    struct view view; // what an acquire load of it takes over
};

struct place {
    uintptr_t at;
    uint32_t last;  // store
    uint16_t fixed; // time of the last sequentially consistent store
    uint8_t size;
};

struct fiber {
    struct view view;
    struct view acquired; // by relaxed loads, for the next acquire fence
    struct view released; // at the last release fence, for relaxed stores
    bool has_acquired, has_released;
};

// Who has touched a byte, and when by the fibers' own clocks.
struct cell {
    uintptr_t at;
    uint32_t run;
    uint16_t wrote, read[MODEL_FIBERS];
    uint16_t changed[MODEL_FIBERS], looked[MODEL_FIBERS]; // by atomic accesses
    uint8_t writer;
};

static struct place places[PLACES];
static uint16_t table[PLACES * 2]; // places by address, 1 more than the index
static struct store *stores;
static unsigned place_count, store_count, fiber_count;
static struct fiber fibers[MODEL_FIBERS];
static struct view fixed_view; // of sequentially consistent fences
static struct cell *cells;
static uint32_t run;
static const struct model_mutant *mutant;
static uintptr_t watch_from, watch_to;

static struct model_site sites[SITES];
static size_t site_count;

static struct told {
    uint8_t fiber, kind, size;
    bool plain, old;
    int order;
    uintptr_t at;
    uint64_t value;
    const void *site;
} told[TOLD];
static unsigned told_count;

void model_watch(const void *base, size_t bytes) {
    watch_from = (uintptr_t)base;
    watch_to = watch_from + bytes;
}

bool model_is_watched(uintptr_t at) {
    return explore_active &&
           (watch_to == 0 || at == 0 || (at >= watch_from && at < watch_to)); // 0: a fence's
}

void model_begin(unsigned count, const struct model_mutant *with) {
    if (stores == NULL) {
        stores = calloc(STORES, sizeof *stores);
        cells = calloc(CELLS, sizeof *cells);
    }
    memset(table, 0, sizeof table);
    memset(fibers, 0, sizeof fibers);
    memset(&fixed_view, 0, sizeof fixed_view);
    place_count = told_count = 0;
    store_count = 1;
    fiber_count = count;
    mutant = with;
    run++;
    for (unsigned i = 0; i < count; i++)
        fibers[i].view.clock[i] = 1;
}

static struct fiber *self(void) {
    return &fibers[explore_running];
}

static void join(struct view *to, const struct view *from) {
    for (unsigned i = 0; i < place_count; i++)
        if (to->place[i] < from->place[i])
            to->place[i] = from->place[i];
    for (unsigned i = 0; i < fiber_count; i++)
        if (to->clock[i] < from->clock[i])
            to->clock[i] = from->clock[i];
}

static void copy(struct view *to, const struct view *from) {
    memcpy(to->place, from->place, place_count * sizeof to->place[0]);
    memset(to->place + place_count, 0, sizeof to->place - place_count * sizeof to->place[0]);
    memcpy(to->clock, from->clock, sizeof to->clock);
}

static void note(const struct model_access *access, uint64_t value, bool old) {
    struct told *line = &told[told_count++ % TOLD];

    *line = (struct told){(uint8_t)explore_running,
                          (uint8_t)access->kind,
                          (uint8_t)access->size,
                          false,
                          old,
                          access->order,
                          access->at,
                          value,
                          access->site};
}

void model_tell(void) {
    static const char *const kinds[] = {"load", "store", "change", "fence"};
    static const char *const orders[] = {"relaxed", "consume", "acquire",
                                         "release", "acq_rel", "seq_cst"};

    for (unsigned i = told_count > TOLD ? told_count - TOLD : 0; i < told_count; i++) {
        const struct told *line = &told[i % TOLD];

        fprintf(stderr, "    fiber %u: %-6s %s ", line->fiber, kinds[line->kind],
                line->plain ? "plain" : orders[line->order]);
        fprintf(stderr, "%#lx = %#lx%s at %p\n", (unsigned long)(line->at - watch_from),
                (unsigned long)line->value, line->old ? " (not the latest)" : "", line->site);
    }
}

// Data races --------------------------------------------------------------------------------------

static struct cell *cell_of(uintptr_t at) {
    unsigned i = (unsigned)((at * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % CELLS;

    for (;; i = (i + 1) % CELLS) {
        struct cell *cell = &cells[i];

        if (cell->run == run && cell->at != at)
            continue;
        if (cell->run != run)
            *cell = (struct cell){.at = at, .run = run, .writer = NO_FIBER};
        return cell;
    }
}

// Has the running fiber not seen all these steps of others? Which fiber's, or NO_FIBER.
static unsigned unseen(const uint16_t step[MODEL_FIBERS]) {
    for (unsigned i = 0; i < fiber_count; i++)
        if (i != explore_running && step[i] > self()->view.clock[i])
            return i;
    return NO_FIBER;
}

static void check_race(const struct cell *cell, bool plain, bool write) {
    unsigned with = NO_FIBER;

    if (cell->writer != NO_FIBER && cell->writer != explore_running &&
        cell->wrote > self()->view.clock[cell->writer])
        with = cell->writer;
    if (with == NO_FIBER && write)
        with = unseen(cell->read);
    if (with == NO_FIBER && plain)
        with = unseen(cell->changed);
    if (with == NO_FIBER && plain && write)
        with = unseen(cell->looked);
    if (with != NO_FIBER)
        model_fail("a data race: fiber %u %s %#lx, which fiber %u uses", explore_running,
                   write ? "writes" : "reads", (unsigned long)(cell->at - watch_from), with);
}

static void touch(uintptr_t at, size_t bytes, bool plain, bool write) {
    uint16_t now = self()->view.clock[explore_running];

    for (size_t i = 0; i < bytes; i++) {
        struct cell *cell = cell_of(at + i);

        check_race(cell, plain, write);
        if (plain && write) {
            cell->writer = (uint8_t)explore_running;
            cell->wrote = now;
        } else {
            (plain ? cell->read : write ? cell->changed : cell->looked)[explore_running] = now;
        }
    }
}

// Histories ---------------------------------------------------------------------------------------

static struct store *add_store(struct place *place, uint64_t value) {
    struct store *store = &stores[store_count];

    if (store_count + 1 == STORES)
        model_fail("a run stores too much");
    store->value = value;
    store->before = place->last;
    store->time = place->last == 0 ? 1 : (uint16_t)(stores[place->last].time + 1);
    store->from_memory = store->has_view = false;
    place->last = store_count++;
    return store;
}

static uint64_t in_memory(uintptr_t at, unsigned size) {
    uint64_t value = 0;

    memcpy(&value, (const void *)at, size);
    return value;
}

static uint16_t *slot_of(uintptr_t at) {
    unsigned i = (unsigned)((at * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % (PLACES * 2);

    while (table[i] != 0 && places[table[i] - 1].at != at)
        i = (i + 1) % (PLACES * 2);
    return &table[i];
}

static unsigned place_of(const struct model_access *access) {
    uint16_t *slot = slot_of(access->at);
    struct place *place;

    if (*slot == 0) {
        if (place_count + 1 == PLACES)
            model_fail("a run has too many places");
        place = &places[place_count++];
        *place = (struct place){.at = access->at, .size = (uint8_t)access->size};
        *slot = (uint16_t)place_count;
        add_store(place, in_memory(access->at, access->size));
        for (unsigned i = 0; i < fiber_count; i++) // it was there before
            fibers[i].view.place[place_count - 1] = 1;
    }
    place = &places[*slot - 1];
    if (stores[place->last].from_memory) {
        stores[place->last].value = in_memory(access->at, access->size);
        stores[place->last].from_memory = false;
    }
    return *slot - 1u;
}

static bool acquires(int order) {
    return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order) {
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void remember_site(const struct model_access *access) {
    for (size_t i = 0; i < site_count; i++)
        if (sites[i].site == access->site)
            return;
    if (site_count < SITES)
        sites[site_count++] = (struct model_site){access->site, access->kind, access->order};
}

size_t model_sites(const struct model_site **out) {
    *out = sites;
    return site_count;
}

// Is it the one whose order is taken away?
static bool is_meant(const struct model_access *access) {
    return mutant != NULL &&
           (mutant->at != 0 ? mutant->at == access->at : mutant->site == access->site);
}

// The order that the access has, unless it is the one whose order is taken away.
static int order_of(const struct model_access *access, bool load, bool store) {
    int order = access->order;

    if (order == __ATOMIC_RELAXED)
        return order;
    remember_site(access);
    if (is_meant(access) && ((load && mutant->loads) || (store && mutant->stores)))
        order = load && store && !mutant->stores  ? __ATOMIC_RELEASE
                : load && store && !mutant->loads ? __ATOMIC_ACQUIRE
                                                  : __ATOMIC_RELAXED;
    return order;
}

static void take_over(const struct store *store, int order) {
    struct fiber *fiber = self();

    if (!store->has_view)
        return;
    if (acquires(order)) {
        join(&fiber->view, &store->view);
    } else {
        join(&fiber->acquired, &store->view);
        fiber->has_acquired = true;
    }
}

// The stores that a load may return, from the latest on: how many.
static unsigned visible(unsigned number, int order) {
    const struct place *place = &places[number];
    uint16_t least = self()->view.place[number];
    unsigned count = 1;

    if (order == __ATOMIC_SEQ_CST && place->fixed > least)
        least = place->fixed;
    for (uint32_t i = place->last; stores[i].time > least; i = stores[i].before)
        count++;
    return count;
}

static const struct store *nth(unsigned number, unsigned n) {
    uint32_t i = places[number].last;

    while (n-- > 0)
        i = stores[i].before;
    return &stores[i];
}

static uint64_t read_store(unsigned number, const struct store *store, int order) {
    if (self()->view.place[number] < store->time)
        self()->view.place[number] = store->time;
    take_over(store, order);
    return store->value;
}

uint64_t model_load(const struct model_access *access) {
    int order = order_of(access, true, false);
    const struct store *store;
    unsigned number, n;

    explore_point(access);
    touch(access->at, access->size, false, false);
    number = place_of(access);
    n = explore_choose(visible(number, order));
    store = nth(number, n);
    note(access, store->value, n != 0);
    return read_store(number, store, order);
}

// Appends a store by the running fiber. `after`: what it follows in one step, or NULL.
static void append(const struct model_access *access, unsigned number, uint64_t value, int order,
                   const struct store *after) {
    struct fiber *fiber = self();
    struct store *store = add_store(&places[number], value);

    memcpy((void *)access->at, &value, access->size);
    fiber->view.place[number] = store->time;
    if (releases(order)) {
        copy(&store->view, &fiber->view);
        store->has_view = true;
    } else if (fiber->has_released) {
        copy(&store->view, &fiber->released);
        store->has_view = true;
    }
    if (after != NULL && after->has_view) {
        if (!store->has_view)
            memset(&store->view, 0, sizeof store->view);
        store->has_view = true;
        join(&store->view, &after->view);
    }
    if (order == __ATOMIC_SEQ_CST)
        places[number].fixed = store->time;
    fiber->view.clock[explore_running]++;
    explore_stored();
}

void model_store(const struct model_access *access, uint64_t value) {
    int order = order_of(access, false, true);
    unsigned number;

    explore_point(access);
    touch(access->at, access->size, false, true);
    number = place_of(access);
    note(access, value, false);
    append(access, number, value, order, NULL);
}

uint64_t model_change(const struct model_access *access, uint64_t (*change)(uint64_t, uint64_t),
                      uint64_t operand) {
    int order = order_of(access, true, true);
    const struct store *last;
    uint64_t old, value;
    unsigned number;

    explore_point(access);
    touch(access->at, access->size, false, true);
    number = place_of(access);
    last = nth(number, 0);
    old = read_store(number, last, order);
    value = change(old, operand);
    note(access, value, false);
    append(access, number, value, order, last);
    return old;
}

// Which of the stores it finds: the latest, or, to fail, an older one that is not what it wants.
static const struct store *found(unsigned number, int failure, uint64_t wanted) {
    unsigned count = visible(number, failure), fit = 1, n;

    for (n = 1; n < count; n++)
        fit += nth(number, n)->value != wanted;
    fit = explore_choose(fit);
    for (n = 0; fit > 0; fit--)
        do
            n++;
        while (nth(number, n)->value == wanted);
    return nth(number, n);
}

bool model_compare(const struct model_access *access, int failure, uint64_t *expected,
                   uint64_t desired) {
    int order = order_of(access, true, true);
    const struct store *store;
    unsigned number;
    bool equal;

    if (is_meant(access) && mutant->loads)
        failure = __ATOMIC_RELAXED;
    explore_point(access);
    number = place_of(access);
    store = found(number, failure, *expected);
    equal = store->value == *expected;
    touch(access->at, access->size, false, equal);
    note(access, equal ? desired : store->value, store != nth(number, 0));
    *expected = read_store(number, store, equal ? order : failure);
    if (equal)
        append(access, number, desired, order, store);
    return equal;
}

void model_fence(const struct model_access *access) {
    int order = order_of(access, true, true);
    struct fiber *fiber = self();

    explore_point(access);
    note(access, 0, false);
    if (acquires(order) && fiber->has_acquired)
        join(&fiber->view, &fiber->acquired);
    if (order == __ATOMIC_SEQ_CST) {
        join(&fiber->view, &fixed_view);
        join(&fixed_view, &fiber->view);
    }
    if (releases(order)) {
        copy(&fiber->released, &fiber->view);
        fiber->has_released = true;
    }
    fiber->view.clock[explore_running]++;
}

// A plain access. One that writes an atomic place, as when an object is made, is a store to it.
void model_plain(uintptr_t at, size_t bytes, bool write) {
    if (!model_is_watched(at))
        return;
    touch(at, bytes, true, write);
    for (uintptr_t i = at; write && i < at + bytes; i++) {
        uint16_t *slot = slot_of(i);

        if (*slot == 0)
            continue;
        struct store *store = add_store(&places[*slot - 1], 0);

        store->from_memory = true;
        self()->view.place[*slot - 1] = store->time;
    }
}
