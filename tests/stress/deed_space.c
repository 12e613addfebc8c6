// SPDX-License-Identifier: MIT
//
// Deeds with a puppet's own address space: VirtualMemory, and reading and writing what is mapped,
// which others see where it is shared.
#include "tests/stress/deed.h"
#include "tests/stress/ledgers.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/puppet_ring.h"

#define PAGE ((uint64_t)CAPOS_PAGE_SIZE)

static struct capos_virtual_memory space_of(int p) {
    return (struct capos_virtual_memory){puppets[p].box->own[OWN_MEMORY]};
}

static uint32_t some_pages(void) {
    return 1 + (uint32_t)court_below(court_chance(10) ? PAGES_MOST : 8);
}

// Some of a region's pages.
struct part {
    uint32_t first, pages;
};

static struct part some_part(const struct memory_region *region) {
    uint32_t first = court_chance(50) ? 0 : (uint32_t)court_below(region->pages);
    uint32_t left = region->pages - first;

    return (struct part){first, court_chance(50) ? left : 1 + (uint32_t)court_below(left)};
}

static uint64_t address_of(const struct memory_region *region, struct part part) {
    return region->start + part.first * PAGE;
}

static bool is_present(const struct memory_region *region, struct part part) {
    return memory_count(region, part.first, part.pages) == part.pages;
}

static void set_part(struct memory_region *region, struct part part, enum capos_protection access) {
    memory_set(region, part.first, part.pages, (uint8_t)(access + 1));
}

static enum capos_protection some_protection(void) {
    return (enum capos_protection)court_below(4);
}

// What the kernel says when so many pages are to be set aside.
static int outcome_of(int p, uint32_t pages) {
    return ledgers_have(p, LIMIT_RESERVED_PAGES, pages) ? CAPOS_DONE : CAPOS_OVERLOADED;
}

static void place(int p, struct memory_region *region, uint64_t address) {
    court_expect(memory_place(p, region, address), p, "a range lies where another one is");
}

static bool reserve(int p) {
    struct memory_region *region = memory_region_new(p);
    struct capos_virtual_memory_reserve_results results;
    uint32_t pages = some_pages();
    struct capos_call call;
    bool odd = court_chance(5);
    int want, got;

    if (region == NULL)
        return false;
    region->pages = pages;
    want = odd ? CAPOS_INVALID_ARGUMENT : outcome_of(p, pages);
    got = capos_virtual_memory_reserve(&call, puppet_ring(p), space_of(p), pages * PAGE + odd,
                                       &results);
    if (court_ended(p, got, want))
        place(p, region, capos_virtual_memory_reserve_results_address(results));
    return true;
}

static bool allocate(int p) {
    struct memory_region *region = memory_region_new(p);
    struct capos_virtual_memory_allocate_results results;
    enum capos_protection protection = some_protection();
    uint32_t pages = some_pages();
    struct capos_call call;
    int want, got;

    if (region == NULL || !ledgers_have(p, LIMIT_FRAMES, pages + 3))
        return false; // page tables are needed, too
    region->pages = pages;
    want =
        protection == CAPOS_PROTECTION_READ_EXECUTE ? CAPOS_INVALID_ARGUMENT : outcome_of(p, pages);
    got = capos_virtual_memory_allocate(&call, puppet_ring(p), space_of(p), pages * PAGE,
                                        protection, &results);
    if (court_ended(p, got, want)) {
        place(p, region, capos_virtual_memory_allocate_results_address(results));
        memory_set(region, 0, pages, (uint8_t)(protection + 1));
    }
    return true;
}

static bool commit(int p) {
    struct memory_region *region = memory_some_region(p);
    enum capos_protection protection = some_protection();
    struct capos_virtual_memory_commit_results results;
    struct capos_call call;
    int want = CAPOS_DONE, got;
    struct part part;

    if (region == NULL)
        return false;
    part = some_part(region);
    if (region->root >= 0 || region->revoked || protection == CAPOS_PROTECTION_READ_EXECUTE ||
        memory_count(region, part.first, part.pages) != 0)
        want = CAPOS_INVALID_ARGUMENT;
    else if (!ledgers_have(p, LIMIT_FRAMES, part.pages))
        want = CAPOS_OVERLOADED;
    else if (!ledgers_have(p, LIMIT_FRAMES, part.pages + 3))
        return false;
    got = capos_virtual_memory_commit(&call, puppet_ring(p), space_of(p), address_of(region, part),
                                      part.pages * PAGE, protection, &results);
    if (court_ended(p, got, want))
        set_part(region, part, protection);
    return true;
}

static bool decommit(int p) {
    struct memory_region *region = memory_some_region(p);
    struct capos_virtual_memory_decommit_results results;
    struct capos_call call;
    int want = CAPOS_DONE, got;
    struct part part;

    if (region == NULL)
        return false;
    part = some_part(region);
    if (region->root >= 0 || region->revoked || !is_present(region, part))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_virtual_memory_decommit(&call, puppet_ring(p), space_of(p),
                                        address_of(region, part), part.pages * PAGE, &results);
    if (court_ended(p, got, want))
        memory_set(region, part.first, part.pages, ABSENT);
    return true;
}

