// SPDX-License-Identifier: MIT
//
// Deeds with memory objects: FrameAllocator and MemoryObject. Views of a revocable copy are revoked
// with it.
#include "tests/stress/deed.h"
#include "tests/stress/ledgers.h"
#include "tests/stress/memory_model.h"

// A call to one of the puppet's objects; false: it has none. The view is a copy.
static bool begin_object(struct deed_call *deed, int p, int room, struct memory_view *view,
                         struct capos_memory_object *object) {
    if (!deed_begin(deed, p, CAPOS_MEMORY_OBJECT_INTERFACE_ID, room))
        return false;
    object->id = deed->cap;
    *view = memory.view[deed_object(deed)->what];
    return true;
}

static uint32_t some_pages(void) {
    return 1 + (uint32_t)court_below(court_chance(10) ? PAGES_MOST : 6);
}

static bool allocate(int p) {
    struct capos_frame_allocator_allocate_results results;
    uint64_t bytes = some_pages() * (uint64_t)CAPOS_PAGE_SIZE - court_below(CAPOS_PAGE_SIZE);
    uint32_t pages = (uint32_t)((bytes + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE);
    bool have = ledgers_have(p, LIMIT_FRAMES, pages);
    struct deed_call deed;
    int root, view;

    if (!deed_begin(&deed, p, CAPOS_FRAME_ALLOCATOR_INTERFACE_ID, 1))
        return false;
    if (court_chance(5))
        bytes = 0;
    deed_refused_if(&deed, bytes == 0, CAPOS_INVALID_ARGUMENT);
    deed_refused_if(&deed, !have, CAPOS_OVERLOADED);
    if (!deed_ended(&deed, capos_frame_allocator_allocate(&deed.call, deed.ring,
                                                          (struct capos_frame_allocator){deed.cap},
                                                          bytes, &results)))
        return true;
    root = memory_root_new(pages, court.model.process[p].serial);
    view = root < 0 ? -1 : memory_view_new(root, 0, pages, true, true);
    court_expect(view >= 0, p, "the model has no room for an object");
    (void)court_got(p, capos_frame_allocator_allocate_results_object(results).id,
                    CAPOS_MEMORY_OBJECT_INTERFACE_ID, view);
    return true;
}

static bool info(int p) {
    struct capos_memory_object_info_results results;
    struct capos_memory_object object;
    struct memory_view view;
    struct deed_call deed;
    bool sealed;

    if (!begin_object(&deed, p, 0, &view, &object))
        return false;
    sealed = memory.root[view.root].sealed;
    if (!deed_ended(&deed, capos_memory_object_info(&deed.call, deed.ring, object, &results)))
        return true;
    court_expect_equal(capos_memory_object_info_results_bytes(results),
                       (uint64_t)view.pages * CAPOS_PAGE_SIZE, p, "an object's size");
    court_expect(capos_memory_object_info_results_writable(results) == (view.writable && !sealed) &&
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
    struct capos_memory_object_read_only_results results;
    struct capos_memory_object object;
    struct memory_view view;
    struct deed_call deed;

    if (!begin_object(&deed, p, 1, &view, &object))
        return false;
    if (deed_ended(&deed, capos_memory_object_read_only(&deed.call, deed.ring, object, &results)))
        got_view(p, deed.hold, capos_memory_object_read_only_results_object(results).id, &view, 0,
                 view.pages, false);
    return true;
}

static bool slice(int p) {
    struct capos_memory_object_slice_results results;
    struct capos_memory_object object;
    struct memory_view view;
    uint32_t first, pages;
    struct deed_call deed;

    if (!begin_object(&deed, p, 1, &view, &object))
        return false;
    first = (uint32_t)court_below(view.pages + 1u);
    pages = (uint32_t)court_below(view.pages - first + (court_chance(10) ? 2u : 1u));
    deed_refused_if(&deed, pages == 0 || first + pages > view.pages, CAPOS_INVALID_ARGUMENT);
    if (deed_ended(&deed, capos_memory_object_slice(&deed.call, deed.ring, object,
                                                    (uint64_t)first * CAPOS_PAGE_SIZE,
                                                    (uint64_t)pages * CAPOS_PAGE_SIZE, &results)))
        got_view(p, deed.hold, capos_memory_object_slice_results_object(results).id, &view, first,
                 pages, true);
    return true;
}

static bool seal(int p) {
    struct capos_memory_object_seal_results results;
    struct capos_memory_object object;
    struct memory_view view;
    struct deed_call deed;

    if (!begin_object(&deed, p, 0, &view, &object))
        return false;
    deed_refused_if(&deed, !view.whole || memory.root[view.root].writers > 0, CAPOS_FAILED);
    if (deed_ended(&deed, capos_memory_object_seal(&deed.call, deed.ring, object, &results)))
        memory.root[view.root].sealed = true;
    return true;
}

const struct deed deeds_memory[] = {
    {"FrameAllocator.allocate", allocate}, {"MemoryObject.info", info},
    {"MemoryObject.readOnly", read_only},  {"MemoryObject.slice", slice},
    {"MemoryObject.seal", seal},           {NULL, NULL},
};
