// SPDX-License-Identifier: MIT
// ThreadSpawner: checks the addresses, makes the handle and then the thread, which may fail; after
// that nothing does. All is charged to the calling process, which can't be gone: its thread is
// here.
#include "object/thread_spawner.h"

#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/process.h"
#include "core/thread.h"
#include "machine/space.h"
#include "object/thread_handle.h"
#include "schemas/thread.capos.h"

// NULL, or what is wrong with the request.
static const char *check(struct thread_start *start, enum capos_ring_size size) {
    if (start->entry.value >= MACHINE_USER_END || start->thread_base.value >= MACHINE_USER_END ||
        start->stack.value > MACHINE_USER_END || start->end_word.value >= MACHINE_USER_END)
        return "an address lies outside of user memory";
    if (start->stack.value % 16 != 0)
        return "the stack is no multiple of 16";
    if (start->end_word.value % sizeof(uint32_t) != 0)
        return "the word is not aligned";
    switch (size) {
    case CAPOS_RING_SIZE_SMALL:
        start->ring = ring_small;
        return NULL;
    case CAPOS_RING_SIZE_STANDARD:
        start->ring = ring_standard;
        return NULL;
    default:
        return "there is no such size of a ring";
    }
}

static int refuse(struct capos_invocation *invocation, enum capos_status status) {
    if (status == CAPOS_STATUS_DISCONNECTED)
        return capos_fail(invocation, CAPOS_DISCONNECTED, "the process is ending");
    return capos_fail(invocation, CAPOS_OVERLOADED, "a limit is reached, or memory is short");
}

static enum capos_status make(struct cpu *cpu, struct process *process,
                              const struct thread_start *start, struct object **handle,
                              struct thread **thread) {
    enum capos_status status = thread_handle_create(cpu, process->ledger, handle);

    if (status != CAPOS_STATUS_OK)
        return status;
    status = thread_create(cpu, process, start, thread);
    if (status != CAPOS_STATUS_OK)
        object_discard(cpu, *handle);
    return status;
}

static int spawn(void *self, struct capos_invocation *invocation,
                 struct capos_thread_spawner_spawn_params params,
                 struct capos_thread_spawner_spawn_results_builder results) {
    const struct target *target = self;
    struct process *process = dispatch_process(invocation);
    struct thread_start start = {
        .entry.value = capos_thread_spawner_spawn_params_entry(params),
        .stack.value = capos_thread_spawner_spawn_params_stack(params),
        .argument = capos_thread_spawner_spawn_params_argument(params),
        .thread_base.value = capos_thread_spawner_spawn_params_thread_base(params),
        .capset = process->capset,
    };
    const char *wrong = check(&start, capos_thread_spawner_spawn_params_ring(params));
    struct object *handle;
    struct thread *thread;

    if (wrong == NULL && dispatch_room(invocation) == 0)
        wrong = "the caller has no room for the thread's handle";
    if (wrong == NULL && invocation->results.error != CAPOS_BUILD_OK)
        wrong = "the caller has no room for the results";
    if (wrong != NULL)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, wrong);
    enum capos_status status = make(target->cpu, process, &start, &handle, &thread);
    if (status != CAPOS_STATUS_OK)
        return refuse(invocation, status);
    thread_handle_set(handle, thread);
    thread_start(target->cpu, thread);
    capos_thread_spawner_spawn_results_give_thread(
        results,
        dispatch_give(invocation, handle, CAPOS_THREAD_HANDLE_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static int start_thread(void *self, struct capos_invocation *invocation,
                        struct capos_thread_spawner_start_params params,
                        struct capos_thread_spawner_start_results_builder results) {
    const struct target *target = self;
    struct process *process = dispatch_process(invocation);
    struct thread_start start = {
        .entry.value = capos_thread_spawner_start_params_entry(params),
        .stack.value = capos_thread_spawner_start_params_stack(params),
        .argument = capos_thread_spawner_start_params_argument(params),
        .thread_base.value = capos_thread_spawner_start_params_thread_base(params),
        .capset = process->capset,
        .end_word.value = capos_thread_spawner_start_params_end_word(params),
    };
    const char *wrong = check(&start, capos_thread_spawner_start_params_ring(params));
    struct thread *thread;

    if (wrong == NULL && invocation->results.error != CAPOS_BUILD_OK)
        wrong = "the caller has no room for the results";
    if (wrong != NULL)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, wrong);
    enum capos_status status = thread_create(target->cpu, process, &start, &thread);
    if (status != CAPOS_STATUS_OK)
        return refuse(invocation, status);
    capos_thread_spawner_start_results_set_id(results, thread->id);
    thread_start(target->cpu, thread);
    return CAPOS_DONE;
}

static const struct capos_thread_spawner_server server = {.spawn = spawn, .start = start_thread};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_thread_spawner_dispatch(&server, self, inv);
}

const struct object_type thread_spawner_type = {
    .name = "ThreadSpawner",
    .interface = CAPOS_THREAD_SPAWNER_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_thread_spawner_interface,
    .serve = serve,
};

enum capos_status thread_spawner_create(struct cpu *cpu, struct ledger *ledger,
                                        struct object **out) {
    return object_create(cpu, &thread_spawner_type, ledger, out);
}
