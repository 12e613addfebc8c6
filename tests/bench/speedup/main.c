// SPDX-License-Identifier: MIT
//
// speedup: has the same work done by 1, 2 and 4 processes at a time, and by as many threads, and
// prints of five times the least:
//
//     speedup processes COUNT NANOSECONDS
//     speedup threads COUNT NANOSECONDS
//
// Exit status 1 when a worker could not be started or ended badly.
#include "capos/runtime.h"

#include "base/format.h"
#include "capos/thread.h"
#include "schemas/process.capos.h"
#include "tests/bench/work.h"
#include "tests/guest/parts.h"

enum { TIMES = 5, WORKERS_MAX = 4 };

static struct capos_process_spawner spawner;
static struct capos_memory_object binary;
static struct capos_process_handle workers[WORKERS_MAX];

// A worker that does one of `parts` parts: it has as many grants, which do not matter otherwise.
static struct capos_process_handle start(unsigned parts) {
    static const char *const names[WORKERS_MAX] = {"1", "2", "3", "4"};
    struct capos_process_spawner_spawn_params_builder params;
    struct capos_process_spawner_spawn_results results;
    struct capos_spawn_grant_list_builder grants;
    struct capos_process_handle process;
    struct capos_call call;

    params = capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);
    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("worker"));
    grants = capos_process_spawner_spawn_params_init_grants(params, parts);
    for (unsigned i = 0; i < parts; i++) {
        struct capos_spawn_grant_builder grant = capos_spawn_grant_list_builder_at(grants, i);

        capos_spawn_grant_set_name(grant, capos_text_of(names[i]));
        capos_spawn_grant_set_own(grant, CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY);
    }
    if (capos_process_spawner_spawn_call(&call, &results) != CAPOS_DONE)
        capos_panic("a worker could not be started");
    process = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    return process;
}

static void wait(struct capos_process_handle process) {
    struct capos_process_handle_wait_results results;
    struct capos_process_end end;
    struct capos_call call;

    if (capos_process_handle_wait(&call, capos_ring(), process, &results) != CAPOS_DONE)
        capos_panic("a worker can't be waited for");
    end = capos_process_handle_wait_results_end(results);
    if (capos_process_end_which(end) != CAPOS_PROCESS_END_WHICH_EXITED ||
        capos_process_end_exited(end) != 0)
        capos_panic("a worker ended badly");
    capos_call_release(&call);
    capos_release(process.id);
}

static uint64_t by_processes(unsigned count) {
    uint64_t began = guest_now();

    for (unsigned i = 0; i < count; i++)
        workers[i] = start(count);
    for (unsigned i = 0; i < count; i++)
        wait(workers[i]);
    return guest_now() - began;
}

static int32_t work_part(void *count) {
    return work(WORK_ROUNDS / *(const unsigned *)count) == 0;
}

static uint64_t by_threads(unsigned count) {
    struct capos_thread *threads[WORKERS_MAX];
    uint64_t began = guest_now();

    for (unsigned i = 0; i < count; i++)
        if (capos_thread_create(&threads[i], work_part, &count, NULL) != CAPOS_DONE)
            capos_panic("a thread could not be started");
    for (unsigned i = 0; i < count; i++) {
        int32_t status = 1;

        if (capos_thread_join(threads[i], &status) != CAPOS_DONE || status != 0)
            capos_panic("a thread ended badly");
    }
    return guest_now() - began;
}

static void best_of(const char *kind, uint64_t (*by)(unsigned count), unsigned count) {
    uint64_t best = UINT64_MAX;
    char text[100];
    struct format f;

    for (int i = 0; i < TIMES; i++) {
        uint64_t took = by(count);

        best = took < best ? took : best;
    }
    format_init(&f, text, sizeof text);
    format_text(&f, "speedup ");
    format_text(&f, kind);
    format_text(&f, " ");
    format_u64(&f, count);
    format_text(&f, " ");
    format_u64(&f, best);
    format_text(&f, "\n");
    capos_print(text);
}

int main(void) {
    spawner.id = capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID);
    binary = guest_binary("worker");
    if (binary.id == 0)
        capos_panic("there is no worker");
    for (unsigned count = 1; count <= WORKERS_MAX; count *= 2) {
        best_of("processes", by_processes, count);
        best_of("threads", by_threads, count);
    }
    return 0;
}
