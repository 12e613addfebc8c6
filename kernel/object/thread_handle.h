// SPDX-License-Identifier: MIT
// ThreadHandle of schemas/thread.capnp: one thread, for whoever started it.
#ifndef OBJECT_THREAD_HANDLE_H
#define OBJECT_THREAD_HANDLE_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/object.h"

#include <capos/status.h>

struct thread;

extern const struct object_type thread_handle_type;

// A handle of no thread yet, charged to `ledger`, with one reference for the caller. OVERLOADED.
must_use enum capos_status thread_handle_create(struct cpu *cpu, struct ledger *ledger,
                                                struct object **out);

// Gives it its thread, to which it takes a reference. Once.
void thread_handle_set(struct object *handle, struct thread *thread);

// Its thread, borrowed; NULL when it is detached.
struct thread *thread_handle_thread(struct object *handle);

// kernel->thread_answer: answers those who wait for a thread's end.
void thread_handle_answer(struct cpu *cpu, struct call *call, enum capos_status status);

#endif
