// SPDX-License-Identifier: MIT
//
// The methods of memory in one step each, for the programs of memory.tap.
#ifndef TESTS_BOOT_MEMORY_CALLS_H
#define TESTS_BOOT_MEMORY_CALLS_H

#include "capos/runtime.h"
#include "schemas/memory.capos.h"

enum { PAGE = 4096 };

static inline struct capos_virtual_memory own_memory(void) {
    return (struct capos_virtual_memory){
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
}

static inline int reserve(uint64_t bytes, uint64_t *at) {
    struct capos_virtual_memory_reserve_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_reserve(&call, capos_ring(), own_memory(), bytes, &results);

    *at = outcome == CAPOS_DONE ? capos_virtual_memory_reserve_results_address(results) : 0;
    capos_call_release(&call);
    return outcome;
}

static inline int allocate(uint64_t bytes, enum capos_protection protection, uint64_t *at) {
    struct capos_virtual_memory_allocate_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_allocate(&call, capos_ring(), own_memory(), bytes,
                                                protection, &results);

    *at = outcome == CAPOS_DONE ? capos_virtual_memory_allocate_results_address(results) : 0;
    capos_call_release(&call);
    return outcome;
}

static inline int commit(uint64_t at, uint64_t bytes, enum capos_protection protection) {
    struct capos_virtual_memory_commit_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_commit(&call, capos_ring(), own_memory(), at, bytes,
                                              protection, &results);

    capos_call_release(&call);
    return outcome;
}

static inline int decommit(uint64_t at, uint64_t bytes) {
    struct capos_virtual_memory_decommit_results results;
    struct capos_call call;
    int outcome =
        capos_virtual_memory_decommit(&call, capos_ring(), own_memory(), at, bytes, &results);

    capos_call_release(&call);
    return outcome;
}

static inline int protect(uint64_t at, uint64_t bytes, enum capos_protection protection) {
    struct capos_virtual_memory_protect_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_protect(&call, capos_ring(), own_memory(), at, bytes,
                                               protection, &results);

    capos_call_release(&call);
    return outcome;
}

static inline int unmap(uint64_t at, uint64_t bytes) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;
    int outcome =
        capos_virtual_memory_unmap(&call, capos_ring(), own_memory(), at, bytes, &results);

    capos_call_release(&call);
    return outcome;
}

static inline int map(struct capos_memory_object object, uint64_t offset, uint64_t bytes,
                      enum capos_protection protection, uint64_t *at) {
    struct capos_virtual_memory_map_results results;
    struct capos_call call;
    int outcome = capos_virtual_memory_map(&call, capos_ring(), own_memory(), object, offset, bytes,
                                           protection, &results);

    *at = outcome == CAPOS_DONE ? capos_virtual_memory_map_results_address(results) : 0;
    capos_call_release(&call);
    return outcome;
}

static inline int make_object(uint64_t bytes, struct capos_memory_object *object) {
    struct capos_frame_allocator frames = {
        capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results results;
    struct capos_call call;
    int outcome = capos_frame_allocator_allocate(&call, capos_ring(), frames, bytes, &results);

    object->id =
        outcome == CAPOS_DONE ? capos_frame_allocator_allocate_results_object(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static inline int read_only(struct capos_memory_object of, struct capos_memory_object *object) {
    struct capos_memory_object_read_only_results results;
    struct capos_call call;
    int outcome = capos_memory_object_read_only(&call, capos_ring(), of, &results);

    object->id =
        outcome == CAPOS_DONE ? capos_memory_object_read_only_results_object(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static inline int slice(struct capos_memory_object of, uint64_t offset, uint64_t bytes,
                        struct capos_memory_object *object) {
    struct capos_memory_object_slice_results results;
    struct capos_call call;
    int outcome = capos_memory_object_slice(&call, capos_ring(), of, offset, bytes, &results);

    object->id = outcome == CAPOS_DONE ? capos_memory_object_slice_results_object(results).id : 0;
    capos_call_release(&call);
    return outcome;
}

static inline int seal(struct capos_memory_object object) {
    struct capos_memory_object_seal_results results;
    struct capos_call call;
    int outcome = capos_memory_object_seal(&call, capos_ring(), object, &results);

    capos_call_release(&call);
    return outcome;
}

#endif
