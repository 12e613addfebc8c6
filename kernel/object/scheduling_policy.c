// SPDX-License-Identifier: MIT
// SchedulingPolicy: stateless. What its methods are about is a process or a thread, found through a
// handle that the caller holds and sends along; the policy is the power, the handle says over whom.
#include "object/scheduling_policy.h"

#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/process.h"
#include "core/sched_context.h"
#include "core/sched_policy.h"
#include "core/thread.h"
#include "object/process_handle.h"
#include "object/scheduling_context.h"
#include "object/thread_handle.h"
#include "schemas/scheduling.capos.h"

// Whom a method is about: one of the two. Borrowed.
struct subject {
    struct process *process;
    struct thread *thread;
};

// CAPOS_DONE, or the exception.
static int find(struct capos_invocation *invocation, uint64_t handle, struct subject *subject) {
    struct captable_view view;

    *subject = (struct subject){NULL, NULL};
    if (dispatch_capability(invocation, handle, NULL, &view) != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "the target is no capability");
    if (view.kind == OBJECT_KERNEL && view.object->type == &process_handle_type) {
        subject->process = process_handle_process(view.object);
        return CAPOS_DONE;
    }
    if (view.kind != OBJECT_KERNEL || view.object->type != &thread_handle_type)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "not a ProcessHandle or a ThreadHandle");
    subject->thread = thread_handle_thread(view.object);
    if (subject->thread == NULL)
        return capos_fail(invocation, CAPOS_DISCONNECTED, "the thread is detached");
    return CAPOS_DONE;
}

static int set_weight(void *self, struct capos_invocation *invocation,
                      struct capos_scheduling_policy_set_weight_params params,
                      struct capos_scheduling_policy_set_weight_results_builder results) {
    const struct target *target = self;
    uint32_t weight = capos_scheduling_policy_set_weight_params_weight(params);
    enum capos_status status;
    struct subject subject;
    int outcome =
        find(invocation, capos_scheduling_policy_set_weight_params_target(params).id, &subject);

    (void)results;
    if (outcome != CAPOS_DONE)
        return outcome;
    if (subject.process != NULL)
        status = sched_set_weight(target->cpu, subject.process, weight);
    else
        status = sched_set_thread_weight(target->cpu, subject.thread, weight);
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "a weight is 64 to 65,536");
    return CAPOS_DONE;
}

static int set_affinity(void *self, struct capos_invocation *invocation,
                        struct capos_scheduling_policy_set_affinity_params params,
                        struct capos_scheduling_policy_set_affinity_results_builder results) {
    const struct target *target = self;
    uint64_t processors = capos_scheduling_policy_set_affinity_params_processors(params);
    enum capos_status status;
    struct subject subject;
    int outcome =
        find(invocation, capos_scheduling_policy_set_affinity_params_target(params).id, &subject);

    (void)results;
    if (outcome != CAPOS_DONE)
        return outcome;
    if (subject.process != NULL)
        status = sched_set_affinity(target->cpu, subject.process, processors);
    else
        status = sched_set_thread_affinity(target->cpu, subject.thread, processors);
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "the machine has none of them");
    return CAPOS_DONE;
}

static int create_context(void *self, struct capos_invocation *invocation,
                          struct capos_scheduling_policy_create_context_params params,
                          struct capos_scheduling_policy_create_context_results_builder results) {
    const struct target *target = self;
    struct sched_context *context;
    enum capos_status status;

    if (dispatch_room(invocation) == 0)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "no room for the context");
    status = sched_context_create(
        target->cpu, &scheduling_context_type, dispatch_process(invocation)->ledger,
        capos_scheduling_policy_create_context_params_budget(params),
        capos_scheduling_policy_create_context_params_period(params), &context);
    if (status == CAPOS_STATUS_MALFORMED)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "no such budget or period");
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_OVERLOADED, "a limit is reached");
    capos_scheduling_policy_create_context_results_give_context(
        results, dispatch_give(invocation, &context->object, CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID,
                               CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

// Binds whom the handle is of, to a context or to none.
static int bind_to(struct cpu *cpu, struct capos_invocation *invocation, uint64_t handle,
                   struct sched_context *context) {
    enum capos_status status = CAPOS_STATUS_OK;
    struct subject subject;
    int outcome = find(invocation, handle, &subject);

    if (outcome != CAPOS_DONE)
        return outcome;
    if (subject.process != NULL)
        status = sched_bind(cpu, subject.process, context);
    else
        status = sched_bind_thread(cpu, subject.thread, context);
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_DISCONNECTED, "it is ending");
    return CAPOS_DONE;
}

static int bind(void *self, struct capos_invocation *invocation,
                struct capos_scheduling_policy_bind_params params,
                struct capos_scheduling_policy_bind_results_builder results) {
    const struct target *target = self;
    uint64_t id = capos_scheduling_policy_bind_params_context(params).id;
    struct captable_view view;

    (void)results;
    if (dispatch_capability(invocation, id, &scheduling_context_type, &view) != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "no SchedulingContext");
    return bind_to(target->cpu, invocation, capos_scheduling_policy_bind_params_target(params).id,
                   (struct sched_context *)(void *)view.object);
}

static int unbind(void *self, struct capos_invocation *invocation,
                  struct capos_scheduling_policy_unbind_params params,
                  struct capos_scheduling_policy_unbind_results_builder results) {
    const struct target *target = self;

    (void)results;
    return bind_to(target->cpu, invocation, capos_scheduling_policy_unbind_params_target(params).id,
                   NULL);
}

static const struct capos_scheduling_policy_server server = {
    .set_weight = set_weight,
    .set_affinity = set_affinity,
    .create_context = create_context,
    .bind = bind,
    .unbind = unbind,
};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_scheduling_policy_dispatch(&server, self, inv);
}

const struct object_type scheduling_policy_type = {
    .name = "SchedulingPolicy",
    .interface = CAPOS_SCHEDULING_POLICY_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .methods = &capos_scheduling_policy_interface,
    .serve = serve,
};

enum capos_status scheduling_policy_create(struct cpu *cpu, struct ledger *ledger,
                                           struct object **out) {
    return object_create(cpu, &scheduling_policy_type, ledger, out);
}
