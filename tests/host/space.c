// SPDX-License-Identifier: MIT
//
// Address spaces of the host's machine (host.h): a sorted array of mapped pages, and one of the
// chunks of 2 MiB that have been prepared, each of which costs a frame, as page tables do.
#include "machine/space.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "tests/harness.h"
#include "tests/host/host.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_PAGES 512

struct host_entry {
    uint64_t key; // number of a page, or of a chunk
    struct paddr frame;
    enum protection protection;
    unsigned mapped; // of a chunk: pages
};

struct host_array {
    struct host_entry *entry;
    size_t count, room;
};

struct host_tables {
    struct paddr root;
    struct host_array pages, chunks;
};

// The first entry whose key is at least `key`.
static size_t array_find(const struct host_array *array, uint64_t key) {
    size_t low = 0, high = array->count, middle;

    while (low < high) {
        middle = (low + high) / 2;
        if (array->entry[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct host_entry *array_get(const struct host_array *array, uint64_t key) {
    size_t at = array_find(array, key);

    return at < array->count && array->entry[at].key == key ? &array->entry[at] : NULL;
}

static void array_add(struct host_array *array, struct host_entry entry) {
    size_t at = array_find(array, entry.key);

    if (array->count == array->room) {
        array->room = array->room * 2 + 16;
        array->entry = realloc(array->entry, array->room * sizeof(entry));
        ck_assert_ptr_nonnull(array->entry);
    }
    memmove(&array->entry[at + 1], &array->entry[at], (array->count - at) * sizeof(entry));
    array->entry[at] = entry;
    array->count++;
}

static void array_remove(struct host_array *array, struct host_entry *entry) {
    array->count--;
    memmove(entry, entry + 1, (size_t)(&array->entry[array->count] - entry) * sizeof(*entry));
}

enum capos_status machine_space_create(struct cpu *cpu, struct machine_space *space) {
    struct paddr root;
    enum capos_status status = frame_alloc(cpu, 0, &root);

    if (status != CAPOS_STATUS_OK)
        return status;
    space->tables = calloc(1, sizeof(*space->tables));
    ck_assert_ptr_nonnull(space->tables);
    space->tables->root = root;
    return CAPOS_STATUS_OK;
}

void machine_space_destroy(struct cpu *cpu, struct machine_space *space) {
    struct host_tables *tables = space->tables;

    for (uint32_t i = 0; i < cpu->kernel->cpu_count; i++)
        ck_assert_msg(cpu->kernel->cpus[i]->machine.loaded != space,
                      "an address space is destroyed that CPU %u has loaded", i);
    for (size_t i = 0; i < tables->chunks.count; i++)
        frame_free(cpu, tables->chunks.entry[i].frame, 0);
    frame_free(cpu, tables->root, 0);
    free(tables->chunks.entry);
    free(tables->pages.entry);
    free(tables);
    space->tables = NULL;
}

uint64_t machine_space_missing(const struct machine_space *space, struct uaddr at, uint64_t pages) {
    uint64_t first = at.value / FRAME_SIZE / CHUNK_PAGES, missing = 0;
    uint64_t last = (at.value / FRAME_SIZE + pages - 1) / CHUNK_PAGES;

    for (; first <= last; first++)
        missing += array_get(&space->tables->chunks, first) == NULL;
    return missing;
}

enum capos_status machine_space_prepare(struct cpu *cpu, struct machine_space *space,
                                        struct uaddr at, uint64_t pages) {
    uint64_t first = at.value / FRAME_SIZE / CHUNK_PAGES;
    uint64_t last = (at.value / FRAME_SIZE + pages - 1) / CHUNK_PAGES;
    struct host_entry chunk = {.key = first};

    for (; chunk.key <= last; chunk.key++) {
        if (array_get(&space->tables->chunks, chunk.key) != NULL)
            continue;
        if (frame_alloc(cpu, 0, &chunk.frame) != CAPOS_STATUS_OK)
            return CAPOS_STATUS_OVERLOADED;
        array_add(&space->tables->chunks, chunk);
    }
    return CAPOS_STATUS_OK;
}

uint64_t machine_space_frames(const struct machine_space *space) {
    return 1 + space->tables->chunks.count;
}

static struct host_entry *page_at(const struct machine_space *space, struct uaddr at) {
    ck_assert_uint_eq(at.value % FRAME_SIZE, 0);
    return array_get(&space->tables->pages, at.value / FRAME_SIZE);
}

static struct host_entry *chunk_at(const struct machine_space *space, struct uaddr at) {
    return array_get(&space->tables->chunks, at.value / FRAME_SIZE / CHUNK_PAGES);
}

void machine_space_map(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                       struct paddr frame, enum protection protection) {
    struct host_entry *chunk = chunk_at(space, at);

    (void)cpu;
    ck_assert_msg(chunk != NULL, "a page is mapped that was not prepared");
    ck_assert_msg(page_at(space, at) == NULL, "a page is mapped twice");
    chunk->mapped++;
    array_add(&space->tables->pages,
              (struct host_entry){at.value / FRAME_SIZE, frame, protection, 0});
}

// Takes a chunk out if nothing is mapped in it.
static void shrink(struct machine_space *space, struct host_entry *chunk,
                   struct machine_tables *emptied) {
    if (chunk == NULL || chunk->mapped != 0 || emptied == NULL)
        return;
    memcpy(machine_direct(chunk->frame), &emptied->first, sizeof(emptied->first));
    emptied->first = chunk->frame.value;
    emptied->count++;
    array_remove(&space->tables->chunks, chunk);
}

void machine_space_trim(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                        uint64_t pages, struct machine_tables *emptied) {
    uint64_t end = at.value + pages * FRAME_SIZE;

    (void)cpu;
    for (; at.value < end; at.value = (at.value | (CHUNK_PAGES * FRAME_SIZE - 1)) + 1)
        shrink(space, chunk_at(space, at), emptied);
}

void machine_tables_free(struct cpu *cpu, struct machine_tables *emptied) {
    for (; emptied->count > 0; emptied->count--) {
        struct paddr frame = {emptied->first};

        memcpy(&emptied->first, machine_direct(frame), sizeof(emptied->first));
        frame_free(cpu, frame, 0);
    }
}

void machine_space_protect(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                           enum protection protection) {
    struct host_entry *page = page_at(space, at);

    (void)cpu;
    ck_assert_ptr_nonnull(page);
    page->protection = protection;
}

bool machine_space_lookup(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                          struct paddr *frame, enum protection *protection) {
    const struct host_entry *page = page_at(space, at);

    (void)cpu;
    if (page == NULL)
        return false;
    *frame = page->frame;
    *protection = page->protection;
    return true;
}

bool machine_space_next(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                        struct uaddr end, struct paddr *frame, enum protection *protection) {
    const struct host_array *pages = &space->tables->pages;
    size_t found = array_find(pages, at->value / FRAME_SIZE);

    (void)cpu;
    if (found == pages->count || pages->entry[found].key >= end.value / FRAME_SIZE)
        return false;
    at->value = pages->entry[found].key * FRAME_SIZE;
    *frame = pages->entry[found].frame;
    *protection = pages->entry[found].protection;
    return true;
}

bool machine_space_unmap(struct cpu *cpu, struct machine_space *space, struct uaddr *at,
                         struct uaddr end, struct machine_tables *emptied, struct paddr *frame,
                         enum protection *protection) {
    struct host_entry *chunk;

    if (!machine_space_next(cpu, space, at, end, frame, protection))
        return false;
    chunk = chunk_at(space, *at);
    array_remove(&space->tables->pages, page_at(space, *at));
    chunk->mapped--;
    shrink(space, chunk, emptied);
    return true;
}

void machine_space_shootdown(struct cpu *cpu, struct machine_space *space, struct uaddr at,
                             uint64_t pages) {
    (void)space, (void)at, (void)pages;
    cpu->machine.shootdowns++;
}

void machine_space_load(struct cpu *cpu, struct machine_space *space) {
    cpu->machine.loaded = space;
}
