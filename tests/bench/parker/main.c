// SPDX-License-Identifier: MIT
//
// parker: the other side of park_wake. Whenever the first word of the memory that it was granted is
// set, it clears it, sets the second one and wakes whoever waits for that.
#include "capos/park.h"
#include "capos/runtime.h"
#include "schemas/memory.capos.h"

static uint64_t memory;

static _Atomic uint32_t *map(void) {
    struct capos_virtual_memory space = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_map_results results;
    struct capos_call call;
    uint64_t address;

    if (capos_virtual_memory_map(&call, capos_ring(), space, (struct capos_memory_object){memory},
                                 0, CAPOS_PAGE_BYTES, CAPOS_PROTECTION_READ_WRITE,
                                 &results) != CAPOS_DONE)
        capos_panic("the memory can't be mapped");
    address = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return (_Atomic uint32_t *)address;
}

int main(void) {
    _Atomic uint32_t *words;

    memory = capos_need("memory", CAPOS_MEMORY_OBJECT_INTERFACE_ID);
    words = map();
    while (words[0] == 0)
        (void)capos_park_shared(memory, 0, 0, CAPOS_NO_DEADLINE);
    for (;;) {
        words[0] = 0;
        words[1] = 1;
        (void)capos_hand_over_shared(memory, sizeof *words, memory, 0, 0, CAPOS_NO_DEADLINE);
        while (words[0] == 0)
            (void)capos_park_shared(memory, 0, 0, CAPOS_NO_DEADLINE);
    }
}