static bool protect(int p) {
    struct memory_region *region = memory_some_region(p);
    enum capos_protection protection = some_protection();
    struct capos_virtual_memory_protect_results results;
    struct capos_call call;
    int want = CAPOS_DONE, got;
    struct part part;

    if (region == NULL)
        return false;
    part = some_part(region);
    if (!is_present(region, part) || !memory_may(region, protection))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_virtual_memory_protect(&call, puppet_ring(p), space_of(p), address_of(region, part),
                                       part.pages * PAGE, protection, &results);
    if (court_ended(p, got, want))
        set_part(region, part, protection);
    return true;
}

static bool unmap(int p) {
    struct memory_region *region = memory_some_region(p);
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;
    struct part part;
    bool whole;
    int got;

    if (region == NULL)
        return false;
    part = some_part(region);
    if (court_chance(80))
        part = (struct part){0, region->pages};
    whole = part.first == 0 && part.pages == region->pages;
    got = capos_virtual_memory_unmap(&call, puppet_ring(p), space_of(p), address_of(region, part),
                                     part.pages * PAGE, &results);
    court_expect_equal((uint64_t)got, whole ? CAPOS_DONE : CAPOS_INVALID_ARGUMENT, p,
                       "unmap ends with");
    if (got == CAPOS_DONE)
        memory_region_end(region);
    return true;
}

static bool map(int p) {
    int hold = court_find(p, CAPOS_MEMORY_OBJECT_INTERFACE_ID), want = CAPOS_DONE, got;
    enum capos_protection protection = some_protection();
    struct memory_region *region = memory_region_new(p);
    struct capos_virtual_memory_map_results results;
    const struct memory_view *view;
    struct capos_call call;
    uint32_t first, pages;

    if (hold < 0 || region == NULL || !ledgers_have(p, LIMIT_FRAMES, 3))
        return false;
    view = &memory.view[court_object(p, hold)->what];
    first = (uint32_t)court_below(view->pages);
    pages = 1 + (uint32_t)court_below(view->pages - first + court_chance(5));
    if (pages > PAGES_MOST)
        return false;
    region->root = view->root;
    region->first = view->first + first;
    region->pages = pages;
    region->writable = view->writable;
    region->revoker = court_hold(p, hold)->revoker;
    if (model_is_dead(&court.model, region->revoker))
        want = CAPOS_DISCONNECTED;
    else if (first + pages > view->pages || !memory_may(region, protection))
        want = CAPOS_INVALID_ARGUMENT;
    else
        want = outcome_of(p, pages);
    got = capos_virtual_memory_map(&call, puppet_ring(p), space_of(p),
                                   (struct capos_memory_object){court_hold(p, hold)->cap},
                                   first * PAGE, pages * PAGE, protection, &results);
    if (!court_ended(p, got, want))
        return true;
    place(p, region, capos_virtual_memory_map_results_address(results));
    memory_set(region, 0, pages, (uint8_t)(protection + 1));
    if (region->revoker != 0)
        court.model.revoker[region->revoker].pins++;
    return true;
}

// A page that can be read, or written; its address, or 0.
static uint64_t some_page(int p, bool written, uint64_t **word) {
    struct memory_region *region = memory_some_region(p);
    uint32_t page;

    if (region == NULL)
        return 0;
    page = (uint32_t)court_below(region->pages);
    if (written ? region->page[page] != CAPOS_PROTECTION_READ_WRITE + 1
                : region->page[page] <= CAPOS_PROTECTION_NONE + 1)
        return 0;
    *word = memory_word(region, page);
    if (region->root >= 0 && memory.root[region->root].fixed)
        return 0; // nobody has said what is there
    return region->start + page * PAGE;
}

static bool read_page(int p) {
    uint64_t *word, address = some_page(p, false, &word);

    if (address == 0)
        return false;
    puppets[p].box->address = address;
    puppet_do(p, COMMAND_READ);
    court_expect_equal(puppets[p].box->word, *word, p, "what is in memory");
    return true;
}

static bool write_page(int p) {
    uint64_t *word, address = some_page(p, true, &word);

    if (address == 0)
        return false;
    *word = operations_random(&court.operations);
    puppets[p].box->address = address;
    puppets[p].box->word = *word;
    puppet_do(p, COMMAND_WRITE);
    return true;
}

const struct deed deeds_space[] = {
    {"VirtualMemory.reserve", reserve}, {"VirtualMemory.allocate", allocate},
    {"VirtualMemory.commit", commit},   {"VirtualMemory.decommit", decommit},
    {"VirtualMemory.protect", protect}, {"VirtualMemory.unmap", unmap},
    {"VirtualMemory.map", map},         {"memory is read", read_page},
    {"memory is written", write_page},  {NULL, NULL},
};
