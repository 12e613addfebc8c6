// SPDX-License-Identifier: MIT
//
// Danger: a thread whose first instruction, stack and thread base are the last addresses that are
// taken for user memory. It faults as any other does, and its process ends.
#include "tests/security/common/hostile.h"

#include "schemas/thread.capos.h"

int main(void) {
    const uint64_t last = 0x7fffffffeff0;
    struct capos_thread_spawner spawner = {
        capos_need("threadSpawner", CAPOS_THREAD_SPAWNER_INTERFACE_ID)};
    struct capos_thread_spawner_spawn_results results;
    struct capos_call call;
    struct capos_thread_spawner_spawn_params_builder params =
        capos_thread_spawner_spawn_begin(&call, capos_ring(), spawner);

    capos_thread_spawner_spawn_params_set_entry(params, last);
    capos_thread_spawner_spawn_params_set_stack(params, last + 16);
    capos_thread_spawner_spawn_params_set_thread_base(params, last);
    hostile_expect(capos_thread_spawner_spawn_call(&call, &results) == CAPOS_DONE,
                   "the addresses are none of the kernel's");
    for (;;)
        hostile_expect_life();
}
