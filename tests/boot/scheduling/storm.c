// SPDX-License-Identifier: MIT
//
// storm: a program that asks its kernel for as much as it can, without end. What it asks for is
// said by the name of one of its grants:
//
//     yields   enters the kernel with nothing to do
//     nops     submits as much as an entry takes
//     timers   sleeps in all its slots at once, for a moment each
//     unmaps   maps a page, writes to it and unmaps it; sharedUnmaps: while another thread runs
//     calls    calls the `echo` that it was granted
//     spawns   starts a program that ends at once (itself, without such a grant), and kills it, so
//              that nothing is left when it is killed itself
#include "base/text.h"
#include "capos/runtime.h"
#include "capos/thread.h"
#include "schemas/boot.capos.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "schemas/time.capos.h"
#include "tests/guest/parts.h"

enum { BATCH = 16, SLEEPS = 12, MOMENT_NS = 20000, TURN = 16 };

static void yield(void) {
    struct capos_client *client = capos_client();

    (void)capos_enter_kernel(0, 0, 0, client);
}

static void submit_nops(void) {
    struct capos_client *client = capos_client();

    for (unsigned i = 0; i < BATCH; i++) {
        struct capos_sqe *sqe = capos_client_sqe(client);

        sqe->opcode = CAPOS_OP_NOP;
        sqe->flags = CAPOS_SQE_SKIP_CQE;
    }
    capos_client_flush(client);
}

static void sleep_often(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_sleep_until_results results;
    struct capos_call call[SLEEPS];
    uint64_t from = guest_now();

    for (unsigned i = 0; i < SLEEPS; i++) {
        struct capos_timer_sleep_until_params_builder params =
            capos_timer_sleep_until_begin(&call[i], capos_ring(), timer);

        capos_timer_sleep_until_params_set_deadline(params, from + (i + 1) * MOMENT_NS);
        if (capos_timer_sleep_until_send(&call[i]) != CAPOS_DONE)
            capos_panic("sleepUntil can't be sent");
    }
    for (unsigned i = 0; i < SLEEPS; i++) {
        if (capos_timer_sleep_until_wait(&call[i], &results) != CAPOS_DONE)
            capos_panic("sleepUntil fails");
        capos_call_release(&call[i]);
    }
}

static void unmap(void) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_allocate_results allocated;
    struct capos_virtual_memory_unmap_results unmapped;
    struct capos_call call;
    uint64_t at;

    if (capos_virtual_memory_allocate(&call, capos_ring(), memory, CAPOS_PAGE_BYTES,
                                      CAPOS_PROTECTION_READ_WRITE, &allocated) != CAPOS_DONE)
        capos_panic("a page can't be had");
    at = capos_virtual_memory_allocate_results_address(allocated);
    capos_call_release(&call);
    *(volatile uint64_t *)(uintptr_t)at = at;
    if (capos_virtual_memory_unmap(&call, capos_ring(), memory, at, CAPOS_PAGE_BYTES, &unmapped) !=
        CAPOS_DONE)
        capos_panic("a page can't be unmapped");
    capos_call_release(&call);
}

static int32_t run_for_ever(void *argument) {
    while (argument == NULL)
        __builtin_ia32_pause();
    return 0;
}

static void unmap_beside_another(void) {
    static struct capos_thread *other;

    if (other == NULL && capos_thread_create(&other, run_for_ever, NULL, NULL) != CAPOS_DONE)
        capos_panic("a thread can't be started");
    unmap();
}

static void call_echo(void) {
    struct demo_echo echo = {capos_need("echo", DEMO_ECHO_INTERFACE_ID)};
    struct demo_echo_ping_results results;
    struct capos_call call;

    if (demo_echo_ping(&call, capos_ring(), echo, &results) != CAPOS_DONE)
        capos_panic("a ping fails");
    capos_call_release(&call);
}

static struct capos_process_handle start(struct capos_memory_object binary) {
    struct capos_process_spawner spawner = {
        capos_need("spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID)};
    struct capos_process_spawner_spawn_results results;
    struct capos_process_handle process = {0};
    struct capos_call call;
    struct capos_process_spawner_spawn_params_builder params =
        capos_process_spawner_spawn_begin(&call, capos_ring(), spawner);

    capos_process_spawner_spawn_params_set_binary(params, binary);
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("child"));
    if (capos_process_spawner_spawn_call(&call, &results) == CAPOS_DONE)
        process = capos_process_spawner_spawn_results_process(results);
    capos_call_release(&call);
    return process;
}

static void spawn_and_kill(void) {
    struct capos_memory_object binary = {capos_need("binary", CAPOS_MEMORY_OBJECT_INTERFACE_ID)};
    struct capos_process_handle_kill_results results;
    struct capos_process_handle process = start(binary);
    struct capos_call call;

    if (process.id == 0)
        capos_panic("a child can't be started");
    if (capos_process_handle_kill(&call, capos_ring(), process, &results) != CAPOS_DONE)
        capos_panic("a child can't be killed");
    capos_call_release(&call);
    capos_release(process.id);
}

static const struct {
    const char *name;
    void (*storm)(void);
    unsigned turn; // storms between pauses, in which an emulator may go on to another processor
} storms[] = {{"yields", yield, TURN},
              {"nops", submit_nops, TURN},
              {"timers", sleep_often, 1},
              {"unmaps", unmap, TURN},
              {"sharedUnmaps", unmap_beside_another, 1},
              {"calls", call_echo, TURN},
              {"spawns", spawn_and_kill, 1}};

int main(void) {
    const struct capos_capset *grants = capos_grants();

    for (uint32_t i = 0; i < grants->count; i++)
        for (unsigned j = 0; j < sizeof storms / sizeof storms[0]; j++) {
            const char *name = grants->grants[i].name;

            if (text_is(name, text_length(name, CAPOS_NAME_MAX), storms[j].name))
                for (unsigned round = 1;; round++) {
                    storms[j].storm();
                    if (round % storms[j].turn == 0)
                        __builtin_ia32_pause();
                }
        }
    return 1;
}
