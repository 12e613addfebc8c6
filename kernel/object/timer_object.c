// SPDX-License-Identifier: MIT
// Timer: the calls that sleep are held on one queue, each with its deadline.
#include "object/timer_object.h"

#include "core/call.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "machine/time.h"
#include "schemas/time.capos.h"

struct timer_object {
    struct object object;
    struct call_queue sleepers;
};

static int now(void *self, struct capos_invocation *inv, struct capos_timer_now_params params,
               struct capos_timer_now_results_builder results) {
    const struct target *target = self;

    (void)inv;
    (void)params;
    capos_timer_now_results_set_nanoseconds(results, machine_now(target->cpu));
    return CAPOS_DONE;
}

static int sleep_until(void *self, struct capos_invocation *inv,
                       struct capos_timer_sleep_until_params params,
                       struct capos_timer_sleep_until_results_builder results) {
    const struct target *target = self;
    struct timer_object *timer = (struct timer_object *)target->object;
    uint64_t deadline = capos_timer_sleep_until_params_deadline(params);

    (void)results;
    if (deadline <= machine_now(target->cpu))
        return CAPOS_DONE;
    call_hold(target->cpu, inv, &timer->sleepers, deadline);
    return CAPOS_PENDING;
}

// The deadline is what such a call waits for, so TIMED_OUT is its success.
static void awake(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct capos_invocation *inv;

    if (status != CAPOS_STATUS_TIMED_OUT && status != CAPOS_STATUS_OK) {
        call_fail(cpu, call, status);
        return;
    }
    inv = call_reply_begin(cpu, call);
    (void)capos_timer_sleep_until_results_build_message(&inv->results);
    call_reply(cpu, inv, CAPOS_DONE);
}

static const struct capos_timer_server server = {.now = now, .sleep_until = sleep_until};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_timer_dispatch(&server, self, inv);
}

const struct object_type timer_object_type = {
    .name = "Timer",
    .interface = CAPOS_TIMER_INTERFACE_ID,
    .size = sizeof(struct timer_object),
    .kind = OBJECT_KERNEL,
    .methods = &capos_timer_interface,
    .serve = serve,
};

enum capos_status timer_object_create(struct cpu *cpu, struct ledger *ledger, struct object **out) {
    enum capos_status status = object_create(cpu, &timer_object_type, ledger, out);

    if (status == CAPOS_STATUS_OK)
        call_queue_init(&((struct timer_object *)*out)->sleepers, awake);
    return status;
}
