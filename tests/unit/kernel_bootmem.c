// SPDX-License-Identifier: MIT
//
// The list of free physical memory while booting: whatever the loader reports, in whatever order,
// the list is sorted, in whole pages, without what is taken. Compared page by page with a map of
// bits.
#include "tests/harness.h"

#include "arch/x86_64/bootmem.h"
#include "arch/x86_64/mmu.h"
#include "core/panic.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES = 512, ROUNDS = 20000, MOST_RANGES = 20 };

void panic(const char *format, ...) {
    ck_abort_msg("panic: %s", format);
    abort();
}

static void check_list(const struct bootmem *memory, const bool expected[PAGES]) {
    bool found[PAGES] = {false};
    for (unsigned i = 0; i < memory->count; i++) {
        const struct boot_range *range = &memory->free[i];
        ck_assert(range->start < range->end);
        ck_assert(range->start % MMU_PAGE == 0 && range->end % MMU_PAGE == 0);
        ck_assert(i == 0 || memory->free[i - 1].end < range->start);
        for (uint64_t at = range->start; at < range->end; at += MMU_PAGE)
            found[at / MMU_PAGE] = true;
    }
    for (unsigned i = 0; i < PAGES; i++)
        if (found[i] != expected[i]) // an assertion is too slow for each page
            ck_abort_msg("page %u is %s", i, found[i] ? "free" : "not free");
}

static struct boot_range random_range(struct harness_random *random, uint64_t most) {
    uint64_t start = harness_random_below(random, PAGES * MMU_PAGE);
    uint64_t end = start + harness_random_below(random, most);
    return (struct boot_range){start, end < PAGES * MMU_PAGE ? end : PAGES * MMU_PAGE};
}

// A page that the range covers only in part counts as `covered`.
static void mark(bool map[PAGES], struct boot_range range, bool partly, bool value) {
    uint64_t first = partly ? range.start / MMU_PAGE : (range.start + MMU_PAGE - 1) / MMU_PAGE;
    uint64_t end = partly ? (range.end + MMU_PAGE - 1) / MMU_PAGE : range.end / MMU_PAGE;
    for (uint64_t page = first; page < end; page++)
        map[page] = value;
}

START_TEST(test_random_maps) {
    struct harness_random random = harness_random_start();
    for (int round = 0; round < ROUNDS; round++) {
        struct boot_info info;
        struct bootmem memory;
        bool expected[PAGES] = {false};
        memset(&info, 0, sizeof info);
        info.usable_count = (unsigned)harness_random_below(&random, MOST_RANGES);
        for (unsigned i = 0; i < info.usable_count; i++) {
            info.usable[i] = random_range(&random, 60 * MMU_PAGE);
            mark(expected, info.usable[i], false, true);
        }
        info.image = random_range(&random, 20 * MMU_PAGE);
        info.archive = random_range(&random, 20 * MMU_PAGE);
        mark(expected, info.image, true, false);
        mark(expected, info.archive, true, false);
        expected[0] = false;
        bootmem_init(&memory, &info);
        check_list(&memory, expected);
    }
}
END_TEST

START_TEST(test_touching_ranges_join) {
    struct boot_info info = {.usable_count = 3,
                             .usable = {{0x5000, 0x8000}, {0x1000, 0x3000}, {0x3000, 0x5000}}};
    struct bootmem memory;
    info.image = (struct boot_range){0x100000, 0x200000};
    bootmem_init(&memory, &info);
    ck_assert_uint_eq(memory.count, 1);
    ck_assert_uint_eq(memory.free[0].start, 0x1000);
    ck_assert_uint_eq(memory.free[0].end, 0x8000);
    ck_assert_uint_eq(bootmem_bytes(&memory), 0x7000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kernel_bootmem");
    harness_add(suite, "random maps", test_random_maps);
    harness_add(suite, "touching ranges join", test_touching_ranges_join);
    return harness_run(suite);
}
