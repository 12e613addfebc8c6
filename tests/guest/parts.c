// SPDX-License-Identifier: MIT
//
// See parts.h. Generated calls, as any program makes them; nothing is kept between two of them.
#include "parts.h"

#include "capos/runtime.h"
#include "schemas/boot.capos.h"
#include "schemas/time.capos.h"

struct capos_endpoint guest_endpoint(void) {
    struct capos_endpoint_factory factory = {
        capos_need("endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID)};
    struct capos_endpoint_factory_create_results results;
    struct capos_call call;

    if (capos_endpoint_factory_create(&call, capos_ring(), factory, &results) != CAPOS_DONE)
        capos_panic("an endpoint can't be made");
    struct capos_endpoint endpoint = capos_endpoint_factory_create_results_endpoint(results);
    capos_call_release(&call);
    return endpoint;
}

uint64_t guest_facet(struct capos_endpoint endpoint, uint64_t interface, uint64_t object_id) {
    struct capos_endpoint_facet_results results;
    struct capos_call call;

    if (capos_endpoint_facet(&call, capos_ring(), endpoint, interface, object_id,
                             CAPOS_FACET_SCOPE_ANY, &results) != CAPOS_DONE)
        capos_panic("a facet can't be made");
    uint64_t facet = capos_endpoint_facet_results_facet(results).id;
    capos_call_release(&call);
    return facet;
}

uint64_t guest_receiver(struct capos_endpoint endpoint) {
    struct capos_endpoint_receiver_results results;
    struct capos_call call;

    if (capos_endpoint_receiver(&call, capos_ring(), endpoint, &results) != CAPOS_DONE)
        capos_panic("there is no Receiver");
    uint64_t receiver = capos_endpoint_receiver_results_receiver(results).id;
    capos_call_release(&call);
    return receiver;
}

struct capos_memory_object guest_binary(const char *name) {
    struct capos_boot_package package = {
        capos_need("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID)};
    struct capos_boot_package_binary_results results;
    struct capos_memory_object binary = {0};
    struct capos_call call;

    if (capos_boot_package_binary(&call, capos_ring(), package, capos_text_of(name), &results) ==
        CAPOS_DONE)
        binary = capos_boot_package_binary_results_object(results);
    capos_call_release(&call);
    return binary;
}

uint64_t guest_memory(uint64_t bytes) {
    struct capos_frame_allocator frames = {
        capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results results;
    struct capos_call call;

    if (capos_frame_allocator_allocate(&call, capos_ring(), frames, bytes, &results) != CAPOS_DONE)
        capos_panic("there is no memory");
    uint64_t object = capos_frame_allocator_allocate_results_object(results).id;
    capos_call_release(&call);
    return object;
}

void *guest_map(uint64_t object, uint64_t bytes) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_map_results results;
    struct capos_call call;

    if (capos_virtual_memory_map(&call, capos_ring(), memory, (struct capos_memory_object){object},
                                 0, bytes, CAPOS_PROTECTION_READ_WRITE, &results) != CAPOS_DONE)
        capos_panic("memory can't be mapped");
    uint64_t address = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return (void *)address; // NOLINT: addresses come as numbers
}

void guest_unmap(void *at, uint64_t bytes) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;

    if (capos_virtual_memory_unmap(&call, capos_ring(), memory, (uint64_t)(uintptr_t)at, bytes,
                                   &results) != CAPOS_DONE)
        capos_panic("memory can't be unmapped");
    capos_call_release(&call);
}

struct capos_session guest_session(void) {
    struct capos_session_authority sessions = {
        capos_need("sessions", CAPOS_SESSION_AUTHORITY_INTERFACE_ID)};
    struct capos_session_authority_start_results results;
    struct capos_session session;
    struct capos_call call;

    if (capos_session_authority_start(&call, capos_ring(), sessions, &results) != CAPOS_DONE)
        capos_panic("no session");
    session = capos_session_authority_start_results_session(results);
    capos_call_release(&call);
    return session;
}

bool guest_end_session(struct capos_session session) {
    struct capos_session_end_results results;
    struct capos_call call;
    bool ended = capos_session_end(&call, capos_ring(), session, &results) == CAPOS_DONE;

    capos_call_release(&call);
    return ended;
}

uint64_t guest_now(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_now_results results;
    struct capos_call call;
    uint64_t time = 0;

    if (capos_timer_now(&call, capos_ring(), timer, &results) == CAPOS_DONE)
        time = capos_timer_now_results_nanoseconds(results);
    capos_call_release(&call);
    return time;
}

uint64_t guest_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

uint64_t guest_cpu_time(struct capos_process_handle process) {
    struct capos_process_handle_info_results results;
    struct capos_call call;
    uint64_t time = 0;

    if (capos_process_handle_info(&call, capos_ring(), process, &results) == CAPOS_DONE)
        time = capos_process_handle_info_results_cpu_nanoseconds(results);
    capos_call_release(&call);
    return time;
}
