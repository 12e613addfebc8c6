// SPDX-License-Identifier: MIT
// ThreadControl. The thread that calls is cpu->current: its registers are saved, and it is in the
// cap_enter that carries the call.
#include "object/thread_control.h"

#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/thread.h"
#include "machine/context.h"
#include "machine/space.h"
#include "schemas/thread.capos.h"

// The answer is posted to a ring that nobody will look at.
static int exit_thread(void *self, struct capos_invocation *invocation,
                       struct capos_thread_control_exit_params params,
                       struct capos_thread_control_exit_results_builder results) {
    const struct target *target = self;

    (void)results;
    thread_exit(target->cpu, dispatch_thread(invocation),
                capos_thread_control_exit_params_status(params));
    return CAPOS_DONE;
}

static int id(void *self, struct capos_invocation *invocation,
              struct capos_thread_control_id_params params,
              struct capos_thread_control_id_results_builder results) {
    (void)self;
    (void)params;
    capos_thread_control_id_results_set_id(results, dispatch_thread(invocation)->id);
    return CAPOS_DONE;
}

static int set_thread_base(void *self, struct capos_invocation *invocation,
                           struct capos_thread_control_set_thread_base_params params,
                           struct capos_thread_control_set_thread_base_results_builder results) {
    struct uaddr base = {capos_thread_control_set_thread_base_params_address(params)};

    (void)self;
    (void)results;
    if (base.value >= MACHINE_USER_END)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "the address lies outside of user memory");
    machine_context_set_thread_base(&dispatch_thread(invocation)->context, base);
    return CAPOS_DONE;
}

static const struct capos_thread_control_server server = {
    .exit = exit_thread, .id = id, .set_thread_base = set_thread_base};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_thread_control_dispatch(&server, self, inv);
}

const struct object_type thread_control_type = {
    .name = "ThreadControl",
    .interface = CAPOS_THREAD_CONTROL_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_thread_control_interface,
    .serve = serve,
};

enum capos_status thread_control_create(struct cpu *cpu, struct ledger *ledger,
                                        struct object **out) {
    return object_create(cpu, &thread_control_type, ledger, out);
}
