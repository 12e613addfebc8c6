// SPDX-License-Identifier: MIT
// ProcessHandle of schemas/process.capnp: power over one process.
#ifndef OBJECT_PROCESS_HANDLE_H
#define OBJECT_PROCESS_HANDLE_H

#include "base/attributes.h"
#include "core/call.h"
#include "core/object.h"

#include <capos/status.h>

struct process;

extern const struct object_type process_handle_type;

// A handle, charged to `ledger`, with one reference for the caller; it takes a reference to the
// process of its own. OVERLOADED.
must_use enum capos_status process_handle_create(struct cpu *cpu, struct ledger *ledger,
                                                 struct process *process, struct object **out);

// The process that it is a handle of: borrowed.
struct process *process_handle_process(struct object *handle);

// kernel->process_answer: answers those who wait for a process's end.
void process_handle_answer(struct cpu *cpu, struct call *call, enum capos_status status);

#endif
