// SPDX-License-Identifier: MIT
// ThreadHandle. join is held on the thread's own queue, so it is answered whatever becomes of the
// handle. The handle's reference to the thread is given up once, by detach or by the handle's end;
// a method that has just read it may go on, since the memory stays until its CPU leaves the kernel.
#include "object/thread_handle.h"

#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/process.h"
#include "core/sched.h"
#include "core/thread.h"
#include "machine/time.h"
#include "schemas/thread.capos.h"

struct thread_handle {
    struct object object;
    struct thread *_Atomic thread; // a reference, or NULL
};

static struct thread_handle *handle_of(struct object *object) {
    return (struct thread_handle *)(void *)object;
}

static int detached(struct capos_invocation *invocation) {
    return capos_fail(invocation, CAPOS_DISCONNECTED, "the thread is detached");
}

static void write_end(struct capos_thread_handle_join_results_builder results,
                      const struct thread *thread) {
    capos_thread_handle_join_results_set_exited(results, thread->exited);
    capos_thread_handle_join_results_set_status(results, thread->exit_status);
}

static int join(void *self, struct capos_invocation *invocation,
                struct capos_thread_handle_join_params params,
                struct capos_thread_handle_join_results_builder results) {
    const struct target *target = self;
    struct thread *thread = atomic_load(&handle_of(target->object)->thread);

    (void)params;
    if (thread == NULL)
        return detached(invocation);
    if (thread == dispatch_thread(invocation))
        return capos_fail(invocation, CAPOS_FAILED, "a thread can't wait for its own end");
    if (!thread_has_ended(target->cpu, thread, invocation))
        return CAPOS_PENDING;
    write_end(results, thread);
    return CAPOS_DONE;
}

struct thread *thread_handle_thread(struct object *handle) {
    return atomic_load(&handle_of(handle)->thread);
}

void thread_handle_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    const struct thread *thread = list_entry(call->queue, struct thread, joiners);
    struct capos_invocation *invocation;

    if (status != CAPOS_STATUS_OK) {
        call_fail(cpu, call, status);
        return;
    }
    invocation = call_reply_begin(cpu, call);
    write_end(capos_thread_handle_join_results_build_message(&invocation->results), thread);
    call_reply(cpu, invocation, CAPOS_DONE);
}

static void let_go(struct cpu *cpu, struct object *object) {
    struct thread *thread = atomic_exchange(&handle_of(object)->thread, NULL);

    if (thread != NULL)
        object_put(cpu, &thread->object);
}

static int detach(void *self, struct capos_invocation *invocation,
                  struct capos_thread_handle_detach_params params,
                  struct capos_thread_handle_detach_results_builder results) {
    const struct target *target = self;

    (void)params;
    (void)results;
    if (atomic_load(&handle_of(target->object)->thread) == NULL)
        return detached(invocation);
    let_go(target->cpu, target->object);
    return CAPOS_DONE;
}

static int info(void *self, struct capos_invocation *invocation,
                struct capos_thread_handle_info_params params,
                struct capos_thread_handle_info_results_builder results) {
    const struct target *target = self;
    struct thread *thread = atomic_load(&handle_of(target->object)->thread);
    struct process *process;
    uint64_t cycles;
    bool ended;

    (void)params;
    if (thread == NULL)
        return detached(invocation);
    process = thread->process;
    lock_take(&process->lock);
    ended = thread->ended;
    cycles = sched_cycles(target->cpu, thread);
    lock_drop(&process->lock);
    capos_thread_handle_info_results_set_id(results, thread->id);
    capos_thread_handle_info_results_set_state(results, ended ? CAPOS_THREAD_STATE_ENDED
                                                              : CAPOS_THREAD_STATE_LIVING);
    capos_thread_handle_info_results_set_cpu_nanoseconds(results,
                                                         machine_cycles_ns(target->cpu, cycles));
    return CAPOS_DONE;
}

static const struct capos_thread_handle_server server = {
    .join = join, .detach = detach, .info = info};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_thread_handle_dispatch(&server, self, inv);
}

static bool close(struct cpu *cpu, struct object *object) {
    let_go(cpu, object);
    return true;
}

const struct object_type thread_handle_type = {
    .name = "ThreadHandle",
    .interface = CAPOS_THREAD_HANDLE_INTERFACE_ID,
    .size = sizeof(struct thread_handle),
    .kind = OBJECT_KERNEL,
    .methods = &capos_thread_handle_interface,
    .serve = serve,
    .close = close,
};

enum capos_status thread_handle_create(struct cpu *cpu, struct ledger *ledger,
                                       struct object **out) {
    return object_create(cpu, &thread_handle_type, ledger, out);
}

void thread_handle_set(struct object *handle, struct thread *thread) {
    object_get(&thread->object);
    atomic_store(&handle_of(handle)->thread, thread);
}
