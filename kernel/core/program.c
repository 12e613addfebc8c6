// SPDX-License-Identifier: MIT
// How a process begins; see program.h. The CapSet page is the process's own read-only memory, which
// the kernel writes through vm_write.
#include "core/program.h"

#include "base/memory.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/thread.h"
#include "core/vm.h"

#include <capos/entry.h>

static enum capos_status load(struct cpu *cpu, const struct elf_image *image, struct memory *binary,
                              struct revoker *revoker, struct program *program,
                              struct uaddr *stack) {
    struct vm *vm = program->process->vm;
    enum capos_status status = elf_load(cpu, image, binary, revoker, vm);

    if (status == CAPOS_STATUS_OK)
        status = vm_place_area(cpu, vm, image->stack_pages, PROTECTION_READ_WRITE, stack);
    if (status == CAPOS_STATUS_OK)
        status = vm_place_area(cpu, vm, 1, PROTECTION_READ, &program->capset);
    return status;
}

enum capos_status program_create(struct cpu *cpu, struct ledger *lender,
                                 const struct process_start *start, const struct elf_image *image,
                                 struct memory *binary, struct revoker *revoker,
                                 struct program *program) {
    struct uaddr stack;
    enum capos_status status = process_create(cpu, lender, start, &program->process);

    if (status != CAPOS_STATUS_OK)
        return status;
    program->grants = 0;
    status = load(cpu, image, binary, revoker, program, &stack);
    program->process->capset = program->capset;
    if (status == CAPOS_STATUS_OK) {
        const struct uaddr top = {stack.value + image->stack_pages * (uint64_t)CAPOS_PAGE_SIZE -
                                  CAPOS_THREAD_AREA};
        const struct thread_start thread = {
            .entry = image->entry,
            .stack = top,
            .thread_base = top,
            .capset = program->capset,
            .ring = ring_standard,
        };

        status = thread_create(cpu, program->process, &thread, &program->thread);
    }
    if (status != CAPOS_STATUS_OK)
        process_discard(cpu, program->process);
    return status;
}

void program_abort(struct cpu *cpu, struct program *program) {
    const struct process_end end = {.kind = PROCESS_KILLED};

    process_kill(cpu, program->process, &end);
    object_put(cpu, &program->process->object);
}

// The page was mapped by program_create and is the process's own, so this can't fail.
static void write(struct cpu *cpu, const struct program *program, uint64_t offset, const void *data,
                  size_t size) {
    struct uaddr at = {program->capset.value + offset};

    if (vm_write(cpu, program->process->vm, at, data, size) != CAPOS_STATUS_OK)
        panic("program: the CapSet page is gone");
}

void program_grant(struct cpu *cpu, struct program *program, const char *name, size_t size,
                   uint64_t cap, uint64_t interface) {
    struct capos_grant grant = {.cap = cap, .interface = interface};

    kassert(program->grants < CAPOS_GRANTS_MAX && size <= CAPOS_NAME_MAX);
    memcpy(grant.name, name, size);
    write(cpu, program, offsetof(struct capos_capset, grants) + program->grants * sizeof grant,
          &grant, sizeof grant);
    program->grants++;
}

// The beginning of struct capos_capset, without its room for grants.
struct program_head {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t count, zero;
    uint64_t process_id;
};
_Static_assert(sizeof(struct program_head) == offsetof(struct capos_capset, reserved),
               "all that is not zero");

void program_run(struct cpu *cpu, struct program *program) {
    const struct program_head head = {
        .magic = CAPOS_CAPSET_MAGIC,
        .abi_major = CAPOS_CAPSET_ABI_MAJOR,
        .abi_minor = CAPOS_CAPSET_ABI_MINOR,
        .count = program->grants,
        .process_id = program->process->id,
    };

    write(cpu, program, 0, &head, sizeof head);
    thread_start(cpu, program->thread);
}
