// SPDX-License-Identifier: MIT
//
// Memory: a page that is mapped, written to and unmapped.
#define _GNU_SOURCE
#include "guest.h"

#include <sys/mman.h>

static void map_touch_unmap(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        volatile char *page =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (page == MAP_FAILED)
            die("mmap");
        *page = 1;
        munmap((void *)page, 4096);
    }
}

static const struct row rows[] = {
    {"map_touch_unmap", 100, NULL, map_touch_unmap, NULL, 0},
};

const struct rows rows_memory = {rows, sizeof rows / sizeof rows[0]};
