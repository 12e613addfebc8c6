// SPDX-License-Identifier: MIT
//
// A process of 50 threads in every state there is: computing, parked with and without a deadline,
// waiting for a mutex, for each other, for time, and creating and joining more. It never ends by
// itself.
#include "capos/runtime.h"
#include "capos/sync.h"
#include "capos/thread.h"
#include "tests/guest/parts.h"

#include <stdatomic.h>

enum { KINDS = 7, MS = 1000000 };

static const struct capos_thread_options small = {.stack_bytes = 16384, .small_ring = true};
static struct capos_mutex mutex;
static _Atomic uint32_t never, word; // never changes
static struct capos_thread *sleeper;

static int32_t compute(void *argument) {
    (void)argument;
    while (atomic_load_explicit(&never, memory_order_relaxed) == 0)
        continue;
    return 0;
}

static int32_t sleep(void *argument) {
    (void)argument;
    while (atomic_load(&never) == 0)
        capos_park(&never, 0, CAPOS_NO_DEADLINE);
    return 0;
}

static int32_t nap(void *argument) {
    (void)argument;
    while (atomic_load(&never) == 0)
        capos_park(&never, 0, guest_now() + MS);
    return 0;
}

static int32_t wake(void *argument) {
    (void)argument;
    while (atomic_load(&never) == 0) {
        atomic_fetch_add(&word, 1);
        capos_unpark(&word, 3);
        capos_park(&word, atomic_load(&word), guest_now() + MS);
    }
    return 0;
}

static int32_t contend(void *argument) {
    (void)argument;
    while (atomic_load(&never) == 0) {
        capos_mutex_lock(&mutex);
        guest_now();
        capos_mutex_unlock(&mutex);
    }
    return 0;
}

static int32_t join(void *argument) {
    (void)argument;
    capos_thread_join(sleeper, NULL);
    return 1;
}

static int32_t nothing(void *argument) {
    (void)argument;
    return 0;
}

static int32_t breed(void *argument) {
    struct capos_thread *thread;

    (void)argument;
    while (atomic_load(&never) == 0)
        if (capos_thread_create(&thread, nothing, NULL, &small) == CAPOS_DONE)
            capos_thread_join(thread, NULL);
    return 0;
}

int main(void) {
    static int32_t (*const kinds[KINDS])(void *) = {sleep, nap,   wake,   contend,
                                                    join,  breed, compute};
    struct capos_thread *thread;

    for (unsigned i = 0; i < 49; i++) {
        if (capos_thread_create(&thread, kinds[i % KINDS], NULL, &small) != CAPOS_DONE)
            return 1;
        if (i == 0)
            sleeper = thread;
    }
    return sleep(NULL);
}
