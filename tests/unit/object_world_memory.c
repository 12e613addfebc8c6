// SPDX-License-Identifier: MIT
//
// Memory of the world's init; see object_world_memory.h.
#include "tests/unit/object_world_memory.h"

#include "core/frame.h"
#include "core/vm.h"
#include "tests/unit/object_world.h"

#include <check.h>

static struct capos_call call;

int world_allocate(uint64_t bytes, struct capos_memory_object *object) {
    struct capos_frame_allocator frames = {world_grant("frames")};
    struct capos_frame_allocator_allocate_results results;

    capos_frame_allocator_allocate_params_set_bytes(
        capos_frame_allocator_allocate_begin(&call, world_ring(), frames), bytes);
    int outcome = capos_frame_allocator_allocate_call(&call, &results);
    object->id =
        outcome == CAPOS_DONE ? capos_frame_allocator_allocate_results_object(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

struct capos_memory_object world_memory(uint64_t pages) {
    struct capos_memory_object object;

    assert_outcome(world_allocate(pages * FRAME_SIZE, &object), CAPOS_DONE);
    ck_assert_uint_ne(object.id, 0);
    return object;
}

struct capos_memory_object world_read_only(struct capos_memory_object of) {
    struct capos_memory_object_read_only_results results;

    assert_outcome(capos_memory_object_read_only(&call, world_ring(), of, &results), CAPOS_DONE);
    struct capos_memory_object object = capos_memory_object_read_only_results_object(results);
    capos_call_release(&call);
    return object;
}

int world_slice(struct capos_memory_object of, uint64_t offset, uint64_t bytes,
                struct capos_memory_object *object) {
    struct capos_memory_object_slice_results results;
    struct capos_memory_object_slice_params_builder params =
        capos_memory_object_slice_begin(&call, world_ring(), of);

    capos_memory_object_slice_params_set_offset(params, offset);
    capos_memory_object_slice_params_set_bytes(params, bytes);
    int outcome = capos_memory_object_slice_call(&call, &results);
    object->id = outcome == CAPOS_DONE ? capos_memory_object_slice_results_object(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

int world_map(struct capos_memory_object object, uint64_t offset, uint64_t bytes,
              enum capos_protection protection, uint64_t *at) {
    struct capos_virtual_memory vm = {world_grant("virtualMemory")};
    struct capos_virtual_memory_map_results results;
    struct capos_virtual_memory_map_params_builder params =
        capos_virtual_memory_map_begin(&call, world_ring(), vm);

    capos_virtual_memory_map_params_set_object(params, object);
    capos_virtual_memory_map_params_set_offset(params, offset);
    capos_virtual_memory_map_params_set_bytes(params, bytes);
    capos_virtual_memory_map_params_set_protection(params, protection);
    int outcome = capos_virtual_memory_map_call(&call, &results);
    *at = outcome == CAPOS_DONE ? capos_virtual_memory_map_results_address(results) : 0;
    capos_call_release(&call);
    return outcome;
}

bool world_is_mapped(uint64_t at) {
    enum protection protection;
    struct paddr frame;

    return machine_space_lookup(world.cpu, vm_space(world.init.process->vm), (struct uaddr){at},
                                &frame, &protection);
}
