// SPDX-License-Identifier: MIT
// Conversion of limits (limits.h).
#include "object/limits.h"

#include "base/bits.h"

#include <capos/limits.h>

const struct ledger_limits limits_default = {{
    [LEDGER_SLOTS] = 64,
    [LEDGER_FRAMES] = 256,
    [LEDGER_RESERVED_PAGES] = 16384,
    [LEDGER_THREADS] = 4,
    [LEDGER_KERNEL_MEMORY] = UINT64_C(64) * CAPOS_PAGE_SIZE,
}};

typedef uint32_t get_fn(struct capos_resource_limits limits);
typedef void set_fn(struct capos_resource_limits_builder limits, uint32_t value);

// In the order of enum ledger_class.
static const struct {
    get_fn *get;
    set_fn *set;
    uint32_t unit;
} fields[LEDGER_CLASSES] = {
    {capos_resource_limits_slots, capos_resource_limits_set_slots, 1},
    {capos_resource_limits_frames, capos_resource_limits_set_frames, 1},
    {capos_resource_limits_reserved_pages, capos_resource_limits_set_reserved_pages, 1},
    {capos_resource_limits_threads, capos_resource_limits_set_threads, 1},
    {capos_resource_limits_endpoints, capos_resource_limits_set_endpoints, 1},
    {capos_resource_limits_facets, capos_resource_limits_set_facets, 1},
    {capos_resource_limits_calls_held, capos_resource_limits_set_calls_held, 1},
    {capos_resource_limits_kernel_memory, capos_resource_limits_set_kernel_memory, CAPOS_PAGE_SIZE},
};

struct ledger_limits limits_read(struct capos_resource_limits asked,
                                 const struct ledger_limits *otherwise) {
    struct ledger_limits limits;

    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        uint64_t value = fields[i].get(asked);

        limits.limit[i] = value != 0 ? value * fields[i].unit : otherwise->limit[i];
    }
    return limits;
}

void limits_write(struct capos_resource_limits_builder to, const uint64_t amount[LEDGER_CLASSES]) {
    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        uint64_t value = amount[i] / fields[i].unit + (amount[i] % fields[i].unit != 0);

        fields[i].set(to, (uint32_t)min_u64(value, UINT32_MAX));
    }
}
