// SPDX-License-Identifier: MIT
// MemoryObject. Narrower objects are charged to whoever asks for them; the memory itself stays
// charged to its maker.
#include "object/memory_object.h"

#include "base/bits.h"
#include "core/dispatch.h"
#include "core/memory.h"
#include "core/process.h"
#include "core/revoke.h"
#include "schemas/memory.capos.h"

static struct memory *memory_of(const struct target *target) {
    return (struct memory *)(void *)target->object;
}

static int info(void *self, struct capos_invocation *inv,
                struct capos_memory_object_info_params params,
                struct capos_memory_object_info_results_builder results) {
    const struct memory *memory = memory_of(self);

    (void)inv;
    (void)params;
    capos_memory_object_info_results_set_bytes(results, memory->pages * CAPOS_PAGE_SIZE);
    capos_memory_object_info_results_set_writable(results, memory_is_writable(memory));
    capos_memory_object_info_results_set_executable(results, memory_is_executable(memory));
    return CAPOS_DONE;
}

// A view for the caller: CAPOS_DONE and *view, or the exception.
static int make_view(const struct target *target, struct capos_invocation *inv, uint64_t first,
                     uint64_t pages, bool writable, struct memory **view) {
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the object");
    if (memory_create_view(target->cpu, memory_of(target), dispatch_process(inv)->ledger, first,
                           pages, writable, view) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no object");
    return CAPOS_DONE;
}

static int read_only(void *self, struct capos_invocation *inv,
                     struct capos_memory_object_read_only_params params,
                     struct capos_memory_object_read_only_results_builder results) {
    struct memory *view;
    int outcome = make_view(self, inv, 0, memory_of(self)->pages, false, &view);

    (void)params;
    if (outcome == CAPOS_DONE)
        capos_memory_object_read_only_results_give_object(results,
                                                          dispatch_give_own(inv, &view->object));
    return outcome;
}

static int slice(void *self, struct capos_invocation *inv,
                 struct capos_memory_object_slice_params params,
                 struct capos_memory_object_slice_results_builder results) {
    const struct memory *memory = memory_of(self);
    uint64_t offset = capos_memory_object_slice_params_offset(params);
    uint64_t bytes = capos_memory_object_slice_params_bytes(params);
    uint64_t size = memory->pages * CAPOS_PAGE_SIZE;
    struct memory *view;
    int outcome;

    if (!is_aligned(offset, CAPOS_PAGE_SIZE) || !is_aligned(bytes, CAPOS_PAGE_SIZE) || bytes == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "a slice is whole pages, at least one");
    if (offset > size || bytes > size - offset)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the slice does not lie in the object");
    outcome = make_view(self, inv, offset / CAPOS_PAGE_SIZE, bytes / CAPOS_PAGE_SIZE,
                        memory->writable, &view);
    if (outcome == CAPOS_DONE)
        capos_memory_object_slice_results_give_object(results,
                                                      dispatch_give_own(inv, &view->object));
    return outcome;
}

static int seal(void *self, struct capos_invocation *inv,
                struct capos_memory_object_seal_params params,
                struct capos_memory_object_seal_results_builder results) {
    (void)params;
    (void)results;
    switch (memory_seal(memory_of(self))) {
    case CAPOS_STATUS_OK:
        return CAPOS_DONE;
    case CAPOS_STATUS_BUSY:
        return capos_fail(inv, CAPOS_FAILED, "the memory is mapped for writing");
    default:
        return capos_fail(inv, CAPOS_FAILED, "only the whole object can be sealed");
    }
}

static const struct capos_memory_object_server server = {
    .info = info, .read_only = read_only, .slice = slice, .seal = seal};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_memory_object_dispatch(&server, self, inv);
}

const struct object_type memory_object_type = {
    .name = "MemoryObject",
    .interface = CAPOS_MEMORY_OBJECT_INTERFACE_ID,
    .size = sizeof(struct memory),
    .kind = OBJECT_KERNEL,
    .methods = &capos_memory_object_interface,
    .serve = serve,
    .close = memory_close,
};
