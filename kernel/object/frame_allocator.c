// SPDX-License-Identifier: MIT
// FrameAllocator: stateless; what may be taken is the caller's ledger's to say.
#include "object/frame_allocator.h"

#include "base/bits.h"
#include "core/dispatch.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/process.h"
#include "object/memory_object.h"
#include "object/target.h"
#include "schemas/memory.capos.h"

static int allocate(void *self, struct capos_invocation *inv,
                    struct capos_frame_allocator_allocate_params params,
                    struct capos_frame_allocator_allocate_results_builder results) {
    const struct target *target = self;
    uint64_t bytes = capos_frame_allocator_allocate_params_bytes(params);
    uint64_t pages = bytes / FRAME_SIZE + (bytes % FRAME_SIZE != 0);
    struct memory *memory;

    if (bytes == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "an object has at least one page");
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the object");
    if (memory_create(target->cpu, &memory_object_type, dispatch_process(inv)->ledger, pages,
                      &memory) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no such memory");
    capos_frame_allocator_allocate_results_give_object(
        results,
        dispatch_give(inv, &memory->object, CAPOS_MEMORY_OBJECT_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static const struct capos_frame_allocator_server server = {.allocate = allocate};

static int dispatch(struct cpu *cpu, struct object *object, struct capos_invocation *inv) {
    struct target target = {cpu, object};

    return capos_frame_allocator_dispatch(&server, &target, inv);
}

const struct object_type frame_allocator_type = {
    .name = "FrameAllocator",
    .interface = CAPOS_FRAME_ALLOCATOR_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .dispatch = dispatch,
};

enum capos_status frame_allocator_create(struct cpu *cpu, struct ledger *ledger,
                                         struct object **out) {
    return object_create(cpu, &frame_allocator_type, ledger, out);
}
