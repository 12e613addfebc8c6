// SPDX-License-Identifier: MIT
//
// The example of capos-threads(7), to the letter from the next line on.
#include "capos/runtime.h"
#include "capos/sync.h"
#include "capos/thread.h"

enum { WORKERS = 4, NUMBERS = 1000 };

static struct capos_mutex mutex;
static struct capos_condition done;
static unsigned next = 1, working = WORKERS; // guarded by mutex
static unsigned long total;

static int32_t work(void *argument) {
    capos_mutex_lock(&mutex);
    while (next <= NUMBERS)
        total += next++;
    working--;
    capos_mutex_unlock(&mutex);
    capos_condition_signal(&done);
    return (int32_t)(uintptr_t)argument;
}

int main(void) {
    struct capos_thread *workers[WORKERS];
    int32_t status;

    for (uintptr_t i = 0; i < WORKERS; i++)
        if (capos_thread_create(&workers[i], work, (void *)i, NULL) != CAPOS_DONE)
            return 1;
    capos_mutex_lock(&mutex);
    while (working > 0)
        capos_condition_wait(&done, &mutex, CAPOS_NO_DEADLINE);
    capos_mutex_unlock(&mutex);
    for (int i = 0; i < WORKERS; i++)
        if (capos_thread_join(workers[i], &status) != CAPOS_DONE || status != i)
            return 2;
    capos_print(total == 500500 ? "500500\n" : "wrong\n");
    return total == 500500 ? 0 : 3;
}
