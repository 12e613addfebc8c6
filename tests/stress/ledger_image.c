// SPDX-License-Identifier: MIT
//
// See ledger_image.h. An ended process has nothing of all this.
#include "tests/stress/ledger_image.h"

#include "base/format.h"
#include "capos/runtime.h"

static void read_limits(struct capos_resource_limits from, uint64_t to[LIMIT_CLASSES]) {
    to[LIMIT_SLOTS] = capos_resource_limits_slots(from);
    to[LIMIT_FRAMES] = capos_resource_limits_frames(from);
    to[LIMIT_RESERVED_PAGES] = capos_resource_limits_reserved_pages(from);
    to[LIMIT_THREADS] = capos_resource_limits_threads(from);
    to[LIMIT_ENDPOINTS] = capos_resource_limits_endpoints(from);
    to[LIMIT_FACETS] = capos_resource_limits_facets(from);
    to[LIMIT_CALLS_HELD] = capos_resource_limits_calls_held(from);
    to[LIMIT_KERNEL_MEMORY] = capos_resource_limits_kernel_memory(from);
}

bool ledger_image_ask(struct capos_process_handle process, struct ledger_image *image) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    bool ok = capos_process_handle_info(&call, capos_ring(), process, &results) == CAPOS_DONE;

    if (ok) {
        read_limits(capos_process_handle_info_results_used(results), image->used);
        read_limits(capos_process_handle_info_results_lent(results), image->lent);
        read_limits(capos_process_handle_info_results_limits(results), image->limit);
    }
    capos_call_release(&call);
    return ok;
}

void ledger_image_tell(const char *what, const uint64_t amount[LIMIT_CLASSES]) {
    char text[200];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, "# ");
    format_text(&f, what);
    for (int i = 0; i < LIMIT_CLASSES; i++) {
        format_text(&f, " ");
        format_u64(&f, amount[i]);
    }
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
}
