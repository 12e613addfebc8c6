// SPDX-License-Identifier: MIT
//
// Threads of this process, with stacks that the runtime allocates: below each lies a page that
// faults, above each what the runtime knows of the thread and its copy of thread-local storage.
// The process must have been granted `threadSpawner`, `threadControl` and `virtualMemory` under
// these names. When main returns, the process ends with all its threads.
//
// Each thread has its own ring and client: capos_client() and capos_ring() are the calling
// thread's, and a call is waited for and released by the thread that began it. Capabilities are the
// process's.
#ifndef CAPOS_LIB_THREAD_H
#define CAPOS_LIB_THREAD_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct capos_thread;

struct capos_thread_options {
    uint32_t stack_bytes; // 0: 65,536; rounded up to pages
    bool small_ring;      // 16 slots and 2,240 bytes for messages, in place of 64 and 9,920
};

// Starts a thread that calls run(argument) and ends with what that returns. `options` may be NULL.
// Each thread that was started is joined or detached, once. An outcome (capnp/call.h):
// CAPOS_OVERLOADED when a limit is reached, minus CAPOS_STATUS_REFUSED when a grant is missing.
must_use int capos_thread_create(struct capos_thread **thread, int32_t (*run)(void *argument),
                                 void *argument, const struct capos_thread_options *options);

// Waits for its end. `status`, which may be NULL, is what it ended with. CAPOS_DONE; CAPOS_FAILED
// when it is the calling thread.
int capos_thread_join(struct capos_thread *thread, int32_t *status);

// Nobody is going to join it: what it had is given back some time after its end, when a thread is
// created.
void capos_thread_detach(struct capos_thread *thread);

// Ends the calling thread. Of the process's first thread it ends only that, too; the process ends
// with its last thread, with status 0.
__attribute__((noreturn)) void capos_thread_exit(int32_t status);

#endif
