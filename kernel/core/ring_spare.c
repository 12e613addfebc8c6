// SPDX-License-Identifier: MIT
// What ended rings were made of (ring_spare.h).
#include "core/ring_spare.h"

#include "base/bits.h"
#include "core/frame.h"
#include "core/kmem.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/vm.h"

#include <capos/limits.h>

bool ring_spare_take(struct ring *ring) {
    struct process *process = ring->process;
    struct ring_spares *spares = &process->spares;
    bool found = false;

    if (spares->count == 0)
        return false;
    lock_take(&process->lock);
    for (uint32_t i = spares->count; i-- > 0 && !found;) {
        struct ring_spare *spare = &spares->spare[i];

        found = spare->pages * CAPOS_PAGE_SIZE == ring->size && spare->room == ring->room;
        if (!found)
            continue;
        ring->block = spare->block;
        ring->address = spare->address;
        ring->calls = spare->calls;
        *spare = spares->spare[--spares->count];
    }
    lock_drop(&process->lock);
    return found;
}

bool ring_spare_keep(struct ring *ring) {
    struct process *process = ring->process;
    struct ring_spares *spares = &process->spares;
    bool keep;

    lock_take(&process->lock);
    keep = process->state == PROCESS_RUNNING && spares->count < RING_SPARES_MAX;
    if (keep)
        spares->spare[spares->count++] = (struct ring_spare){
            .block = ring->block,
            .address = ring->address,
            .calls = ring->calls,
            .pages = ring->size / CAPOS_PAGE_SIZE,
            .room = ring->room,
        };
    lock_drop(&process->lock);
    return keep;
}

static bool take_any(struct process *process, struct ring_spare *spare) {
    struct ring_spares *spares = &process->spares;
    bool any;

    lock_take(&process->lock);
    any = spares->count > 0;
    if (any)
        *spare = spares->spare[--spares->count];
    lock_drop(&process->lock);
    return any;
}

bool ring_spare_drop(struct cpu *cpu, struct process *process) {
    struct ring_spare spare;
    bool any = false;

    while (take_any(process, &spare)) {
        if (process->vm != NULL)
            vm_unmap_block(cpu, process->vm, spare.address, spare.pages);
        frame_free(cpu, spare.block, highest_bit(spare.pages));
        ledger_give(cpu, process->ledger, LEDGER_FRAMES, spare.pages);
        kmem_free(cpu, process->ledger, spare.calls, ring_records_bytes(spare.room));
        any = true;
    }
    return any;
}
