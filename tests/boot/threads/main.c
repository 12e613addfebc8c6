// SPDX-License-Identifier: MIT
//
// The init of an image that tests threads and parking: crew.c does what programs do, faulty.c and
// swarm.c end with threads in every state, partner.c shares a word with this process. Afterwards as
// much memory is free as before. Prints TAP.
#include "capos/park.h"
#include "capos/runtime.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum { KILLS = 25, SEED = 20261123, WAIT_NS_MAX = 30 * GUEST_MS };

static uint64_t random_state = SEED;

static struct guest_program threaded(const char *binary, uint32_t threads) {
    struct guest_program program = {
        .binary = binary,
        .limits = {.frames = 4000, .threads = threads, .kernel_memory = 512, .slots = 200}};

    guest_grant(&program, "console", guest_system()->console);
    guest_grant(&program, "timer", guest_system()->timer);
    guest_grant_threads(&program);
    return program;
}

// The crash record names the thread, which had written its number to RAX.
static bool names_the_thread(struct capos_process_handle process) {
    struct capos_process_handle_wait_results results;
    struct capos_call call;
    bool named = false;

    if (capos_process_handle_wait(&call, capos_ring(), process, &results) == CAPOS_DONE) {
        struct capos_process_end end = capos_process_handle_wait_results_end(results);

        if (capos_process_end_which(end) == CAPOS_PROCESS_END_WHICH_CRASHED) {
            struct capos_crash_record crash = capos_process_end_crashed(end);

            named = capos_crash_record_cause(crash) == CAPOS_CRASH_CAUSE_INVALID_OPCODE &&
                    capos_crash_record_thread(crash) != 0 &&
                    capos_crash_record_thread(crash) ==
                        capos_u64_list_at(capos_crash_record_registers(crash), 0);
        }
    }
    capos_call_release(&call);
    capos_release(process.id);
    return named;
}

static void faulty(void) {
    struct guest_program program = threaded("faulty", 4);

    guest_check(names_the_thread(guest_start(&program)), "a crash record names the thread");
}

static void swarm(void) {
    struct guest_program program = threaded("swarm", 60);
    unsigned kills = guest_cpus() > 4 ? KILLS / 5 : KILLS; // more than the host is likely to have
    unsigned wrong = 0;

    for (unsigned i = 0; i < kills; i++) {
        struct capos_process_handle process = guest_start(&program);

        guest_sleep(guest_random(&random_state) % WAIT_NS_MAX);
        wrong += !guest_kill(process);
    }
    guest_check_value(wrong == 0, "processes of 50 threads, killed", kills);
}

static uint64_t allocate(void) {
    struct capos_frame_allocator frames = {
        capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID)};
    struct capos_frame_allocator_allocate_results results;
    struct capos_call call;
    uint64_t object;

    if (capos_frame_allocator_allocate(&call, capos_ring(), frames, CAPOS_PAGE_BYTES, &results) !=
        CAPOS_DONE)
        capos_panic("no memory");
    object = capos_frame_allocator_allocate_results_object(results).id;
    capos_call_release(&call);
    return object;
}

static void partner(void) {
    uint64_t memory = allocate();
    const struct guest_program program = {
        .binary = "partner", .grants = 1, .grant = {{"memory", memory, GUEST_COPY}}};
    struct capos_process_handle process = guest_start(&program);
    struct guest_outcome outcome;

    for (int i = 0; i < 30; i++) { // it is woken three times at the most, whenever it is there
        guest_sleep(5 * GUEST_MS);
        capos_unpark_shared(memory, 0, 1);
    }
    guest_check(guest_wait(process, &outcome) && outcome.how == CAPOS_PROCESS_END_WHICH_EXITED &&
                    outcome.status == 0,
                "a word shared by two processes");
    capos_release(memory);
}

int main(void) {
    guest_begin(6);
    struct guest_program crew = threaded("crew", 41), example = threaded("example", 5);

    guest_baseline();
    guest_run(&crew, "threads, locks, conditions, deadlines, storage");
    guest_run(&example, "the example of the manual");
    faulty();
    partner();
    swarm();
    guest_check_memory();
    guest_end();
}
