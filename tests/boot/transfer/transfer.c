// SPDX-License-Identifier: MIT
//
// The init of an image in which one program passes capabilities to another: fifteen at once and
// mixed, and then in every way that is refused. Of both processes the table, entry by entry, and
// the ledger, class by class, must be the same after a refusal as before it. Prints TAP.
#include "schemas/endpoint.capos.h"
#include "schemas/inspection.capos.h"
#include "schemas/revocation.capos.h"
#include "tests/boot/transfer/raw.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

static const struct {
    const char *name;
    enum capos_status status;
} cases[] = {
    {"a CapId that names nothing", CAPOS_STATUS_REFUSED},
    {"moved, and named twice", CAPOS_STATUS_REFUSED},
    {"a copy of a Receiver", CAPOS_STATUS_REFUSED},
    {"MINT without a Receiver", CAPOS_STATUS_REFUSED},
    {"MINT beyond the limit of facets", CAPOS_STATUS_OVERLOADED},
    {"a scope that keeps it at home", CAPOS_STATUS_SCOPE},
    {"a revoked capability", CAPOS_STATUS_DISCONNECTED},
    {"to a revoked capability", CAPOS_STATUS_DISCONNECTED},
    {"to a server that is gone", CAPOS_STATUS_DISCONNECTED},
    {"a message that is too large", CAPOS_STATUS_TOO_BIG},
    {"no slots for the answer's", CAPOS_STATUS_OVERLOADED},
    {"no such kind", CAPOS_STATUS_MALFORMED},
    {"more than the server takes", CAPOS_STATUS_NO_ROOM},
};

enum { CASES = sizeof cases / sizeof cases[0], TESTS = CASES + 2, ENTRIES = 64, CLASSES = 8 };

// What is known of a process.
struct picture {
    uint64_t used[CLASSES];
    uint32_t count;
    struct {
        uint64_t cap, interface, object, rest;
    } entry[ENTRIES];
};

static _Atomic uint64_t *page;
static struct capos_process_handle porter, second, sender;

