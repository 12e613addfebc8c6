// SPDX-License-Identifier: MIT
//
// Of several threads one executes an invalid instruction, with its own number in RAX, while the
// others wait.
#include "capos/runtime.h"
#include "capos/sync.h"
#include "capos/thread.h"
#include "schemas/thread.capos.h"

static _Atomic uint32_t never;

static int32_t wait(void *argument) {
    (void)argument;
    capos_park(&never, 0, CAPOS_NO_DEADLINE);
    return 0;
}

static int32_t fault(void *argument) {
    struct capos_thread_control control = {
        capos_need("threadControl", CAPOS_THREAD_CONTROL_INTERFACE_ID)};
    struct capos_thread_control_id_results results;
    struct capos_call call;

    (void)argument;
    if (capos_thread_control_id(&call, capos_ring(), control, &results) != CAPOS_DONE)
        return 1;
    __asm__ volatile("ud2" : : "a"(capos_thread_control_id_results_id(results)));
    return 2;
}

int main(void) {
    struct capos_thread *thread;

    for (int i = 0; i < 3; i++)
        if (capos_thread_create(&thread, i == 1 ? fault : wait, NULL, NULL) != CAPOS_DONE)
            return 1;
    wait(NULL);
    return 3;
}
