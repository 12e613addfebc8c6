// SPDX-License-Identifier: MIT
//
// Threads and what they agree by: one that is started and joined; a mutex that nobody else wants; a
// word that another process, or another thread, is woken by and answers through another word.
#include "bench.h"

#include "capos/park.h"
#include "capos/sync.h"
#include "capos/thread.h"
#include "schemas/boot.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"

static int32_t nothing(void *argument) {
    return *(const int32_t *)argument;
}

static bool create_join(unsigned operations, const struct capos_thread_options *options) {
    bool right = true;

    for (unsigned i = 0; i < operations && right; i++) {
        int32_t given = (int32_t)i, status = -1;
        struct capos_thread *thread;

        right = capos_thread_create(&thread, nothing, &given, options) == CAPOS_DONE &&
                capos_thread_join(thread, &status) == CAPOS_DONE && status == given;
    }
    return right;
}

static bool thread_create_join(unsigned operations) {
    return create_join(operations, NULL);
}

static bool thread_create_join_small(unsigned operations) {
    static const struct capos_thread_options options = {.small_ring = true};

    return create_join(operations, &options);
}

static bool mutex_uncontended(unsigned operations) {
    static struct capos_mutex mutex;

    for (unsigned i = 0; i < operations; i++) {
        capos_mutex_lock(&mutex);
        __asm__ volatile("" ::: "memory");
        capos_mutex_unlock(&mutex);
    }
    return capos_mutex_try(&mutex) && (capos_mutex_unlock(&mutex), true);
}

static uint64_t memory; // of the words that park_wake shares with parker
static _Atomic uint32_t *shared;

static bool park_wake(unsigned operations) {
    for (unsigned i = 0; i < operations; i++) {
        shared[0] = 1;
        (void)capos_hand_over_shared(memory, 0, memory, sizeof *shared, 0, CAPOS_NO_DEADLINE);
        while (shared[1] == 0)
            (void)capos_park_shared(memory, sizeof *shared, 0, CAPOS_NO_DEADLINE);
        shared[1] = 0;
    }
    return true;
}

static bool map_shared(void) {
    struct capos_frame_allocator frames = {
        capos_grant("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_virtual_memory space = {
        capos_grant("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results object;
    struct capos_virtual_memory_map_results mapped;
    struct capos_call call;

    if (capos_frame_allocator_allocate(&call, capos_ring(), frames, CAPOS_PAGE_BYTES, &object) ==
        CAPOS_DONE)
        memory = capos_frame_allocator_allocate_results_object(object).id;
    capos_call_release(&call);
    if (capos_virtual_memory_map(&call, capos_ring(), space, (struct capos_memory_object){memory},
                                 0, CAPOS_PAGE_BYTES, CAPOS_PROTECTION_READ_WRITE,
                                 &mapped) == CAPOS_DONE)
        shared = (_Atomic uint32_t *)capos_virtual_memory_map_results_address(mapped);
    capos_call_release(&call);
    return shared != NULL;
}

static struct capos_memory_object find_parker(void) {
    struct capos_boot_package package = {
        capos_grant("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID)};
    struct capos_memory_object binary = {0};
    struct capos_boot_package_binary_results results;
    struct capos_call call;

    if (capos_boot_package_binary(&call, capos_ring(), package, capos_text_of("parker"),
                                  &results) == CAPOS_DONE)
        binary = capos_boot_package_binary_results_object(results);
    capos_call_release(&call);
    return binary;
}

// It lives until the machine is switched off.
static bool start_parker(struct capos_memory_object binary) {
    struct capos_process_spawner spawner = {
        capos_grant("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID)};
    struct capos_process_spawner_spawn_params_builder params;
    struct capos_process_spawner_spawn_results results;
    struct capos_spawn_grant_list_builder grants;
    struct capos_spawn_grant_builder grant;
    struct capos_call call;
    bool right;

    params = capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);
    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("parker"));
    grants = capos_process_spawner_spawn_params_init_grants(params, 2);
    grant = capos_spawn_grant_list_builder_at(grants, 0);
    capos_spawn_grant_set_name(grant, capos_text_of("memory"));
    capos_spawn_grant_set_capability(grant, (struct capos_capability){memory});
    grant = capos_spawn_grant_list_builder_at(grants, 1);
    capos_spawn_grant_set_name(grant, capos_text_of("virtualMemory"));
    capos_spawn_grant_set_own(grant, CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY);
    right = capos_process_spawner_spawn_call(&call, &results) == CAPOS_DONE;
    capos_call_release(&call);
    return right;
}

static bool prepare_park_wake(void) {
    return map_shared() && start_parker(find_parker());
}

static _Atomic uint32_t words[2]; // of park_wake_threads

// Sets one word and waits until the other one is set, which is cleared.
static void take_turns(_Atomic uint32_t *theirs, _Atomic uint32_t *ours) {
    *theirs = 1;
    (void)capos_hand_over(theirs, ours, 0, CAPOS_NO_DEADLINE);
    while (*ours == 0)
        (void)capos_park(ours, 0, CAPOS_NO_DEADLINE);
    *ours = 0;
}

static int32_t answer(void *argument) {
    (void)argument;
    while (words[0] == 0)
        (void)capos_park(&words[0], 0, CAPOS_NO_DEADLINE);
    words[0] = 0;
    for (;;)
        take_turns(&words[1], &words[0]);
    return 0;
}

static bool prepare_park_wake_threads(void) {
    struct capos_thread *thread;

    return capos_thread_create(&thread, answer, NULL, NULL) == CAPOS_DONE;
}

static bool park_wake_threads(unsigned operations) {
    for (unsigned i = 0; i < operations; i++)
        take_turns(&words[0], &words[1]);
    return true;
}

static const struct bench_row rows[] = {
    {"thread_create_join", 20, NULL, thread_create_join},
    {"thread_create_join_small", 20, NULL, thread_create_join_small},
    {"mutex_uncontended", 1000, NULL, mutex_uncontended},
    {"park_wake", 200, prepare_park_wake, park_wake},
    {"park_wake_threads", 200, prepare_park_wake_threads, park_wake_threads},
};

const struct bench_rows bench_rows_thread = {rows, sizeof rows / sizeof rows[0]};
