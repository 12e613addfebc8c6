// SPDX-License-Identifier: MIT
//
// Memory of one's own: a page is allocated, written to and given back.
#include "bench.h"

#include "schemas/memory.capos.h"

static struct capos_virtual_memory space;

static bool prepare(void) {
    space.id = capos_grant("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID);
    return space.id != 0;
}

static uint64_t allocate(void) {
    struct capos_virtual_memory_allocate_results results;
    struct capos_call call;
    uint64_t address = 0;

    if (capos_virtual_memory_allocate(&call, capos_ring(), space, CAPOS_PAGE_BYTES,
                                      CAPOS_PROTECTION_READ_WRITE, &results) == CAPOS_DONE)
        address = capos_virtual_memory_allocate_results_address(results);
    capos_call_release(&call);
    return address;
}

static bool unmap(uint64_t address) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;
    bool right = capos_virtual_memory_unmap(&call, capos_ring(), space, address, CAPOS_PAGE_BYTES,
                                            &results) == CAPOS_DONE;

    capos_call_release(&call);
    return right;
}

static bool map_touch_unmap(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        uint64_t address = allocate();

        if (address == 0)
            return false;
        *(volatile char *)address = 1;
        if (!unmap(address))
            return false;
    }
    return true;
}

static const struct bench_row rows[] = {
    {"map_touch_unmap", 100, prepare, map_touch_unmap},
};

const struct bench_rows bench_rows_memory = {rows, sizeof rows / sizeof rows[0]};
