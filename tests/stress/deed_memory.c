// SPDX-License-Identifier: MIT
//
// Deeds with memory objects: FrameAllocator and MemoryObject. Views of a revocable copy are revoked
// with it.
#include "tests/stress/deed.h"
#include "tests/stress/ledgers.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/puppet_ring.h"

static struct memory_view *view_of(int p, int hold) {
    return &memory.view[court_object(p, hold)->what];
}

static struct capos_memory_object object_at(int p, int hold) {
    return (struct capos_memory_object){court_hold(p, hold)->cap};
}

static uint32_t some_pages(void) {
    return 1 + (uint32_t)court_below(court_chance(10) ? PAGES_MOST : 6);
}

static bool allocate(int p) {
    int hold = court_find(p, CAPOS_FRAME_ALLOCATOR_INTERFACE_ID), want, got;
    struct capos_frame_allocator_allocate_results results;
    uint64_t bytes = some_pages() * (uint64_t)CAPOS_PAGE_SIZE - court_below(CAPOS_PAGE_SIZE);
    uint32_t pages = (uint32_t)((bytes + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE);
    struct capos_call call;
    int root, view;
    bool have;

    if (hold < 0)
        return false;
    have = ledgers_have(p, LIMIT_FRAMES, pages);
    if (court_chance(5))
        bytes = 0;
    want = court_outcome(p, hold, 1);
    if (want == CAPOS_DONE && bytes == 0)
        want = CAPOS_INVALID_ARGUMENT;
    else if (want == CAPOS_DONE && !have)
        want = CAPOS_OVERLOADED;
    got = capos_frame_allocator_allocate(&call, puppet_ring(p),
                                         (struct capos_frame_allocator){court_hold(p, hold)->cap},
                                         bytes, &results);
    if (!court_ended(p, got, want))
        return true;
    root = memory_root_new(pages, court.model.process[p].serial);
    view = root < 0 ? -1 : memory_view_new(root, 0, pages, true, true);
    court_expect(view >= 0, p, "the model has no room for an object");
    (void)court_got(p, capos_frame_allocator_allocate_results_object(results).id,
                    CAPOS_MEMORY_OBJECT_INTERFACE_ID, view);
    return true;
}

static bool info(int p) {
    int hold = court_find(p, CAPOS_MEMORY_OBJECT_INTERFACE_ID), want, got;
    struct capos_memory_object_info_results results;
    const struct memory_view *view;
    struct capos_call call;
    bool sealed;

    if (hold < 0)
        return false;
    view = view_of(p, hold);
    sealed = memory.root[view->root].sealed;
    want = court_outcome(p, hold, 0);
    got = capos_memory_object_info(&call, puppet_ring(p), object_at(p, hold), &results);
    if (!court_ended(p, got, want))
        return true;
    court_expect_equal(capos_memory_object_info_results_bytes(results),
                       (uint64_t)view->pages * CAPOS_PAGE_SIZE, p, "an object's size");
    court_expect(capos_memory_object_info_results_writable(results) ==
                         (view->writable && !sealed) &&
                     capos_memory_object_info_results_executable(results) == sealed,
                 p, "what an object may be mapped for");
    return true;
}

// A view of what `from` is a view of.
static void got_view(int p, int hold, uint64_t cap, const struct memory_view *from, uint32_t first,
                     uint32_t pages, bool writable) {
    int revoker = court_hold(p, hold)->revoker;
    int view =
        memory_view_new(from->root, from->first + first, pages, from->writable && writable, false);
    int object;

    court_expect(view >= 0, p, "the model has no room for a view");
    object = court_got(p, cap, CAPOS_MEMORY_OBJECT_INTERFACE_ID, view);
    for (int i = 0; i < HOLDS; i++)
        if (court_hold(p, i)->object == object) {
            court_hold(p, i)->revoker = revoker;
            if (model_is_bound(&court.model, revoker))
                court_hold(p, i)->scope = CAPOS_SCOPE_SESSION;
        }
}

static bool read_only(int p) {
    int hold = court_find(p, CAPOS_MEMORY_OBJECT_INTERFACE_ID), want, got;
    struct capos_memory_object_read_only_results results;
    struct memory_view view;
    struct capos_call call;

    if (hold < 0)
        return false;
    view = *view_of(p, hold);
    want = court_outcome(p, hold, 1);
    got = capos_memory_object_read_only(&call, puppet_ring(p), object_at(p, hold), &results);
    if (court_ended(p, got, want))
        got_view(p, hold, capos_memory_object_read_only_results_object(results).id, &view, 0,
                 view.pages, false);
    return true;
}

static bool slice(int p) {
    int hold = court_find(p, CAPOS_MEMORY_OBJECT_INTERFACE_ID), want, got;
    struct capos_memory_object_slice_results results;
    struct memory_view view;
    struct capos_call call;
    uint32_t first, pages;

    if (hold < 0)
        return false;
    view = *view_of(p, hold);
    first = (uint32_t)court_below(view.pages + 1u);
    pages = (uint32_t)court_below(view.pages - first + (court_chance(10) ? 2u : 1u));
    want = court_outcome(p, hold, 1);
    if (want == CAPOS_DONE && (pages == 0 || first + pages > view.pages))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_memory_object_slice(&call, puppet_ring(p), object_at(p, hold),
                                    (uint64_t)first * CAPOS_PAGE_SIZE,
                                    (uint64_t)pages * CAPOS_PAGE_SIZE, &results);
    if (court_ended(p, got, want))
        got_view(p, hold, capos_memory_object_slice_results_object(results).id, &view, first, pages,
                 true);
    return true;
}

static bool seal(int p) {
    int hold = court_find(p, CAPOS_MEMORY_OBJECT_INTERFACE_ID), want, got;
    struct capos_memory_object_seal_results results;
    struct memory_root *root;
    struct capos_call call;

    if (hold < 0)
        return false;
    root = &memory.root[view_of(p, hold)->root];
    want = court_outcome(p, hold, 0);
    if (want == CAPOS_DONE && (!view_of(p, hold)->whole || root->writers > 0))
        want = CAPOS_FAILED;
    got = capos_memory_object_seal(&call, puppet_ring(p), object_at(p, hold), &results);
    if (court_ended(p, got, want))
        root->sealed = true;
    return true;
}

const struct deed deeds_memory[] = {
    {"FrameAllocator.allocate", allocate}, {"MemoryObject.info", info},
    {"MemoryObject.readOnly", read_only},  {"MemoryObject.slice", slice},
    {"MemoryObject.seal", seal},           {NULL, NULL},
};
