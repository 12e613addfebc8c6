// SPDX-License-Identifier: MIT
//
// The model of memory: memory objects and the address spaces of puppets, page by page. Each page
// has one word that is known, its first. Addresses are the kernel's choice: they are learnt, and
// must not overlap.
#ifndef TESTS_STRESS_MEMORY_MODEL_H
#define TESTS_STRESS_MEMORY_MODEL_H

#include "schemas/memory.capos.h"
#include "tests/stress/court.h"

enum {
    ROOTS = 96,
    VIEWS = 192,
    REGIONS = 14,     // of a process
    PAGES_MOST = 100, // of an object or a region
    ABSENT = 0,       // of a region's page; else its protection and 1
};

// Memory that was allocated, or lies in the boot archive.
struct memory_root {
    bool used, sealed;
    bool fixed;     // in the boot archive
    bool program;   // there: the idler
    uint64_t owner; // serial of the process that pays
    uint32_t pages;
    uint32_t writers; // pages that are mapped for writing, anywhere
    uint64_t word[PAGES_MOST];
};

// A MemoryObject: object.what is its number.
struct memory_view {
    bool used, whole, writable;
    int root;
    uint32_t first, pages;
};

struct memory_region {
    bool used, revoked;
    uint64_t start;
    uint32_t pages;
    int root; // -1: memory of its own
    uint32_t first;
    bool writable;
    int revoker;
    uint8_t page[PAGES_MOST];
    uint64_t word[PAGES_MOST]; // of its own
};

struct memory_model {
    struct memory_root root[ROOTS];
    struct memory_view view[VIEWS];
    struct memory_region region[PROCESSES][REGIONS];
};

extern struct memory_model memory;

// -1: there is no room.
int memory_root_new(uint32_t pages, uint64_t owner);
int memory_view_new(int root, uint32_t first, uint32_t pages, bool writable, bool whole);
void memory_view_gone(int view);
struct memory_region *memory_region_new(int p);

// A region begins at the address: outside of all others, with a page that is free on each side.
bool memory_place(int p, struct memory_region *region, uint64_t start);

// What may be mapped how; does not look at the page tables.
bool memory_may(const struct memory_region *region, enum capos_protection protection);

// Gives pages of a region an access, or takes them away (ABSENT).
void memory_set(struct memory_region *region, uint32_t first, uint32_t pages, uint8_t page);
uint32_t memory_count(const struct memory_region *region, uint32_t first, uint32_t pages);
uint64_t *memory_word(struct memory_region *region, uint32_t page);

// The region is gone; all of a process's are.
void memory_region_end(struct memory_region *region);
void memory_process_end(int p);

// Revocation: what was mapped through dead revokers is mapped no more.
void memory_revoked(void);

// A region of the process's, at random; NULL when it has none.
struct memory_region *memory_some_region(int p);

// An address that the process may not read, or write; at random.
uint64_t memory_forbidden(int p, bool written);

// What the process uses: frames of its own and of objects that it made, page tables in whose part
// of the address space the kernel did not need any before, and pages set aside.
uint64_t memory_frames(int p);
uint64_t memory_reserved(int p);

#endif
