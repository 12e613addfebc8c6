// SPDX-License-Identifier: MIT
//
// Danger: addresses that a new thread begins with and that the kernel would load: outside of user
// memory, not canonical, all ones. None is accepted, and no attempt costs anything. And whatever a
// thread is told of itself it can't use against others: handles that are gone, joins of oneself.
#include "tests/security/common/hostile.h"

#include "capos/thread.h"
#include "schemas/thread.capos.h"

static struct capos_call call;

static int spawn(uint64_t entry, uint64_t stack, uint64_t base, unsigned ring) {
    struct capos_thread_spawner spawner = {
        capos_need("threadSpawner", CAPOS_THREAD_SPAWNER_INTERFACE_ID)};
    struct capos_thread_spawner_spawn_results results;
    struct capos_thread_spawner_spawn_params_builder params =
        capos_thread_spawner_spawn_begin(&call, capos_ring(), spawner);

    capos_thread_spawner_spawn_params_set_entry(params, entry);
    capos_thread_spawner_spawn_params_set_stack(params, stack);
    capos_thread_spawner_spawn_params_set_thread_base(params, base);
    capos_thread_spawner_spawn_params_set_ring(params, (enum capos_ring_size)ring);
    int outcome = capos_thread_spawner_spawn_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

static int set_base(uint64_t base) {
    struct capos_thread_control control = {
        capos_need("threadControl", CAPOS_THREAD_CONTROL_INTERFACE_ID)};
    struct capos_thread_control_set_thread_base_results results;
    int outcome =
        capos_thread_control_set_thread_base(&call, capos_ring(), control, base, &results);

    capos_call_release(&call);
    return outcome;
}

static const uint64_t wild[] = {
    UINT64_C(0x7ffffffff000),     UINT64_C(0x800000000000),     UINT64_C(0x8000000000000000),
    UINT64_C(0xffff800000000000), UINT64_C(0xffffffff80000000), UINT64_MAX - 15,
};

static int32_t nothing(void *argument) {
    (void)argument;
    return 5;
}

int main(void) {
    const uint64_t good = 0x400000;
    struct capos_thread *thread;
    int32_t status = 0;

    for (unsigned i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        hostile_expect(spawn(wild[i], good, 0, 0) == CAPOS_INVALID_ARGUMENT, "a wild entry");
        hostile_expect(spawn(good, wild[i] | 16, 0, 0) == CAPOS_INVALID_ARGUMENT, "a wild stack");
        hostile_expect(spawn(good, good, wild[i], 0) == CAPOS_INVALID_ARGUMENT, "a wild base");
        hostile_expect(set_base(wild[i]) == CAPOS_INVALID_ARGUMENT, "a base outside");
    }
    for (unsigned i = 1; i < 16; i++)
        hostile_expect(spawn(good, good + i, 0, 0) == CAPOS_INVALID_ARGUMENT, "an odd stack");
    for (unsigned ring = 2; ring < 65536; ring = ring * 2 + 1)
        hostile_expect(spawn(good, good, 0, ring) == CAPOS_INVALID_ARGUMENT, "an unknown ring");
    for (int i = 0; i < 20; i++) // many more than the limit, were one of them left
        hostile_expect(capos_thread_create(&thread, nothing, NULL, NULL) == CAPOS_DONE &&
                           capos_thread_join(thread, &status) == CAPOS_DONE && status == 5,
                       "a good one, afterwards");
    capos_client_flush(capos_client()); // what was given up by the runtime goes first
    hostile_expect_life();
    return hostile_tally();
}