static struct capos_process_handle start_porter(struct capos_endpoint served) {
    const struct guest_program server = {
        .binary = "porter",
        .limits = {.facets = 20, .calls_held = 4, .reserved_pages = 512},
        .grants = 2,
        .grant = {{"receiver", guest_receiver(served), GUEST_MOVE},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    return guest_start(&server);
}

static void start_all(void) {
    struct capos_endpoint served = guest_endpoint(), more = guest_endpoint(),
                          empty = guest_endpoint(), own = guest_endpoint();
    uint64_t memory = guest_memory(CAPOS_PAGE_SIZE);
    const struct guest_program client = {
        .binary = "sender",
        .limits = {.slots = 32, .reserved_pages = 512},
        .grants = 9,
        .grant = {{"porter", guest_facet(served, RAW_INTERFACE, 7), GUEST_COPY},
                  {"timer", guest_system()->timer, GUEST_COPY},
                  {"other", guest_system()->timer, GUEST_COPY},
                  {"second", guest_facet(more, RAW_INTERFACE, 7), GUEST_COPY},
                  {"gone", guest_facet(empty, RAW_INTERFACE, 7), GUEST_COPY},
                  {"receiver", guest_receiver(own), GUEST_MOVE},
                  {"revokers", capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID),
                   GUEST_COPY},
                  {"page", memory, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN}},
    };

    page = guest_map(memory, CAPOS_PAGE_SIZE);
    porter = start_porter(served);
    second = start_porter(more);
    sender = guest_start(&client);
}

static void look_at_ledger(struct capos_process_handle process, struct picture *picture) {
    struct capos_process_handle_info_results info;
    struct capos_call call;

    if (capos_process_handle_info(&call, capos_ring(), process, &info) != CAPOS_DONE)
        capos_panic("no info");
    struct capos_resource_limits used = capos_process_handle_info_results_used(info);
    picture->used[0] = capos_resource_limits_slots(used);
    picture->used[1] = capos_resource_limits_frames(used);
    picture->used[2] = capos_resource_limits_reserved_pages(used);
    picture->used[3] = capos_resource_limits_threads(used);
    picture->used[4] = capos_resource_limits_endpoints(used);
    picture->used[5] = capos_resource_limits_facets(used);
    picture->used[6] = capos_resource_limits_calls_held(used);
    picture->used[7] = capos_resource_limits_kernel_memory(used);
    capos_call_release(&call);
}

static void look_at_table(struct capos_process_handle process, struct picture *picture) {
    struct capos_process_inspector inspector = {
        capos_need("inspector", CAPOS_PROCESS_INSPECTOR_INTERFACE_ID)};
    struct capos_process_inspector_inspect_results inspected;
    struct capos_capability_view_list_results results;
    struct capos_call call;

    if (capos_process_inspector_inspect(&call, capos_ring(), inspector, process, &inspected) !=
        CAPOS_DONE)
        capos_panic("a table can't be seen");
    struct capos_capability_view view = capos_process_inspector_inspect_results_view(inspected);
    capos_call_release(&call);
    if (capos_capability_view_list(&call, capos_ring(), view, 0, ENTRIES, &results) != CAPOS_DONE)
        capos_panic("a table can't be listed");
    struct capos_capability_entry_list list =
        capos_capability_view_list_results_capabilities(results);
    picture->count = capos_capability_entry_list_size(list);
    for (uint32_t i = 0; i < picture->count; i++) {
        struct capos_capability_entry entry = capos_capability_entry_list_at(list, i);

        picture->entry[i].cap = capos_capability_entry_cap(entry);
        picture->entry[i].interface = capos_capability_entry_interface(entry);
        picture->entry[i].object = capos_capability_entry_object(entry);
        picture->entry[i].rest = (uint64_t)capos_capability_entry_kind(entry) |
                                 (uint64_t)capos_capability_entry_scope(entry) << 8 |
                                 (uint64_t)capos_capability_entry_revokers(entry) << 16 |
                                 (uint64_t)capos_capability_entry_revoked(entry) << 24;
    }
    if (capos_capability_view_list_results_held(results) != picture->count)
        picture->count = UINT32_MAX;
    capos_call_release(&call);
    capos_release(view.id);
}

static void look(struct capos_process_handle process, struct picture *picture) {
    *picture = (struct picture){0};
    look_at_ledger(process, picture);
    look_at_table(process, picture);
}

static bool same(const struct picture *a, const struct picture *b) {
    bool same = a->count == b->count && a->count <= ENTRIES;

    for (unsigned i = 0; i < CLASSES; i++)
        same &= a->used[i] == b->used[i];
    for (uint32_t i = 0; same && i < a->count; i++)
        same = a->entry[i].cap == b->entry[i].cap &&
               a->entry[i].interface == b->entry[i].interface &&
               a->entry[i].object == b->entry[i].object && a->entry[i].rest == b->entry[i].rest;
    return same;
}

static bool await(unsigned word, uint64_t value) {
    for (unsigned i = 0; i < 5000 && atomic_load(&page[word]) != value; i++)
        guest_sleep(GUEST_MS / 5);
    return atomic_load(&page[word]) == value;
}

// Both are as they were, or soon are: what was let go of before is given back when no processor can
// be looking at it.
static bool settle(const struct picture was[2], struct picture is[2]) {
    for (unsigned i = 0; i < 500; i++) {
        look(porter, &is[0]);
        look(sender, &is[1]);
        if (same(&was[0], &is[0]) && same(&was[1], &is[1]))
            return true;
        guest_sleep(GUEST_MS);
    }
    return false;
}

// The picture of both when they rest.
static void rest(struct picture before[2]) {
    static struct picture earlier[2];

    do {
        look(porter, &earlier[0]);
        look(sender, &earlier[1]);
        guest_sleep((uint64_t)5 * GUEST_MS);
        look(porter, &before[0]);
        look(sender, &before[1]);
    } while (!same(&earlier[0], &before[0]) || !same(&earlier[1], &before[1]));
}

static void refuse(unsigned n) {
    static struct picture before[2], after[2];
    bool there = await(READY, n + 1);

    rest(before);
    atomic_store(&page[GO], n + 1);
    there = there && await(DONE, n + 1);
    guest_check(there && atomic_load(&page[RESULT]) == (uint64_t)cases[n].status &&
                    settle(before, after),
                cases[n].name);
    atomic_store(&page[ON], n + 1);
}

int main(void) {
    struct guest_outcome outcome = {0};

    guest_begin(TESTS);
    start_all();
    bool there = await(READY, 1);
    guest_check(there, "fifteen capabilities, copied, moved and minted, there and back");
    for (unsigned n = 0; n < CASES && there; n++)
        refuse(n);
    bool ended = guest_wait(sender, &outcome);
    format_text(
        guest_line(ended && outcome.how == CAPOS_PROCESS_END_WHICH_EXITED && outcome.status == 0,
                   "the sender: "),
        outcome.text);
    guest_line_end();
    (void)guest_kill(porter);
    (void)guest_kill(second);
    guest_end();
}
