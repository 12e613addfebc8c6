// SPDX-License-Identifier: MIT
// Waiting for a spin lock (lock.h).
#include "core/lock.h"

void lock_wait(struct lock *lock) {
    do
        machine_relax();
    while (!lock_try(lock));
}
