// SPDX-License-Identifier: MIT
// How a process begins: a program in an address space of its own, a stack, the CapSet page, one
// thread. It is made in steps so that whoever starts it can put capabilities into its table in
// between; only the last step lets it run, and can't fail.
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include "base/attributes.h"
#include "core/elf.h"
#include "core/process.h"
#include "machine/types.h"

#include <capos/status.h>
#include <stdint.h>

struct thread;

struct program {
    struct process *process; // a reference, whoever starts the program holds it
    struct thread *thread;
    struct uaddr capset;
    uint32_t grants; // so many are in the CapSet page
};

// A process that holds nothing, with its program loaded and a thread that does not run yet, lent
// its limits by `lender`. The image is the binary's (elf_read), which was found through `revoker`
// or NULL. OVERLOADED; MALFORMED when the program's segments lie where the kernel needs room.
must_use enum capos_status program_create(struct cpu *cpu, struct ledger *lender,
                                          const struct process_start *start,
                                          const struct elf_image *image, struct memory *binary,
                                          struct revoker *revoker, struct program *program);

// Gives up a program that was not started; its process ends, as if killed.
void program_abort(struct cpu *cpu, struct program *program);

// Writes down one more capability in the CapSet page. At most CAPOS_GRANTS_MAX; the name is at most
// CAPOS_NAME_MAX bytes. Can't fail.
void program_grant(struct cpu *cpu, struct program *program, const char *name, size_t size,
                   uint64_t cap, uint64_t interface);

// Completes the CapSet page and lets the thread run. The reference stays the caller's.
void program_run(struct cpu *cpu, struct program *program);

#endif
