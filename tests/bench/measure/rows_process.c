// SPDX-License-Identifier: MIT
//
// Processes: one that does nothing is started, runs, and is waited for.
#include "bench.h"

#include "schemas/boot.capos.h"
#include "schemas/process.capos.h"

static struct capos_process_spawner spawner;
static struct capos_memory_object binary;

static bool prepare(void) {
    struct capos_boot_package package = {
        capos_grant("bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID)};
    struct capos_boot_package_binary_results results;
    struct capos_call call;

    spawner.id = capos_grant("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID);
    if (capos_boot_package_binary(&call, capos_ring(), package, capos_text_of("minimal"),
                                  &results) == CAPOS_DONE)
        binary = capos_boot_package_binary_results_object(results);
    capos_call_release(&call);
    return binary.id != 0;
}

static struct capos_process_handle spawn(void) {
    struct capos_process_handle process = {0};
    struct capos_process_spawner_spawn_params_builder params;
    struct capos_process_spawner_spawn_results results;
    struct capos_call call;

    params = capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);
    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("minimal"));
    if (capos_process_spawner_spawn_call(&call, &results) == CAPOS_DONE)
        process = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    return process;
}

static bool wait(struct capos_process_handle process) {
    struct capos_process_handle_wait_results results;
    struct capos_call call;
    bool right = false;

    if (capos_process_handle_wait(&call, capos_ring(), process, &results) == CAPOS_DONE) {
        struct capos_process_end end = capos_process_handle_wait_results_end(results);

        right = capos_process_end_which(end) == CAPOS_PROCESS_END_WHICH_EXITED &&
                capos_process_end_exited(end) == 0;
    }
    capos_call_release(&call);
    capos_release(process.id);
    return right;
}

static bool spawn_wait(unsigned operations) {
    bool right = true;

    for (unsigned i = 0; i < operations && right; i++)
        right = wait(spawn());
    return right;
}

static const struct bench_row rows[] = {
    {"spawn_wait", 10, prepare, spawn_wait},
};

const struct bench_rows bench_rows_process = {rows, sizeof rows / sizeof rows[0]};
