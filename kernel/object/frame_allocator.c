// SPDX-License-Identifier: MIT
// FrameAllocator: stateless; what may be taken is the caller's ledger's to say. Many pages are
// taken in steps, as work (core/work.h), while the call is held.
#include "object/frame_allocator.h"

#include "base/bits.h"
#include "core/call.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/frame.h"
#include "core/kmem.h"
#include "core/memory.h"
#include "core/process.h"
#include "core/ring_spare.h"
#include "core/work.h"
#include "object/memory_object.h"
#include "schemas/memory.capos.h"

static int refuse(struct capos_invocation *inv) {
    return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no such memory");
}

static struct capos_descriptor give(struct capos_invocation *inv, struct memory *memory) {
    return dispatch_give(inv, &memory->object, CAPOS_MEMORY_OBJECT_INTERFACE_ID, CAPOS_SCOPE_ANY);
}

// A call for many pages, held until the object has them all.
struct allocation {
    struct call_queue caller; // whoever ends the call may look at it until the record is gone
    union {
        struct work work;
        struct reclaim_node dead;
    };
    struct ledger *ledger;
    struct memory *memory; // a reference
};

// Its memory is whole, or there was not enough.
static void allocation_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct allocation *allocation = list_entry(call->queue, struct allocation, caller);
    struct memory *memory = allocation->memory;
    struct capos_invocation *inv = call_reply_begin(cpu, call);

    if (status != CAPOS_STATUS_OK) {
        call_reply(cpu, inv, refuse(inv));
        return;
    }
    allocation->memory = NULL;
    capos_frame_allocator_allocate_results_give_object(
        capos_frame_allocator_allocate_results_build_message(&inv->results), give(inv, memory));
    call_reply(cpu, inv, CAPOS_DONE);
}

static void allocation_free(struct cpu *cpu, struct reclaim_node *node) {
    struct allocation *allocation = list_entry(node, struct allocation, dead);

    kmem_free(cpu, allocation->ledger, allocation, sizeof *allocation);
}

static bool caller_is_gone(struct allocation *allocation) {
    bool gone;

    lock_take(&allocation->caller.lock);
    gone = list_is_empty(&allocation->caller.calls);
    lock_drop(&allocation->caller.lock);
    return gone;
}

static enum work_result allocation_work(struct cpu *cpu, struct work *work) {
    struct allocation *allocation = list_entry(work, struct allocation, work);
    struct ledger *ledger = allocation->ledger;
    enum capos_status status = CAPOS_STATUS_CANCELLED;
    bool done = false;

    if (!caller_is_gone(allocation))
        status = memory_grow(cpu, allocation->memory, MEMORY_STEP, &done);
    if (status == CAPOS_STATUS_OK && !done)
        return WORK_AGAIN;
    (void)call_queue_answer(cpu, &allocation->caller, status);
    if (allocation->memory != NULL) // nobody has got it
        object_put(cpu, &allocation->memory->object);
    reclaim_retire(cpu, &allocation->dead, allocation_free);
    atomic_fetch_sub(&ledger->under_way, 1);
    return WORK_DONE;
}

static int hold_allocation(struct cpu *cpu, struct capos_invocation *inv, struct memory *memory) {
    struct ledger *ledger = memory->object.ledger;
    struct allocation *allocation;
    void *block;

    if (kmem_alloc(cpu, ledger, sizeof *allocation, &block) != CAPOS_STATUS_OK) {
        object_put(cpu, &memory->object);
        return refuse(inv);
    }
    allocation = block;
    call_queue_init(&allocation->caller, allocation_answer);
    work_init(&allocation->work, allocation_work);
    allocation->ledger = ledger;
    allocation->memory = memory;
    atomic_fetch_add(&ledger->under_way, 1);
    call_hold(cpu, inv, &allocation->caller, CAPOS_NO_DEADLINE);
    work_add(cpu, &allocation->work);
    return CAPOS_PENDING;
}

static int allocate(void *self, struct capos_invocation *inv,
                    struct capos_frame_allocator_allocate_params params,
                    struct capos_frame_allocator_allocate_results_builder results) {
    const struct target *target = self;
    uint64_t bytes = capos_frame_allocator_allocate_params_bytes(params);
    uint64_t pages = bytes / FRAME_SIZE + (bytes % FRAME_SIZE != 0);
    struct ledger *ledger = dispatch_process(inv)->ledger;
    struct memory *memory;

    if (bytes == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "an object has at least one page");
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the object");
    if (pages > MEMORY_STEP) {
        (void)ring_spare_drop(target->cpu, dispatch_process(inv)); // it may want all that there is
        if (memory_begin(target->cpu, &memory_object_type, ledger, pages, &memory) !=
            CAPOS_STATUS_OK)
            return refuse(inv);
        return hold_allocation(target->cpu, inv, memory);
    }
    if (memory_create(target->cpu, &memory_object_type, ledger, pages, &memory) != CAPOS_STATUS_OK)
        return refuse(inv);
    capos_frame_allocator_allocate_results_give_object(results, give(inv, memory));
    return CAPOS_DONE;
}

static const struct capos_frame_allocator_server server = {.allocate = allocate};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_frame_allocator_dispatch(&server, self, inv);
}

const struct object_type frame_allocator_type = {
    .name = "FrameAllocator",
    .interface = CAPOS_FRAME_ALLOCATOR_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .methods = &capos_frame_allocator_interface,
    .serve = serve,
};

enum capos_status frame_allocator_create(struct cpu *cpu, struct ledger *ledger,
                                         struct object **out) {
    return object_create(cpu, &frame_allocator_type, ledger, out);
}
